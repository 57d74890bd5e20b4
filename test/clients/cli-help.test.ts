import type { Command } from "commander";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { COMMANDS } from "../../clients/cli/src/commands.ts";
import { createProgram, loadCommand } from "../../clients/cli/src/program.ts";
import type { Shell } from "../../clients/cli/src/shell.ts";
import { Terminal } from "../../clients/cli/src/terminal.ts";
import { newCode, newProject, OPERATOR_TOKEN, type Service, startService } from "../support/service.ts";
import { CommandLine, HELLO } from "./command-line.ts";

/** What the command line says about itself, to people and to their shells. */

const OWN_COMMANDS = Object.values(COMMANDS)
  .flat()
  .filter(({ load }) => load !== undefined)
  .map(({ name }) => name);

/** For help that is read here and not printed. */
const shell: Shell = { terminal: new Terminal(), signal: new AbortController().signal, exitCode: 0 };

let service: Service;
let cli: CommandLine;

beforeAll(async () => {
  service = await startService({ CODEACTIONS_GO: "/nonexistent/go" });
});
afterAll(() => service?.[Symbol.asyncDispose]());
beforeEach(async () => {
  cli = await CommandLine.open();
});
afterEach(() => cli[Symbol.asyncDispose]());

test.each(OWN_COMMANDS)(
  "%s shows examples of itself and of all below it, with options that it has",
  async (name) => {
    const program = createProgram(shell);
    const command = program.commands.find((one) => one.name() === name)!;
    await loadCommand(command, shell);
    for (const one of withAllBelow(command)) {
      const examples = examplesOf(one);
      expect(examples.length).toBeGreaterThan(0);
      for (const words of examples) {
        const at = words.lastIndexOf("codeactions");
        expect(words.slice(at)).toEqual(expect.arrayContaining(pathOf(one).split(" ")));
        const known = [one, ...one.commands].flatMap(({ options }) =>
          options.flatMap(({ short, long }) => [short, long]),
        );
        const used = words.slice(at).filter((word) => /^-{1,2}[a-z]/i.test(word));
        expect(used.filter((word) => !known.includes(word))).toEqual([]);
      }
    }
  },
);

test("--help of the whole names every command and has examples; --version is the package's", async () => {
  const { exitCode, stdout } = await cli.run("--help");
  expect(exitCode).toBe(0);
  for (const { name, summary } of Object.values(COMMANDS).flat())
    expect(stdout).toMatch(new RegExp(`^  ${name} +${RegExp.escape(summary)}$`, "m"));
  expect(stdout).toContain("Examples:\n  codeactions login");
  expect((await cli.run()).stdout).toBe(stdout);
  expect((await cli.run("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("the service's own commands are behind the same entry", async () => {
  expect((await cli.run("settings")).stdout).toContain("| `CODEACTIONS_PORT` |");
  expect((await cli.run("doctor", "--help")).stdout).toContain("Builds every wall of the jail");
  const own = (await cli.run("serve", "--help")).stdout;
  for (const command of ["api", "node"]) {
    expect(own).toMatch(new RegExp(`^  ${command} `, "m"));
    expect((await cli.run(command, "--help")).stdout).toBe(own);
  }
});

test("it runs from anywhere through a link, and as npx codeactions", async () => {
  const linked = await cli.shell('ln -s "$(command -v codeactions)" linked; ./linked --version');
  expect(linked).toMatchObject({ exitCode: 0, stderr: "" });
  const { stdout } = await cli.shell(`cd ${process.cwd()} && npx codeactions --version`);
  expect(stdout).toBe(linked.stdout);
});

test("bash completes commands, options, choices, and names that the service knows", async () => {
  const clients = service.clients();
  const projectId = await newProject(clients, "Completed");
  await newCode(clients, projectId, HELLO, { slug: "greeting" });
  await newCode(clients, projectId, HELLO, { slug: "grown" });
  await cli.keepContext({ address: service.url, token: OPERATOR_TOKEN, project: "completed" });
  const cases: [words: string, offered: string][] = [
    ["dep", "deploy"],
    ["run gr", "grown greeting"],
    ["codes delete gre", "greeting"],
    ["runs gre", "greeting"],
    ["runs sh", "show"],
    ["deploy --dr", "--dry-run"],
    ["runs --st", "--status"],
    ["logs --level w", "warning"],
    ["runs --status failed t", "timed_out"],
    ["run greeting --project com", "completed"],
    ["start --retry-on o", "out_of_memory output_limit"],
    ["schedules create gre", "greeting"],
    ["schedules create greeting --overlap a", "allow"],
    ["pool l", "list lift"],
    ["use d", "default"],
    ["completion ", "bash zsh fish"],
    ["deploy ", ""],
  ];
  const asked = cases.map(([words]) => {
    const list = ["codeactions", ...words.split(" ")].map((word) => `'${word}'`).join(" ");
    return `COMP_WORDS=(${list}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _codeactions; echo "\${COMPREPLY[*]}"`;
  });
  const { stdout, stderr } = await cli.shell(`source <(codeactions completion bash)\n${asked.join("\n")}`);
  expect(stderr).toBe("");
  const offered = stdout.split("\n").slice(0, -1);
  expect(cases.map(([words], index) => [words, offered[index]])).toEqual(cases);
});

test("completion costs nobody an error when the service is away", async () => {
  await cli.keepContext({ address: "http://127.0.0.1:9", token: "x", project: "x" });
  expect(await cli.run("__complete", "--", "run", "")).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
});

test("zsh and fish are given scripts that ask the command", async () => {
  expect((await cli.run("completion", "zsh")).stdout).toMatch(
    /^#compdef codeactions\n.*_describe.*\ncompdef _codeactions codeactions\n$/s,
  );
  expect((await cli.run("completion", "fish")).stdout).toMatch(
    /\ncomplete -c codeactions -f -a '\(__codeactions_complete\)'\n$/,
  );
  for (const shell of ["bash", "zsh", "fish"])
    expect((await cli.run("completion", shell)).stdout).toContain("codeactions __complete -- ");
});

function withAllBelow(command: Command): Command[] {
  return [command, ...command.commands.filter((one) => one.name() !== "help").flatMap(withAllBelow)];
}

/** The words of a command, without the program's own name. */
function pathOf(command: Command): string {
  const above = command.parent?.parent == null ? "" : `${pathOf(command.parent)} `;
  return `${above}${command.name()}`;
}

/** The examples in a command's help, as words. */
function examplesOf(command: Command): string[][] {
  let text = "";
  command.configureOutput({ writeOut: (piece) => (text += piece) });
  command.outputHelp();
  const [, examples = ""] = text.split("Examples:\n");
  return examples
    .split("\n")
    .map((line) => line.replace(/ +#.*/, "").trim())
    .filter(Boolean)
    .map((line) => line.split(/[\s()]+/));
}
