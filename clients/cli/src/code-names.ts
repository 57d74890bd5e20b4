import { CodeActionsError } from "../../typescript/src/node.ts";
import type { Service } from "./service.ts";

/** The slugs of codes by their ids, each asked for once. A code that is gone for good is named by its id. */
export function codeNames({ client }: Service, signal: AbortSignal): (codeId: string) => Promise<string> {
  const names = new Map<string, Promise<string>>();
  const ask = async (codeId: string) => {
    try {
      return (await client.codes.getCode({ codeId }, { signal })).code!.slug;
    } catch (error) {
      if (error instanceof CodeActionsError && error.reason === "CODE_NOT_FOUND") return codeId;
      throw error;
    }
  };
  return (codeId) => {
    let name = names.get(codeId);
    if (name === undefined) {
      name = ask(codeId);
      names.set(codeId, name);
    }
    return name;
  };
}
