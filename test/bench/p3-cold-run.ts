import { spawn } from "node:child_process";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";
import { bareStart } from "./bare.ts";
import { type Bench, type Figure, notMeasured, type Row } from "./figure.ts";
import { atRest } from "./processes.ts";
import { inTurn, quantile, ratioOf } from "./rounds.ts";
import { type BenchLanguage, BODY, ECHO, LANGUAGES } from "./service.ts";

const RUNS_PER_ROUND = 8;

export const coldRun: Figure = {
  id: "P3",
  what: "first run of a new version, blank workers available",
  async measure(bench) {
    const rows: Row[] = [];
    for (const language of LANGUAGES) rows.push(await measureLanguage(bench, language));
    return rows;
  },
};

/** What a number of starts took, one after the other. */
interface Starts {
  readonly tookMs: readonly number[];
  readonly errors: number;
  /** Runs that a worker served which had loaded the version before. */
  readonly warm: number;
}

async function measureLanguage(bench: Bench, language: BenchLanguage): Promise<Row> {
  const what = `cold run, ${language}`;
  const { command, words, shown: against } = bareStart(language);
  const why = bench.service.whyNot(language);
  if (why !== undefined) return notMeasured("P3", what, against, why);
  bench.say(`P3 ${what}`);
  const measured = await inTurn(
    [
      { name: "ours", measure: () => coldRuns(bench, language) },
      { name: "theirs", measure: () => bareStarts(command, words) },
    ],
    bench.rounds,
  );
  const [ours, theirs] = [measured.get("ours")!, measured.get("theirs")!];
  const warm = ours.reduce((sum, starts) => sum + starts.warm, 0);
  return {
    figure: "P3",
    what,
    against,
    ours: describe(ours),
    theirs: describe(theirs),
    ratio: ratioOf(ours, theirs, ({ tookMs }) => quantile(tookMs, 0.5)),
    target: { most: 0.25 },
    errors: ours.reduce((sum, { errors }) => sum + errors, 0),
    ...(warm > 0 && { note: `${warm} runs were not cold` }),
  };
}

/** First runs of new versions. Each waits until the workers that follow the one before it have been started. */
async function coldRuns({ service }: Bench, language: BenchLanguage): Promise<Starts> {
  const tookMs: number[] = [];
  let errors = 0;
  let warm = 0;
  for (let index = 0; index < RUNS_PER_ROUND; index += 1) {
    const comment = `${language === "python" ? "#" : "//"} ${performance.now()}\n`;
    const codeId = await service.code(language, comment + ECHO[language]);
    await atRest(service.pid);
    const startMs = performance.now();
    const { run } = await service.clients.runs.runCode({ codeId, input: { body: BODY } });
    tookMs.push(performance.now() - startMs);
    if (run?.status !== RunStatus.SUCCEEDED) errors += 1;
    if (run?.usage?.cold !== true) warm += 1;
  }
  return { tookMs, errors, warm };
}

async function bareStarts(command: string, words: readonly string[]): Promise<Starts> {
  const tookMs: number[] = [];
  for (let index = 0; index < RUNS_PER_ROUND; index += 1) {
    const startMs = performance.now();
    await once(spawn(command, words, { stdio: "ignore" }), "exit");
    tookMs.push(performance.now() - startMs);
  }
  return { tookMs, errors: 0, warm: 0 };
}

function describe(rounds: readonly Starts[]): string {
  const all = rounds.flatMap(({ tookMs }) => tookMs);
  return `${quantile(all, 0.5).toFixed(2)} / ${quantile(all, 0.99).toFixed(2)} ms`;
}
