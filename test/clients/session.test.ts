import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OPERATOR_TOKEN, type Service, startService } from "../support/service.ts";

/** What clients/buf-curl.md shows is what happens: its commands are run in one shell, in order. */

interface Command {
  readonly text: string;
  /** With `…` for what differs from one session to the next; a line of it alone for any number of lines. */
  readonly output: string;
}

let service: Service;
beforeAll(async () => {
  service = await startService({ CODEACTIONS_GO: "/nonexistent/go" });
});
afterAll(() => service[Symbol.asyncDispose]());

test("every command of the session answers as it is shown", async () => {
  const commands = readCommands(readFileSync("clients/buf-curl.md", "utf8"));
  expect(commands.length).toBeGreaterThan(10);
  const answers = await runInShell(commands.map(({ text }) => text));
  commands.forEach(({ text, output }, index) => {
    expect(`$ ${text}\n${answers[index]}`).toMatch(asPattern(`$ ${text}\n${output}`));
  });
}, 120_000);

function readCommands(text: string): Command[] {
  const blocks = [...text.matchAll(/```console\n(.*?)```/gs)].map(([, block]) => block!).join("");
  const [, ...commands] = blocks.split(/^\$ /m);
  return commands.map((command) => {
    const end = command.indexOf("\n");
    return { text: command.slice(0, end), output: command.slice(end + 1) };
  });
}

async function runInShell(commands: readonly string[]): Promise<string[]> {
  const mark = "=====";
  const lines = commands.map(
    (command) => `${command.startsWith("export ADDRESS") ? ":" : command}\necho ${mark}`,
  );
  const shell = spawn("bash", ["-c", lines.join("\n")], {
    env: {
      PATH: `${resolve("node_modules/.bin")}:${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: process.env.HOME,
      ADDRESS: service.url,
      TOKEN: OPERATOR_TOKEN,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [shell.stdout, shell.stderr]) stream.on("data", (chunk) => (output += chunk));
  await once(shell, "close");
  return output.split(`${mark}\n`);
}

function asPattern(text: string): RegExp {
  const lines = text.trimEnd().split("\n");
  const patterns = lines.map((line) =>
    line === "…" ? "[\\s\\S]*" : line.split("…").map(RegExp.escape).join(".*"),
  );
  return new RegExp(`^${patterns.join("\n")}\\s*$`);
}
