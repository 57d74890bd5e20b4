import { CodeActionsError } from "../../typescript/src/node.ts";
import type { Service } from "./service.ts";

/** The slugs of codes by their ids, each asked for once. A code that is gone for good is named by its id. */
export function codeNames({ client }: Service, signal: AbortSignal): (codeId: string) => Promise<string> {
  return namesOnce(
    async (codeId) => (await client.codes.getCode({ codeId }, { signal })).code!.slug,
    "CODE_NOT_FOUND",
  );
}

/** The slugs of projects by their ids, in the same way. */
export function projectNames(
  { client }: Service,
  signal: AbortSignal,
): (projectId: string) => Promise<string> {
  return namesOnce(
    async (projectId) => (await client.projects.getProject({ projectId }, { signal })).project!.slug,
    "PROJECT_NOT_FOUND",
  );
}

function namesOnce(
  ask: (id: string) => Promise<string>,
  reasonIfGone: string,
): (id: string) => Promise<string> {
  const names = new Map<string, Promise<string>>();
  const nameOf = async (id: string) => {
    try {
      return await ask(id);
    } catch (error) {
      if (error instanceof CodeActionsError && error.reason === reasonIfGone) return id;
      throw error;
    }
  };
  return (id) => {
    let name = names.get(id);
    if (name === undefined) {
      name = nameOf(id);
      names.set(id, name);
    }
    return name;
  };
}
