import { readFile } from "node:fs/promises";
import { type Code, type CodeActions, createCodeActions, type Project } from "../../typescript/src/node.ts";
import { chooseTarget, type Target } from "./contexts.ts";
import { Failure } from "./failure.ts";
import type { ServiceOptions } from "./options.ts";
import type { Shell } from "./shell.ts";

/** The service a command speaks to, and the project it speaks of. */
export interface Service extends Disposable {
  readonly client: CodeActions;
  readonly target: Target;
  /** The project that is meant, asked for once. */
  project(): Promise<Project>;
  /** The code with this slug or id, of that project. */
  code(slugOrId: string): Promise<Code>;
}

/**
 * A client for the service that the options, the environment or a context name. `folderProject` is what the
 * `codeactions.yaml` of a folder names; without one it is looked for in the working folder.
 */
export async function openService(
  options: ServiceOptions,
  { signal }: Pick<Shell, "signal">,
  folderProject?: string,
): Promise<Service> {
  const target = await chooseTarget(options.context);
  const { address, token } = requireAddress(target);
  const client = createCodeActions({ address, token });
  let project: Promise<Project> | undefined;
  const findOnce = () => {
    project ??= (async () => {
      const named = options.project ?? (process.env.CODEACTIONS_PROJECT || undefined);
      const wanted = named ?? folderProject ?? (await projectOfWorkingFolder()) ?? target.project;
      return findProject(client, wanted, signal);
    })();
    return project;
  };
  return {
    client,
    target,
    project: findOnce,
    code: async (slugOrId) => findCode(client, slugOrId, findOnce, signal),
    [Symbol.dispose]: () => client.close(),
  };
}

/** The same with an address and a token that are not kept yet. */
export function openClient(address: string, token: string): CodeActions {
  return createCodeActions({ address: requireAddress({ address }).address, token });
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether it is an id, and no name. */
export function isId(text: string): boolean {
  return UUID.test(text);
}

/** An address that can be called, or a failure that says how to write one. */
function requireAddress<Given extends { readonly address: string }>(given: Given): Given {
  const url = URL.parse(given.address);
  if (url !== null && /^https?:$/.test(url.protocol) && url.pathname === "/") return given;
  throw new Failure(
    `"${given.address}" is no address of a service: write it as http://127.0.0.1:8050 or https://code.example.org`,
  );
}

async function findProject(
  client: CodeActions,
  wanted: string | undefined,
  signal: AbortSignal,
): Promise<Project> {
  if (wanted !== undefined && isId(wanted)) {
    const { project } = await client.projects.getProject({ projectId: wanted }, { signal });
    return project!;
  }
  const seen: Project[] = [];
  for await (const project of client.listAllProjects({}, { signal })) {
    if (project.slug === wanted) return project;
    seen.push(project);
  }
  const [only] = seen;
  if (wanted === undefined && only !== undefined && seen.length === 1) return only;
  if (only === undefined)
    throw new Failure("there is no project yet; `codeactions projects create <name>` makes one");
  throw new Failure(
    wanted === undefined
      ? `say which project: --project with one of ${listOf(seen)}`
      : `there is no project "${wanted}" for this token; there are ${listOf(seen)}`,
  );
}

async function findCode(
  client: CodeActions,
  slugOrId: string,
  project: () => Promise<Project>,
  signal: AbortSignal,
): Promise<Code> {
  if (isId(slugOrId)) {
    const { code } = await client.codes.getCode({ codeId: slugOrId }, { signal });
    return code!;
  }
  const { id: projectId, slug } = await project();
  const seen: Code[] = [];
  for await (const code of client.listAllCodes({ projectId }, { signal })) {
    if (code.slug === slugOrId) return code;
    seen.push(code);
  }
  throw new Failure(
    seen.length === 0
      ? `the project ${slug} has no codes yet; \`codeactions deploy\` stores those of a folder`
      : `the project ${slug} has no code "${slugOrId}"; it has ${listOf(seen)}`,
  );
}

const LISTED_MAX = 10;

function listOf(things: readonly { readonly slug: string }[]): string {
  const some = things.slice(0, LISTED_MAX).map(({ slug }) => slug);
  return things.length > LISTED_MAX
    ? `${some.join(", ")} and ${things.length - LISTED_MAX} more`
    : some.join(", ");
}

/** The project that `codeactions.yaml` of the working folder names, if there is such a file. */
async function projectOfWorkingFolder(): Promise<string | undefined> {
  const text = await readFile("codeactions.yaml", "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { parse } = await import("yaml");
  try {
    const project = (parse(text) as { project?: unknown } | null)?.project;
    return typeof project === "string" || typeof project === "number" ? String(project) : undefined;
  } catch {
    // What is wrong with the file is for `deploy` to say; it must not keep anybody from reading a log.
    return undefined;
  }
}
