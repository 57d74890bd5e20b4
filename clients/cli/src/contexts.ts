import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { Failure } from "./failure.ts";

/** A service one is logged in to. */
export interface Context {
  /** As `https://code.example.org`. */
  readonly address: string;
  readonly token: string;
  /** The slug of the project that is meant when none is named. */
  readonly project?: string | undefined;
}

/** All of them, by the names they were given. */
export interface Contexts {
  /** The one that is meant when none is named. */
  readonly current?: string | undefined;
  readonly contexts: Readonly<Record<string, Context>>;
}

export const DEFAULT_CONTEXT = "default";

/** Where contexts are kept: `$XDG_CONFIG_HOME/codeactions/contexts.json`, under `~/.config` if that is not set. */
export function contextsFile(): string {
  return join(process.env.XDG_CONFIG_HOME || join(homedir(), ".config"), "codeactions", "contexts.json");
}

export async function readContexts(): Promise<Contexts> {
  const file = contextsFile();
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { contexts: {} };
    throw error;
  }
  try {
    const kept = JSON.parse(text) as Contexts;
    if (typeof kept.contexts !== "object" || kept.contexts === null) throw new Error("it has no contexts");
    return kept;
  } catch (error) {
    throw new Failure(
      `${file} cannot be read (${(error as Error).message}): mend it, or delete it and log in again`,
    );
  }
}

/** Keeps them for this user's eyes only; whole or not at all, whatever happens meanwhile. */
export async function writeContexts(contexts: Contexts): Promise<void> {
  const file = contextsFile();
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // Somebody else may have made it, with more rights for more people.
  await chmod(dirname(file), 0o700);
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, file);
}

/** The service that a command speaks to. */
export interface Target {
  readonly address: string;
  readonly token: string | undefined;
  readonly project: string | undefined;
}

/**
 * `--context` decides, then `CODEACTIONS_ADDRESS`, then `CODEACTIONS_CONTEXT` or the context in use. A context's token
 * is never sent to an address that is not the context's own.
 */
export async function chooseTarget(named: string | undefined): Promise<Target> {
  const { CODEACTIONS_ADDRESS, CODEACTIONS_TOKEN, CODEACTIONS_CONTEXT } = process.env;
  const token = CODEACTIONS_TOKEN || undefined;
  if (named === undefined && CODEACTIONS_ADDRESS)
    return { address: CODEACTIONS_ADDRESS, token, project: undefined };
  const { current, contexts } = await readContexts();
  const name = named ?? (CODEACTIONS_CONTEXT || current);
  if (name === undefined) return { address: "http://127.0.0.1:8050", token, project: undefined };
  const context = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (context === undefined) throw unknownContext(name, contexts);
  const { address, project } = context;
  return {
    address,
    token: named === undefined ? (token ?? context.token) : context.token,
    project,
  };
}

export function unknownContext(name: string, contexts: Contexts["contexts"]): Failure {
  const known = Object.keys(contexts);
  return new Failure(
    known.length === 0
      ? `there is no context "${name}", nor any other; \`codeactions login\` makes one`
      : `there is no context "${name}"; there are ${known.join(", ")}`,
  );
}
