import { toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { type Run, RunSchema } from "../../typescript/src/node.ts";
import { dueText } from "./durable-text.ts";
import { EXIT } from "./failure.ts";
import { endText, gapText, writeResult } from "./live-run.ts";
import { logLine } from "./log-line.ts";
import { EXIT_CODES } from "./run-status.ts";
import type { Service } from "./service.ts";
import type { Shell } from "./shell.ts";

/** What is shown of a run that was queued. */
export interface ShowOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
}

/** Takes the options that say what is shown of a run that was queued. */
export function showOptions(command: Command): Command {
  return command
    .option("-f, --follow", "Show its log until it has ended, over all attempts, and its result")
    .option("--json", "Print the whole run as JSON")
    .addHelpText("after", FOLLOW_HELP);
}

const FOLLOW_HELP = `
Prints the run's id, and ends at once: the service sees to the rest. With --follow it prints the result
instead and ends as \`run\` does, with 0 when the run SUCCEEDED; Ctrl-C leaves the run to itself.`;

/** Tells that a run is queued and, where that is wanted, follows it to its end. */
export async function showQueued(
  run: Run,
  name: string,
  { follow, json }: ShowOptions,
  service: Service,
  shell: Shell,
): Promise<void> {
  const { terminal } = shell;
  const due = run.durable === undefined ? "at once" : dueText(run.durable);
  const which = follow ? ` (run ${run.id})` : "";
  terminal.note(`${terminal.err.green("✓")} queued ${name}, due ${due}${which}`);
  if (follow) await followAttempts(run.id, { json }, service, shell);
  else if (json) terminal.printJson(toJson(RunSchema, run));
  else terminal.print(run.id);
}

/** Follows a durable run over all its attempts. When the signal fires the run is left to itself. */
async function followAttempts(
  runId: string,
  { json }: Pick<ShowOptions, "json">,
  { client }: Service,
  shell: Shell,
): Promise<void> {
  const { terminal, signal } = shell;
  let attempt = 1;
  try {
    for await (const { event } of client.watch({ runId }, { signal })) {
      if (event.case === "gap") terminal.note(gapText(event.value, terminal.err));
      else if (event.case === "log")
        for (const entry of event.value.entries) {
          if (entry.attempt > attempt) terminal.note(terminal.err.dim(`attempt ${entry.attempt}`));
          attempt = entry.attempt;
          terminal.note(logLine(entry, terminal.err));
        }
      else if (event.case === "finished") {
        terminal.note(endText(event.value, terminal.err));
        if (json) terminal.printJson(toJson(RunSchema, event.value));
        else writeResult(event.value, terminal);
        shell.exitCode = EXIT_CODES[event.value.status] ?? EXIT.failed;
      }
    }
  } catch (error) {
    if (signal.aborted)
      terminal.note(
        `the run goes on; codeactions runs cancel ${runId} ends it, logs -f --run ${runId} shows it`,
      );
    throw error;
  }
}
