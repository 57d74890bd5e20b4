import { stripTypeScriptTypes } from "node:module";
import { define, NoSuchModule, STOP } from "./modules.mjs";

/** Looks at a source without running it: its problems, and the JavaScript that a worker loads. */
export async function check(language, file, source) {
  let javascript = source;
  let keepsPositions = true;
  if (language === "typescript") {
    try {
      ({ javascript, keepsPositions } = toJavaScript(source, file));
    } catch (error) {
      return { problems: [readTypeScriptError(error)], javascript: "" };
    }
  }
  const found = (await findSyntaxError(javascript)) ?? (await findLinkError(file, javascript));
  if (found === undefined) return { problems: [], javascript };
  return { problems: [keepsPositions ? found : { ...found, line: 0, column: 0 }], javascript };
}

/** Types become blanks, so that every position stays; only what blanks cannot replace, as an enum, is rewritten. */
function toJavaScript(source, file) {
  try {
    return { javascript: stripTypeScriptTypes(source, { mode: "strip" }), keepsPositions: true };
  } catch (error) {
    if (error?.code !== "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") throw error;
    const javascript = stripTypeScriptTypes(source, { mode: "transform", sourceMap: true, sourceUrl: file });
    return { javascript, keepsPositions: false };
  }
}

/** The stack begins with the line's number and the lines up to it, then carets below the place. */
function readTypeScriptError(error) {
  const lines = String(error?.stack ?? "").split("\n");
  const [, line = 0] = /:(\d+)$/.exec(lines[0]) ?? [];
  const carets = lines.find((text) => /^\s*\^+\s*$/.test(text));
  return problem("syntax", String(error?.message ?? error), Number(line), (carets?.indexOf("^") ?? -1) + 1);
}

/** Compiles a module. V8 tells where an error is to nobody but its inspector. */
async function findSyntaxError(javascript) {
  const { SourceTextModule } = await import("node:vm");
  const { Session } = await import("node:inspector");
  const session = new Session();
  session.connect();
  // To catch it here would make this the place where it is.
  globalThis.compile = () => void new SourceTextModule(javascript);
  let details;
  session.post("Runtime.evaluate", { expression: "compile()" }, (_, answer) => {
    details = answer?.exceptionDetails;
  });
  session.disconnect();
  if (details === undefined) return undefined;
  const [message] = String(details.exception?.description ?? details.text).split("\n");
  return problem(
    "syntax",
    message.replace("SyntaxError: ", ""),
    details.lineNumber + 1,
    details.columnNumber + 1,
  );
}

/** Linking a module checks its imports and that it exports Run; its probe's first import ends it there. */
async function findLinkError(file, javascript) {
  const url = define(file, javascript);
  const probe = define("probe", `import "code:stop"; export { Run } from ${JSON.stringify(url)};`);
  try {
    await import(probe);
    return undefined;
  } catch (error) {
    return error === STOP ? undefined : toProblem(error, url, javascript);
  }
}

function toProblem(error, url, javascript) {
  const message = String(error?.message ?? error);
  if (error instanceof NoSuchModule)
    return problem("import", message, ...findImport(error.specifier, javascript));
  if (message.includes("does not provide an export named 'Run'") && message.includes(url)) {
    return problem("entry_point", "export a function Run(engine)", 0, 0);
  }
  const [, line = 0] = /:(\d+)$/m.exec(String(error?.stack).split("\n")[0]) ?? [];
  return problem("import", message, Number(line), 0);
}

/** Where a specifier is written, if it is written out. */
function findImport(specifier, javascript) {
  const lines = javascript.split("\n");
  for (const quote of ['"', "'"]) {
    const index = lines.findIndex((text) => text.includes(quote + specifier + quote));
    if (index !== -1) return [index + 1, lines[index].indexOf(quote + specifier) + 1];
  }
  return [0, 0];
}

function problem(kind, message, line, column) {
  return { kind, message, line, column };
}
