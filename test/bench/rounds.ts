/** One of the things that are compared: measured once in every round, in turn with the others. */
export interface Side<Measurement> {
  readonly name: string;
  measure(): Promise<Measurement>;
}

/** The middle of several rounds, with the least and the most of them. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Measures all sides in turn, A B A B …, so that what else the machine does meets each of them. Answers with the
 * measurements per side, in the order of the rounds.
 */
export async function inTurn<Measurement>(
  sides: readonly Side<Measurement>[],
  rounds: number,
): Promise<Map<string, Measurement[]>> {
  const measured = new Map<string, Measurement[]>(sides.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, measure } of sides) measured.get(name)!.push(await measure());
  }
  return measured;
}

/** The ratio of two sides, round by round: only what was measured at the same time is compared. */
export function ratioOf<Measurement>(
  ours: readonly Measurement[],
  theirs: readonly Measurement[],
  value: (measurement: Measurement) => number,
): Spread {
  return spreadOf(ours.map((measurement, round) => value(measurement) / value(theirs[round]!)));
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), min: Math.min(...values), max: Math.max(...values) };
}

/** The value below which the given share of all values lies; of an even number the upper middle one. */
export function quantile(values: Iterable<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
