import { Command, CommanderError } from "commander";
import project from "../../../package.json" with { type: "json" };
import { COMMANDS, type Entry } from "./commands.ts";
import { EXIT, Failure } from "./failure.ts";
import { examples } from "./options.ts";
import { Interruption, listenForSignals, type Shell } from "./shell.ts";
import { shown, Terminal } from "./terminal.ts";

/** Runs one command, and answers what the process is to end with. Errors are told here, and nowhere else. */
export async function main(words: readonly string[]): Promise<number> {
  const shell: Shell = { terminal: new Terminal(), signal: listenForSignals(), exitCode: EXIT.ok };
  let flags: string[] = [];
  const program = createProgram(shell).hook("preAction", (_, { options }) => {
    flags = options.flatMap(({ long }) => long ?? []);
  });
  try {
    await program.parseAsync(words.length === 0 ? ["--help"] : words, { from: "user" });
    return shell.signal.aborted ? (shell.signal.reason as Interruption).exitCode : shell.exitCode;
  } catch (error) {
    // Commander has said what it had to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (shell.signal.aborted) return (shell.signal.reason as Interruption).exitCode;
    if (error instanceof Interruption) return error.exitCode;
    const told = error instanceof Failure ? error : (await import("./explain.ts")).explain(error, flags);
    shell.terminal.note(`${shell.terminal.err.red("error:")} ${shown(told.message)}`);
    return told.exitCode;
  }
}

/** All commands. Only the one that is called learns what it takes, by `load`. */
export function createProgram(shell: Shell): Command {
  const program = new Command("codeactions")
    .description(
      "Stores snippets of Python, JavaScript, TypeScript and Go, runs them, and shows what they log.",
    )
    .usage("<command> [options]")
    .version(project.version, "--version", "Show the version")
    .helpOption("-h, --help", "Show what a command takes")
    .configureHelp({ styleTitle: (title) => shell.terminal.out.bold(title) })
    // An option behind a command is the command's, also where this one has one of the same name.
    .enablePositionalOptions()
    .exitOverride();
  for (const [heading, entries] of Object.entries(COMMANDS)) {
    program.commandsGroup(heading);
    for (const { name, summary } of entries) program.command(name).description(summary);
  }
  program.addHelpCommand(
    new Command("help").argument("[command]").description("Show what a command takes").helpGroup("Begin:"),
  );
  // For the scripts that `completion` prints, not for people.
  program.command(COMPLETE.name, { hidden: true });
  examples(program, [
    ["codeactions login --address http://127.0.0.1:8050", "say where the service is"],
    ["codeactions init hello && codeactions deploy hello", "store your first codes"],
    ["codeactions run hello-python --param name=you", "run one"],
    ["codeactions logs -f", "watch what all of them log"],
  ]);
  program.hook("preSubcommand", (_, command) => loadCommand(command, shell));
  return program;
}

/** Lets a command say what it takes. To be called once for each. */
export async function loadCommand(command: Command, shell: Shell): Promise<void> {
  const entry = [...Object.values(COMMANDS).flat(), COMPLETE].find(({ name }) => name === command.name());
  (await entry?.load?.())?.define(command, shell);
}

const COMPLETE: Entry = {
  name: "__complete",
  summary: "",
  load: () => import("./commands/complete.ts"),
};
