import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Figure, notMeasured, type Row } from "./figure.ts";
import { describeMachine } from "./machine.ts";
import { failover } from "./n1-failover.ts";
import { warmRpc } from "./p1-warm-rpc.ts";
import { warmEndpoint } from "./p2-warm-endpoint.ts";
import { coldRun } from "./p3-cold-run.ts";
import { coldRate } from "./p4-cold-rate.ts";
import { goFirstRun } from "./p5-go.ts";
import { fibo } from "./p6-fibo.ts";
import { logTail } from "./p7-log-tail.ts";
import { logVolume } from "./p8-log-volume.ts";
import { overload } from "./p9-overload.ts";
import { memory } from "./p10-memory.ts";
import { queue } from "./q1-queue.ts";
import { asMarkdown, asText } from "./report.ts";
import { startService } from "./service.ts";

/** All figures there are, in the order in which they are measured. */
const FIGURES: readonly Figure[] = [
  warmRpc,
  warmEndpoint,
  coldRun,
  coldRate,
  goFirstRun,
  fibo,
  logTail,
  logVolume,
  overload,
  memory,
  failover,
  queue,
];

const RESULTS = fileURLToPath(new URL("results.md", import.meta.url));

const HELP = `Measures how fast the service is beside something to compare it with, in turn in one run.

Usage: npm run bench -- [figures] [options]

Figures (all of them by default):
${FIGURES.map(({ id, what }) => `  ${id.padEnd(4)} ${what}`).join("\n")}

Options:
  --rounds <n>    How often each thing is measured. Default 3.
  --seconds <n>   Seconds of load in one measurement. Default 1.
  --help          Show this.

The table goes to the screen; all figures together are also written to test/bench/results.md. With
BENCH_CPU_PROFILE_DIR set, the service writes a profile of its processor time there when it ends. Being watched
makes it slower, so nothing is written to results.md then.
`;

process.exitCode = await main(process.argv.slice(2));

async function main(words: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "1" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const wanted = positionals.map((id) => id.toUpperCase());
  const unknown = wanted.filter((id) => FIGURES.every((figure) => figure.id !== id));
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
  if (unknown.length > 0 || !(rounds >= 1) || !(seconds > 0)) {
    process.stderr.write(`bench: not understood: ${words.join(" ")}\n\n${HELP}`);
    return 1;
  }
  const figures = FIGURES.filter(({ id }) => wanted.length === 0 || wanted.includes(id));
  const machine = describeMachine();
  const startMs = performance.now();
  const rows = await measure(figures, rounds, seconds);
  machine.push(`took: ${Math.round((performance.now() - startMs) / 1000)} s`);
  process.stdout.write(`\n${asText(rows)}\n\n${machine.join("\n")}\n`);
  if (figures.length === FIGURES.length && process.env.BENCH_CPU_PROFILE_DIR === undefined) {
    await writeFile(RESULTS, asMarkdown(rows, { machine, rounds, seconds }));
    process.stdout.write(`\nwritten to ${RESULTS}\n`);
  }
  return 0;
}

/** Starts the service, measures one figure after the other, and leaves nothing behind. */
async function measure(figures: readonly Figure[], rounds: number, seconds: number): Promise<Row[]> {
  await using parts = new AsyncDisposableStack();
  const stop = () => void parts.disposeAsync().finally(() => process.exit(130));
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const folder = await mkdtemp(join(tmpdir(), "code-actions-bench-"));
  parts.defer(() => rm(folder, { recursive: true, force: true }));
  say("starting the service");
  const service = parts.use(await startService(folder));
  const rows: Row[] = [];
  for (const figure of figures) {
    // Closed here after each figure, or with everything else when the bench is stopped.
    const open = parts.use(new AsyncDisposableStack());
    rows.push(...(await measureFigure(figure, { service, folder, rounds, seconds, open, say })));
    await open.disposeAsync();
  }
  return rows;
}

/** A figure that cannot be measured becomes a row that says why; the others go on. */
async function measureFigure(figure: Figure, bench: Parameters<Figure["measure"]>[0]): Promise<Row[]> {
  try {
    return await figure.measure(bench);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [notMeasured(figure.id, figure.what, "–", why.replaceAll("\n", " "))];
  }
}

function say(progress: string): void {
  process.stderr.write(`bench: ${progress}\n`);
}
