import { toJson } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { Command } from "commander";
import { RunSchema } from "../../../typescript/src/node.ts";
import { EXIT } from "../failure.ts";
import { endText, followRun, writeResult } from "../live-run.ts";
import { logLine } from "../log-line.ts";
import { count, duration, examples, type ServiceOptions, serviceOptions } from "../options.ts";
import { type InputOptions, inputOptions, readInput } from "../run-input.ts";
import { EXIT_CODES } from "../run-status.ts";
import { openService } from "../service.ts";
import type { Shell } from "../shell.ts";

interface Options extends ServiceOptions, InputOptions {
  readonly version?: number;
  readonly timeout?: number;
  readonly idempotent?: boolean;
  readonly json?: boolean;
}

export function define(command: Command, shell: Shell): void {
  inputOptions(serviceOptions(command))
    .argument("<code>", "The code: its slug or its id")
    .option("--version <number>", "The version; the active one if absent", count(1))
    .option("--timeout <duration>", "A shorter time-out than the code's own, as 5s", duration)
    .option("--idempotent", "It may be tried on another node when the platform loses it after it has begun")
    .option("--json", "Print the whole run as JSON, its body in base64")
    .action((named: string, options: Options) => run(named, options, shell))
    .addHelpText("after", EXIT_CODES_HELP);
  examples(command, [
    ["codeactions run hello-python --param name=you", "the log goes to stderr, the result to stdout"],
    ["codeactions run resize --body @photo.jpg > small.jpg", "bytes in, bytes out"],
    ["echo '{}' | codeactions run hook --body - -H 'Content-Type: application/json'", "the body from stdin"],
    ["codeactions run hello-python --version 3 --json", "another version, for programs"],
  ]);
}

const EXIT_CODES_HELP = `
Ends with 0 when the run SUCCEEDED, 10 FAILED, 11 TIMED_OUT, 12 OUT_OF_MEMORY, 13 OUTPUT_LIMIT,
14 CANCELLED, 15 LOST; 1 when it was refused, 3 when the service cannot be reached. Ctrl-C cancels
the run and ends with 130; a second Ctrl-C leaves at once, and the run goes on.`;

/** Runs a code as a stream, so that its log is there while it runs. */
async function run(named: string, options: Options, shell: Shell): Promise<void> {
  const { terminal, signal } = shell;
  using service = await openService(options, shell);
  const code = await service.code(named);
  const input = await readInput(options, signal);
  const timeout = options.timeout === undefined ? {} : { timeout: durationFromMs(options.timeout) };
  if (signal.aborted) return;
  const steps = service.client.runStream({
    codeId: code.id,
    version: options.version ?? 0,
    input,
    idempotent: options.idempotent ?? false,
    ...timeout,
  });
  const ended = await followRun(steps, { client: service.client, terminal, signal }, (entry) =>
    terminal.note(logLine(entry, terminal.err)),
  );
  terminal.note(endText(ended, terminal.err));
  if (options.json) terminal.printJson(toJson(RunSchema, ended));
  else writeResult(ended, terminal);
  shell.exitCode = EXIT_CODES[ended.status] ?? EXIT.failed;
}
