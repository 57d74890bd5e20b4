import { LANGUAGES, type Language, type LanguageState } from "../sandbox/program.ts";

/** How each language is on several nodes together: it can be used when one of them can. */
export function languagesOf(nodes: readonly (readonly LanguageState[])[]): LanguageState[] {
  return LANGUAGES.map((language) => {
    const states = nodes.flatMap((node) => node.filter((state) => state.language === language));
    return (
      states.find(({ state }) => state === "ready") ??
      states.find(({ state }) => state === "preparing") ??
      states[0] ??
      unheard(language)
    );
  });
}

function unheard(language: Language): LanguageState {
  const why = "no node that could run it has been heard of";
  return { language, state: "missing", why, fix: "start one of the nodes that CODEACTIONS_NODES names" };
}
