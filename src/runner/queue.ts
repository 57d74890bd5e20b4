import type { Standing } from "./estimate.ts";
import type { Member } from "./member.ts";
import type { RunOrder } from "./order.ts";

/** A run that waits for a slot. */
export interface Waiter {
  readonly order: RunOrder;
  /** Since when, on the monotonic clock. */
  readonly sinceMs: number;
  /** When it stops waiting, on the same. */
  readonly untilMs: number;
  /** Nodes that it is not to be given to. */
  readonly excluded: ReadonlySet<Member> | undefined;
  resolve(member: Member): void;
  reject(why: unknown): void;
}

/** The runs of one project that wait, by their programs and in the order in which they came. */
interface Line {
  waiting: number;
  /** Lines have their turns in this order: by when they began to wait, or were served last. */
  turn: number;
  readonly byProgram: Map<string, Set<Waiter>>;
}

/** What a project has in the queue and on the nodes. */
export interface Share extends Standing {
  readonly projectId: string;
}

/**
 * Runs that wait for a slot, fair between projects: next is the project that has the fewest runs under way, and of
 * several such the one whose turn is the longest ago; of its runs the one that has waited the longest. How many wait
 * is bounded by its user.
 */
export class Queue {
  readonly #lines = new Map<string, Line>();
  readonly #inFlightOf: (projectId: string) => number;
  #depth = 0;
  #turns = 0;

  constructor(inFlightOf: (projectId: string) => number) {
    this.#inFlightOf = inFlightOf;
  }

  get depth(): number {
    return this.#depth;
  }

  add(waiter: Waiter): void {
    const line = this.#lines.get(projectOf(waiter)) ?? this.#newLine();
    this.#lines.set(projectOf(waiter), line);
    const key = keyOf(waiter);
    const same = line.byProgram.get(key);
    if (same === undefined) line.byProgram.set(key, new Set([waiter]));
    else same.add(waiter);
    line.waiting += 1;
    this.#depth += 1;
  }

  /** False when it does not wait any more. */
  remove(waiter: Waiter): boolean {
    const line = this.#lines.get(projectOf(waiter));
    const same = line?.byProgram.get(keyOf(waiter));
    if (line === undefined || !same?.delete(waiter)) return false;
    if (same.size === 0) line.byProgram.delete(keyOf(waiter));
    line.waiting -= 1;
    if (line.waiting === 0) this.#lines.delete(projectOf(waiter));
    this.#depth -= 1;
    return true;
  }

  /** The next one that can be served; then its project's turn is over. Of each program only the first is asked about. */
  next(canBeServed: (waiter: Waiter) => boolean): Waiter | undefined {
    let next: { readonly line: Line; readonly waiter: Waiter; readonly inFlight: number } | undefined;
    for (const [projectId, line] of this.#lines) {
      const inFlight = this.#inFlightOf(projectId);
      const isLater =
        next !== undefined &&
        (inFlight > next.inFlight || (inFlight === next.inFlight && line.turn > next.line.turn));
      const waiter = isLater ? undefined : firstOf(line, canBeServed);
      if (waiter !== undefined) next = { line, waiter, inFlight };
    }
    if (next === undefined) return undefined;
    next.line.turn = ++this.#turns;
    return next.waiter;
  }

  /**
   * Who has to go so that a run of this project can wait: the last of the project that has the most waiting, where
   * that has more than this one would have. Undefined when it is the newcomer.
   */
  lastOfLongest(projectId: string): Waiter | undefined {
    let most = this.waitingOf(projectId) + 1;
    let longest: Line | undefined;
    for (const line of this.#lines.values()) {
      if (line.waiting <= most) continue;
      most = line.waiting;
      longest = line;
    }
    let last: Waiter | undefined;
    for (const same of longest?.byProgram.values() ?? []) {
      for (const waiter of same) if (last === undefined || waiter.sinceMs >= last.sinceMs) last = waiter;
    }
    return last;
  }

  waitingOf(projectId: string): number {
    return this.#lines.get(projectId)?.waiting ?? 0;
  }

  /** How many of one program wait. */
  waitingFor(projectId: string, key: string): number {
    return this.#lines.get(projectId)?.byProgram.get(key)?.size ?? 0;
  }

  /** The projects that wait, in the order of their turns. */
  shares(): Share[] {
    return [...this.#lines]
      .toSorted(([, one], [, other]) => one.turn - other.turn)
      .map(([projectId, { waiting }]) => ({ projectId, waiting, inFlight: this.#inFlightOf(projectId) }))
      .toSorted((one, other) => one.inFlight - other.inFlight);
  }

  *[Symbol.iterator](): Generator<Waiter> {
    for (const { byProgram } of this.#lines.values()) for (const same of byProgram.values()) yield* same;
  }

  #newLine(): Line {
    return { waiting: 0, turn: ++this.#turns, byProgram: new Map() };
  }
}

/** The one of a line that has waited the longest and can be served. */
function firstOf({ byProgram }: Line, canBeServed: (waiter: Waiter) => boolean): Waiter | undefined {
  let oldest: Waiter | undefined;
  for (const [first] of byProgram.values()) {
    if (oldest !== undefined && first!.sinceMs >= oldest.sinceMs) continue;
    if (canBeServed(first!)) oldest = first;
  }
  return oldest;
}

function projectOf({ order }: Waiter): string {
  return order.invocation.context.projectId;
}

function keyOf({ order }: Waiter): string {
  return order.program.key;
}
