import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { goFolder } from "./go-folder.ts";
import { type Clients, clientsOver, OPERATOR_TOKEN, transportFor } from "./service.ts";

/** The service, or a part of it, as a process of its own: started, stopped, killed. */

export interface Launched {
  readonly process: ChildProcess;
  /** Resolves with its exit code, null after a signal. */
  readonly code: Promise<number | null>;
  /** All that it wrote to stderr, once it has ended. */
  readonly errors: Promise<string>;
  /** What it has written to stdout, as soon as that is enough; rejects when it ends before. */
  output(enough: (text: string) => boolean): Promise<string>;
}

export interface Started extends Launched {
  readonly url: string;
  readonly clients: Clients;
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** A folder that the database's own user may enter, as a data folder is. */
export async function newDataFolder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "code-actions-process-"));
  await chmod(made, 0o711);
  return made;
}

/**
 * Starts `src/main.ts` with these words and this environment, on top of what every one of them needs; by another
 * command, where it is to run in a place of its own.
 */
export function launch(
  words: readonly string[],
  environment: Record<string, string>,
  by: readonly string[] = [],
): Launched {
  const [command, ...rest] = [...by, process.execPath, "src/main.ts", ...words] as [string, ...string[]];
  const child = spawn(command, rest, {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      CODEACTIONS_GO_DIR: goFolder,
      CODEACTIONS_BOOTSTRAP_TOKEN: OPERATOR_TOKEN,
      CODEACTIONS_LOG_LEVEL: "warn",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const code = once(child, "exit").then(([status]) => status as number | null);
  const errors = collect(child.stderr);
  let text = "";
  const lines = createInterface({ input: child.stdout });
  const output = async (enough: (text: string) => boolean): Promise<string> => {
    for await (const line of lines) {
      text += `${line}\n`;
      if (enough(text)) return text;
    }
    throw new Error(`the process ended: ${text}\n${await errors}`);
  };
  return { process: child, code, errors, output };
}

/** The same on a free port; answers when it says under which address it can be called. */
export async function start(
  words: readonly string[],
  environment: Record<string, string>,
  by: readonly string[] = [],
): Promise<Started> {
  const launched = launch(words, { CODEACTIONS_PORT: "0", ...environment }, by);
  const shown = await launched.output((text) => ADDRESS.test(text));
  const url = ADDRESS.exec(shown)![0];
  return {
    ...launched,
    url,
    clients: clientsOver(transportFor("connect", url, OPERATOR_TOKEN)),
    end: (signal) => {
      launched.process.kill(signal);
      return launched.code;
    },
  };
}

const ADDRESS = /https?:\/\/[\d.]+:\d+/;

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const piece of stream) text += piece;
  return text;
}
