import type { Spread } from "./rounds.ts";
import type { Service } from "./service.ts";

/** One figure of the design: what it measures, and the function that measures it. */
export interface Figure {
  /** Its number in the design: P1 to P11 for speed, N1 for nodes. */
  readonly id: string;
  readonly what: string;
  measure(bench: Bench): Promise<Row[]>;
}

/** What a figure has to measure with. */
export interface Bench {
  readonly service: Service;
  /** A folder that is removed when all figures are measured. */
  readonly folder: string;
  readonly rounds: number;
  /** Seconds of load in one measurement. */
  readonly seconds: number;
  /** Everything given here is closed when the figure is measured. */
  readonly open: AsyncDisposableStack;
  say(progress: string): void;
}

/** One line of the table: a thing of ours beside a thing to compare it with, or why there is no comparison. */
export interface Row {
  readonly figure: string;
  readonly what: string;
  readonly against: string;
  readonly ours: string;
  readonly theirs: string;
  /** Ours by theirs; undefined when it was not measured. */
  readonly ratio: Spread | undefined;
  /** What the ratio's median should be: at least or at most. Undefined for figures that are only reported. */
  readonly target: Target | undefined;
  readonly errors: number;
  readonly note?: string;
}

export type Target = { readonly least: number } | { readonly most: number };

export function isMet(row: Row): boolean | undefined {
  if (row.target === undefined || row.ratio === undefined) return undefined;
  if (row.errors > 0) return false;
  return "least" in row.target ? row.ratio.median >= row.target.least : row.ratio.median <= row.target.most;
}

/** A row in place of figures that could not be had. */
export function notMeasured(figure: string, what: string, against: string, why: string): Row {
  const nothing = { ours: "–", theirs: "–", ratio: undefined, target: undefined, errors: 0 };
  return { figure, what, against, ...nothing, note: `not measured: ${why}` };
}
