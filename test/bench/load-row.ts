import type { Row, Target } from "./figure.ts";
import type { Load } from "./load.ts";
import { quantile, ratioOf } from "./rounds.ts";

/** A row of calls a second, ours beside theirs, of several rounds. */
export function loadRow(
  figure: string,
  what: string,
  against: string,
  ours: readonly Load[],
  theirs: readonly Load[],
  target: Target | undefined,
): Row {
  return {
    figure,
    what,
    against,
    ours: describe(ours),
    theirs: describe(theirs),
    ratio: ratioOf(ours, theirs, ({ perSecond }) => perSecond),
    target,
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
