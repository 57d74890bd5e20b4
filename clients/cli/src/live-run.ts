import { durationMs } from "@bufbuild/protobuf/wkt";
import {
  type CodeActions,
  CodeActionsError,
  type LogEntry,
  type Run,
  type RunStep,
} from "../../typescript/src/node.ts";
import { explain } from "./explain.ts";
import { statusText } from "./run-status.ts";
import { Interruption } from "./shell.ts";
import { type Colors, shown, type Terminal } from "./terminal.ts";
import { tookText } from "./units.ts";

/**
 * Follows a run to its end and hands its log on while it is written. When `signal` fires the run is cancelled, and
 * followed until it has ended.
 */
export async function followRun(
  steps: AsyncIterable<RunStep>,
  { client, terminal, signal }: { client: CodeActions; terminal: Terminal; signal: AbortSignal },
  tell: (entry: LogEntry) => void,
): Promise<Run> {
  let runId = "";
  let cancelled: Promise<void> | undefined;
  const cancel = () => {
    if (runId !== "") cancelled = cancelRun(runId, { client, terminal, signal });
  };
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for await (const { event } of steps) {
      if (event.case === "started") {
        runId = event.value.id;
        if (signal.aborted) cancel();
      } else if (event.case === "log") for (const entry of event.value.entries) tell(entry);
      else if (event.case === "gap") terminal.note(gapText(event.value, terminal.err));
      else if (event.case === "finished") return event.value;
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    await cancelled;
  }
  throw new Error("a followed run came to no end");
}

async function cancelRun(
  runId: string,
  { client, terminal, signal }: { client: CodeActions; terminal: Terminal; signal: AbortSignal },
): Promise<void> {
  if (signal.reason instanceof Interruption)
    terminal.note("cancelling the run; once more to leave it to itself");
  try {
    await client.runs.cancelRun({ runId });
  } catch (error) {
    const isOver = error instanceof CodeActionsError && error.reason === "RUN_ENDED";
    if (!isOver) terminal.note(`the run ${runId} could not be cancelled: ${shown(explain(error).message)}`);
  }
}

/** What is told where entries are missing. */
export function gapText(
  gap: { fromSequence: bigint; toSequence: bigint; reason: string },
  color: Colors,
): string {
  return color.yellow(
    `entries ${gap.fromSequence} to ${gap.toSequence} cannot be shown: ${shown(gap.reason)}`,
  );
}

/** How a run ended, in one line: status, answer, time, id, and why if it did not succeed. */
export function endText(run: Run, color: Colors): string {
  const { result, usage, error } = run;
  const answer = result === undefined ? "" : ` ${result.statusCode}`;
  const took = usage?.wall === undefined ? "" : ` in ${tookText(durationMs(usage.wall))}`;
  const started = usage?.start === undefined ? 0 : durationMs(usage.start);
  const cold = usage?.cold ? `, started in ${tookText(started)}` : "";
  const version = run.version === 0 ? "" : `version ${run.version}, `;
  const which = run.attempt > 1 ? `attempt ${run.attempt}, ${version}` : version;
  const why = error === undefined ? "" : `: ${shown(error.kind)}: ${shown(error.message)}`;
  return `${statusText(run, color)}${answer}${took}${color.dim(`${cold} (${which}run ${run.id})`)}${why}`;
}

/** Writes what a code answered to stdout, byte for byte; a terminal is spared what it cannot show. */
export function writeResult({ result }: Run, terminal: Terminal): void {
  if (result === undefined || result.body.length === 0) return;
  if (!process.stdout.isTTY) return terminal.write(result.body);
  if (result.body.includes(0)) {
    const { length } = result.body;
    return terminal.note(
      `${length} bytes of ${shown(result.contentType)} are not for a terminal; send them to a file: > file`,
    );
  }
  terminal.write(result.body);
  if (result.body.at(-1) !== 0x0a) terminal.write("\n");
}
