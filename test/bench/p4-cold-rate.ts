import { spawn } from "node:child_process";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";
import { bareStart } from "./bare.ts";
import { type Bench, type Figure, notMeasured, type Row } from "./figure.ts";
import { atRest } from "./processes.ts";
import { inTurn, quantile, ratioOf } from "./rounds.ts";
import { type BenchLanguage, BODY, ECHO, LANGUAGES } from "./service.ts";

/** Enough to use up the blank workers many times over. */
const STARTS_PER_ROUND = 60;
const AT_ONCE = 4;

export const coldRate: Figure = {
  id: "P4",
  what: "cold runs one after the other, each of them a new version",
  async measure(bench) {
    const rows: Row[] = [];
    for (const language of LANGUAGES) rows.push(await measureLanguage(bench, language));
    return rows;
  },
};

interface Rate {
  readonly perSecond: number;
  readonly errors: number;
}

async function measureLanguage(bench: Bench, language: BenchLanguage): Promise<Row> {
  const what = `cold runs, ${language}, ${AT_ONCE} at once`;
  const { command, words, shown } = bareStart(language);
  const why = bench.service.whyNot(language);
  if (why !== undefined) return notMeasured("P4", what, shown, why);
  bench.say(`P4 ${what}`);
  const measured = await inTurn(
    [
      { name: "ours", measure: () => coldRuns(bench, language) },
      { name: "theirs", measure: () => rateOf(STARTS_PER_ROUND, () => start(command, words)) },
    ],
    bench.rounds,
  );
  const [ours, theirs] = [measured.get("ours")!, measured.get("theirs")!];
  return {
    figure: "P4",
    what,
    against: shown,
    ours: describe(ours),
    theirs: describe(theirs),
    ratio: ratioOf(ours, theirs, ({ perSecond }) => perSecond),
    target: { least: 0.8 },
    errors: ours.reduce((sum, { errors }) => sum + errors, 0),
  };
}

/** The codes are stored before; what is measured is their first runs. */
async function coldRuns({ service }: Bench, language: BenchLanguage): Promise<Rate> {
  const codeIds: string[] = [];
  for (let index = 0; index < STARTS_PER_ROUND; index += 1) {
    const comment = `${language === "python" ? "#" : "//"} ${performance.now()}\n`;
    codeIds.push(await service.code(language, comment + ECHO[language]));
  }
  await atRest(service.pid);
  return rateOf(STARTS_PER_ROUND, async (index) => {
    const { run } = await service.clients.runs.runCode({ codeId: codeIds[index]!, input: { body: BODY } });
    return run?.status === RunStatus.SUCCEEDED && run.usage?.cold === true;
  });
}

async function start(command: string, words: readonly string[]): Promise<boolean> {
  const [status] = (await once(spawn(command, words, { stdio: "ignore" }), "exit")) as [number | null];
  return status === 0;
}

async function rateOf(count: number, make: (index: number) => Promise<boolean>): Promise<Rate> {
  let next = 0;
  let errors = 0;
  const startMs = performance.now();
  const makeAll = async () => {
    while (next < count) if (!(await make(next++))) errors += 1;
  };
  await Promise.all(Array.from({ length: AT_ONCE }, makeAll));
  return { perSecond: (count * 1000) / (performance.now() - startMs), errors };
}

function describe(rates: readonly Rate[]): string {
  return `${quantile(
    rates.map(({ perSecond }) => perSecond),
    0.5,
  ).toFixed(1)}/s`;
}
