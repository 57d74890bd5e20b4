import { type Bench, notMeasured, type Row, type Target } from "./figure.ts";
import { type Generator, type Load, LoadGenerator, type LoadOrder } from "./load.ts";
import { inTurn, quantile, ratioOf } from "./rounds.ts";
import { type BenchLanguage, LANGUAGES } from "./service.ts";

/** Calls of one kind: the service's codes, and servers that get the same calls, at several concurrencies. */
export interface Sweep {
  readonly figure: string;
  readonly what: string;
  readonly generator: Generator;
  readonly concurrencies: readonly number[];
  /** The call of the echo code in a language. */
  ours(language: BenchLanguage): Call;
  readonly theirs: readonly Rival[];
}

type Call = Omit<LoadOrder, "concurrency" | "seconds">;

/** Something to compare the service with, or why it cannot be had. */
export interface Rival {
  readonly name: string;
  readonly call: Call | { readonly missing: string };
  /** What ours by this one should be, calls a second. */
  target(concurrency: number): Target | undefined;
}

/**
 * Load without a measurement before the first one, while code is compiled and workers are started. The service has
 * far more code than what it is compared with: it still doubles its speed when the others have long settled.
 */
const FIRST_SECONDS = { ours: 6, theirs: 1 } as const;

/**
 * One language after the other, since the service has so many workers in all: at each change of the language it would
 * be busy with replacing them.
 */
export async function sweep(bench: Bench, plan: Sweep): Promise<Row[]> {
  const most = Math.max(...plan.concurrencies);
  await using generator = new LoadGenerator(plan.generator);
  const warmUp = (call: Call, seconds: number) => generator.measure({ ...call, concurrency: most, seconds });
  const rivals = plan.theirs.flatMap(({ name, call }) => ("missing" in call ? [] : [{ name, call }]));
  for (const { call } of rivals) await warmUp(call, FIRST_SECONDS.theirs);
  const rows: Row[] = [];
  for (const language of LANGUAGES) {
    const whyNot = bench.service.whyNot(language);
    if (whyNot === undefined) await warmUp(plan.ours(language), FIRST_SECONDS.ours);
    for (const concurrency of plan.concurrencies) {
      const what = `${plan.what}, ${language}, c = ${concurrency}`;
      bench.say(`${plan.figure} ${what}`);
      const ours = whyNot === undefined ? [{ name: "ours", call: plan.ours(language) }] : [];
      const sides = [...ours, ...rivals].map(({ name, call }) => ({
        name,
        measure: () => generator.measure({ ...call, concurrency, seconds: bench.seconds }),
      }));
      const measured = whyNot === undefined ? await inTurn(sides, bench.rounds) : undefined;
      for (const rival of plan.theirs) {
        const why = whyNot ?? ("missing" in rival.call ? rival.call.missing : undefined);
        rows.push(
          why === undefined
            ? rowOf(plan, what, rival, concurrency, measured!)
            : notMeasured(plan.figure, what, rival.name, why),
        );
      }
    }
  }
  return rows;
}

function rowOf(
  plan: Sweep,
  what: string,
  rival: Rival,
  concurrency: number,
  measured: ReadonlyMap<string, Load[]>,
): Row {
  const [ours, theirs] = [measured.get("ours")!, measured.get(rival.name)!];
  return {
    figure: plan.figure,
    what,
    against: rival.name,
    ours: describe(ours),
    theirs: describe(theirs),
    ratio: ratioOf(ours, theirs, ({ perSecond }) => perSecond),
    target: rival.target(concurrency),
    errors: errorsOf(ours) + errorsOf(theirs),
  };
}

function describe(loads: readonly Load[]): string {
  const median = (value: (load: Load) => number) => quantile(loads.map(value), 0.5);
  const perSecond = Math.round(median((load) => load.perSecond));
  return `${perSecond}/s, ${median((load) => load.p50Ms).toFixed(2)} / ${median((load) => load.p99Ms).toFixed(2)} ms`;
}

function errorsOf(loads: readonly Load[]): number {
  return loads.reduce((sum, { errors }) => sum + errors, 0);
}
