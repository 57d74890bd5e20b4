import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect } from "vitest";

/** What a page shows is what happens: the commands of its `console` blocks are run in one shell, in order. */

interface Command {
  readonly text: string;
  /** With `…` for what differs from one session to the next; a line of it alone for any number of lines. */
  readonly output: string;
}

const MARK = "=====";

/** Plays the session of a page and compares. The page's own `export ADDRESS…` gives way to the environment's. */
export async function playSession(
  page: string,
  shell: { readonly folder: string; readonly environment: NodeJS.ProcessEnv },
): Promise<void> {
  const commands = readCommands(page);
  expect(commands.length).toBeGreaterThan(5);
  const answers = await runInShell(
    commands.map(({ text }) => text),
    shell,
  );
  commands.forEach(({ text, output }, index) => {
    expect(`$ ${text}\n${answers[index]}`).toMatch(asPattern(`$ ${text}\n${output}`));
  });
}

function readCommands(page: string): Command[] {
  const blocks = [...page.matchAll(/```console\n(.*?)```/gs)].map(([, block]) => block!).join("");
  const [, ...commands] = blocks.split(/^\$ /m);
  return commands.map((command) => {
    const end = command.indexOf("\n");
    return { text: command.slice(0, end), output: command.slice(end + 1) };
  });
}

async function runInShell(
  commands: readonly string[],
  { folder, environment }: Parameters<typeof playSession>[1],
): Promise<string[]> {
  const lines = commands.map(
    (command) => `${command.startsWith("export ADDRESS") ? ":" : command}\necho ${MARK}`,
  );
  // One pipe for both, so that what is written to them comes in the order in which it was written.
  const shell = spawn("bash", ["-c", `exec 2>&1\n${lines.join("\n")}`], {
    cwd: folder,
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  shell.stdout.on("data", (chunk) => (output += chunk));
  await once(shell, "close");
  return output.split(`${MARK}\n`);
}

function asPattern(text: string): RegExp {
  const lines = text.trimEnd().split("\n");
  const patterns = lines.map((line) =>
    line === "…" ? "[\\s\\S]*" : line.split("…").map(RegExp.escape).join(".*"),
  );
  return new RegExp(`^${patterns.join("\n")}\\s*$`);
}
