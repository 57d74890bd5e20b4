/** What is known of a node that takes runs, when one of several is to be chosen. */
export interface Candidate {
  /** Runs that it takes at once. */
  readonly capacity: number;
  /** Runs that this pool has given to it: what its slots are counted by. */
  readonly inFlight: number;
  /** Runs that it has, whoever gave them to it: what it is compared by. */
  readonly load: number;
  /** Since when it takes runs, in milliseconds. */
  readonly readySinceMs: number;
  /** Workers of a program that wait for a run. */
  idleWorkers(key: string): number;
}

/** How long it takes a node that has just come, or come back, to get its whole share. */
export const SLOW_START_MS = 10_000;
/** What it gets at once. */
const FIRST_SHARE = 0.1;
/** A node is given a run only for being warm as long as it is not that far above what all have on average. */
const LOAD_BOUND = 1.25;

/**
 * The node for a run of a program, undefined when none has a slot. A node where an idle worker waits for the program
 * is taken before all others, unless it has more than its bounded share of the load already; else the less loaded of
 * two random ones. `random` answers from 0 to 1.
 *
 * Sources: "The Power of Two Choices in Randomized Load Balancing" (Mitzenmacher, 2001); "Consistent Hashing with
 * Bounded Loads" (Mirrokni, Thorup and Zadimoghaddam, 2017).
 */
export function choose<Chosen extends Candidate>(
  candidates: readonly Chosen[],
  key: string,
  nowMs: number,
  random: () => number,
): Chosen | undefined {
  // Among nodes that are all new, none is: what counts is the share beside the others'.
  const fullShare = candidates.reduce(
    (most, { readySinceMs }) => Math.max(most, shareOf(readySinceMs, nowMs)),
    0,
  );
  const weightOf = ({ capacity, readySinceMs }: Chosen) =>
    (capacity * shareOf(readySinceMs, nowMs)) / fullShare;
  const free = candidates.filter((node) => node.inFlight < Math.ceil(weightOf(node)));
  if (free.length <= 1) return free[0];
  const load = candidates.reduce((sum, node) => sum + node.load, 0) + 1;
  const weight = candidates.reduce((sum, node) => sum + weightOf(node), 0);
  const fillOf = (node: Chosen) => (node.load + 1) / weightOf(node);
  const emptier = (one: Chosen, other: Chosen) => (fillOf(other) < fillOf(one) ? other : one);
  const warm = free.filter(
    (node) =>
      node.idleWorkers(key) > 0 && node.load + 1 <= Math.ceil((LOAD_BOUND * load * weightOf(node)) / weight),
  );
  if (warm.length > 0) return warm.reduce(emptier);
  const first = Math.floor(random() * free.length);
  const second = Math.floor(random() * (free.length - 1));
  return emptier(free[first]!, free[second < first ? second : second + 1]!);
}

/** The part of its capacity that a node is given, growing to 1 while it is new. */
export function shareOf(readySinceMs: number, nowMs: number): number {
  const grown = Math.max(0, nowMs - readySinceMs) / SLOW_START_MS;
  return Math.min(1, FIRST_SHARE + (1 - FIRST_SHARE) * grown);
}
