import type { Language, Program } from "../sandbox/program.ts";
import { choose } from "./choice.ts";
import { MeanTime, placeOf, waitAt } from "./estimate.ts";
import type { Member } from "./member.ts";
import type { RunOrder } from "./order.ts";
import { Queue, type Share, type Waiter } from "./queue.ts";
import { poolClosed, poolFull } from "./refusals.ts";

export interface QueueSettings {
  /** Runs that may wait. */
  readonly waitersMax: number;
  /** How long one may wait. */
  readonly waitMs: number;
}

export interface QueueDescription {
  readonly depth: number;
  readonly limit: number;
  /** 0 when none waits. */
  readonly oldestWaitMs: number;
  readonly shares: readonly Share[];
}

/** Why runs were refused before any node was asked: the queue was full, their turn would come too late, or did. */
export type EarlyRefusal = "full" | "late" | "waited";

/** Runs of one program that are under way. */
interface Lane {
  inFlight: number;
  readonly runTime: MeanTime;
}

/** How often the queue is looked at for those who have waited too long, and for nodes that have grown into their share. */
const LOOK_MS = 100;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 10_000;
const RETRY_MS_UNKNOWN = 1_000;

/**
 * The slots of all nodes, and the queue of the runs for which there is none. A run holds a slot from before it is
 * delivered until it has ended. One whose program is at its own limit waits without a slot. When the queue is full,
 * the project with the most waiting gives way to one with fewer.
 */
export class Bulkhead implements Disposable {
  readonly #settings: QueueSettings;
  readonly #members: () => readonly Member[];
  readonly #unavailable: () => unknown;
  readonly #queue = new Queue((projectId) => this.#projects.get(projectId) ?? 0);
  readonly #lanes = new Map<string, Lane>();
  /** Runs under way by project. */
  readonly #projects = new Map<string, number>();
  readonly #runTime = new MeanTime();
  readonly #refused: Record<EarlyRefusal, number> = { full: 0, late: 0, waited: 0 };
  #inFlight = 0;
  #looking: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: {
    settings: QueueSettings;
    members: () => readonly Member[];
    /** The refusal of a run for which there is no node. */
    unavailable: () => unknown;
  }) {
    this.#settings = parts.settings;
    this.#members = parts.members;
    this.#unavailable = parts.unavailable;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get refused(): Readonly<Record<EarlyRefusal, number>> {
    return this.#refused;
  }

  describe(): QueueDescription {
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const waiter of this.#queue) sinceMs = Math.min(sinceMs, waiter.sinceMs);
    const { depth } = this.#queue;
    return {
      depth,
      limit: this.#settings.waitersMax,
      oldestWaitMs: depth === 0 ? 0 : performance.now() - sinceMs,
      shares: this.#queue.shares(),
    };
  }

  /** A slot, if there is one at once; to be released when the run is over. */
  take(order: RunOrder, excluded: ReadonlySet<Member> | undefined): Member | undefined {
    if (this.#isAtLimit(order.program)) return undefined;
    const member = this.#choose(order.program, excluded);
    if (member !== undefined) this.#hold(member, order);
    return member;
  }

  /** Throws where a run of a project could neither begin nor wait now, before anything is done for it. */
  requireRoom(program: Program, projectId: string): void {
    if (this.#queue.depth < this.#settings.waitersMax || this.#closed) return;
    if (!this.#isAtLimit(program) && this.#choose(program, undefined) !== undefined) return;
    if (this.#takers(program.language, undefined).length === 0) return;
    if (this.#queue.lastOfLongest(projectId) === undefined) throw this.#full();
  }

  /** Waits for a slot. Throws the refusal, or the signal's reason, when there is none in time. */
  async wait(
    order: RunOrder,
    excluded: ReadonlySet<Member> | undefined,
    sinceMs: number,
    signal: AbortSignal,
  ): Promise<Member> {
    signal.throwIfAborted();
    if (this.#closed) throw poolClosed();
    if (this.#takers(order.program.language, excluded).length === 0) throw this.#unavailable();
    const untilMs = sinceMs + this.#settings.waitMs;
    if (untilMs <= performance.now()) throw this.#waitedTooLong();
    this.#requireInTime(order);
    this.#makeRoom(order);
    const { promise, resolve, reject } = Promise.withResolvers<Member>();
    const leave = () => {
      signal.removeEventListener("abort", abort);
      this.#queue.remove(waiter);
      if (this.#queue.depth === 0) this.#stopLooking();
    };
    const waiter: Waiter = {
      order,
      sinceMs,
      untilMs,
      excluded,
      resolve: (member) => {
        leave();
        resolve(member);
      },
      reject: (why) => {
        leave();
        reject(why);
      },
    };
    const abort = () => waiter.reject(signal.reason);
    signal.addEventListener("abort", abort);
    this.#queue.add(waiter);
    this.#looking ??= setInterval(() => this.#look(), LOOK_MS).unref();
    return promise;
  }

  /** The run is over, after so long. */
  release(member: Member, { program, invocation }: RunOrder, heldMs: number): void {
    this.#inFlight -= 1;
    member.release(program);
    this.#runTime.add(heldMs);
    const lane = this.#lanes.get(program.key)!;
    lane.runTime.add(heldMs);
    lane.inFlight -= 1;
    if (lane.inFlight === 0) this.#lanes.delete(program.key);
    const { projectId } = invocation.context;
    const ofProject = this.#projects.get(projectId)! - 1;
    if (ofProject === 0) this.#projects.delete(projectId);
    else this.#projects.set(projectId, ofProject);
    this.serve();
  }

  /** Whether there is a node, busy or not, that may be given the run. */
  hasNode({ program }: RunOrder, excluded: ReadonlySet<Member>): boolean {
    return this.#takers(program.language, excluded).length > 0;
  }

  /** The nodes that may be given something in a language, the least loaded first. */
  takersOf(language: Language): Member[] {
    return this.#takers(language, undefined).toSorted((a, b) => a.load / a.capacity - b.load / b.capacity);
  }

  /** Gives free slots to those who wait. Called when there may be any. */
  serve(): void {
    if (this.#queue.depth === 0) return;
    const free = new Map<Language, boolean>();
    const canBeServed = ({ order, excluded }: Waiter) => {
      if (this.#isAtLimit(order.program)) return false;
      if (excluded !== undefined) return this.#choose(order.program, excluded) !== undefined;
      const { language } = order.program;
      const known = free.get(language) ?? this.#choose(order.program, undefined) !== undefined;
      free.set(language, known);
      return known;
    };
    for (;;) {
      const next = this.#queue.next(canBeServed);
      if (next === undefined) return;
      const member = this.#choose(next.order.program, next.excluded)!;
      this.#hold(member, next.order);
      next.resolve(member);
      free.clear();
    }
  }

  /** Nodes have come, gone or changed: those who wait for none of them are let go. */
  nodesChanged(): void {
    for (const waiter of [...this.#queue]) {
      const takers = this.#takers(waiter.order.program.language, waiter.excluded);
      if (takers.length === 0) waiter.reject(this.#unavailable());
    }
    this.serve();
  }

  /** Whoever waits is refused. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const waiter of [...this.#queue]) waiter.reject(poolClosed());
    this.#stopLooking();
  }

  #isAtLimit(program: Program): boolean {
    return (this.#lanes.get(program.key)?.inFlight ?? 0) >= program.concurrencyMax;
  }

  #choose(program: Program, excluded: ReadonlySet<Member> | undefined): Member | undefined {
    const members = this.#members();
    if (members.length > 1)
      return choose(this.#takers(program.language, excluded), program.key, Date.now(), Math.random);
    const [only] = members;
    if (only === undefined || !only.takesRuns || excluded?.has(only)) return undefined;
    return only.inFlight < only.capacity ? only : undefined;
  }

  /** The nodes that take runs of a language; where none has it, all that take any: the first one's refusal says why. */
  #takers(language: Language, excluded: ReadonlySet<Member> | undefined): Member[] {
    const takers = this.#members().filter((member) => member.takesRuns);
    const able = takers.filter((member) => member.runs(language));
    if (excluded !== undefined) return able.filter((member) => !excluded.has(member));
    return able.length > 0 ? able : takers;
  }

  #hold(member: Member, { program, invocation }: RunOrder): void {
    this.#inFlight += 1;
    member.hold(program);
    const lane = this.#lanes.get(program.key);
    if (lane === undefined) this.#lanes.set(program.key, { inFlight: 1, runTime: new MeanTime() });
    else lane.inFlight += 1;
    const { projectId } = invocation.context;
    this.#projects.set(projectId, (this.#projects.get(projectId) ?? 0) + 1);
  }

  /** Refuses a run whose turn would come after its deadline, as far as can be told. */
  #requireInTime(order: RunOrder): void {
    if (order.deadlineMs === undefined) return;
    const waitMs = this.#expectedWaitMs(order);
    if (waitMs === undefined || Date.now() + waitMs <= order.deadlineMs) return;
    this.#refused.late += 1;
    const seconds = (waitMs / 1000).toFixed(1);
    throw poolFull(
      `its turn would come in about ${seconds} s, after the call's deadline`,
      clamp(waitMs, RETRY_MS_MIN, RETRY_MS_MAX),
    );
  }

  #expectedWaitMs(order: RunOrder): number | undefined {
    const { program, invocation } = order;
    const { projectId } = invocation.context;
    const waits: (number | undefined)[] = [];
    if (this.#choose(program, undefined) === undefined) {
      const own = { waiting: this.#queue.waitingOf(projectId), inFlight: this.#projects.get(projectId) ?? 0 };
      const others = this.#queue.shares().filter((share) => share.projectId !== projectId);
      waits.push(waitAt(placeOf(own, others), this.#slots(), this.#runTime));
    }
    if (this.#isAtLimit(program)) {
      const place = this.#queue.waitingFor(projectId, program.key) + 1;
      waits.push(waitAt(place, program.concurrencyMax, this.#lanes.get(program.key)?.runTime));
    }
    const known = waits.filter((wait) => wait !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  }

  /** A place in the queue for a newcomer: a free one, or that of a project which has more of them. */
  #makeRoom({ invocation }: RunOrder): void {
    if (this.#queue.depth < this.#settings.waitersMax) return;
    const last = this.#queue.lastOfLongest(invocation.context.projectId);
    const full = this.#full();
    if (last === undefined) throw full;
    last.reject(full);
  }

  #full(): unknown {
    this.#refused.full += 1;
    const waitMs = waitAt(this.#queue.depth + 1, this.#slots(), this.#runTime) ?? RETRY_MS_UNKNOWN;
    return poolFull(
      `${this.#settings.waitersMax} runs are waiting already`,
      clamp(waitMs, RETRY_MS_MIN, RETRY_MS_MAX),
    );
  }

  #slots(): number {
    return this.#members().reduce((sum, member) => (member.takesRuns ? sum + member.capacity : sum), 0);
  }

  #look(): void {
    const nowMs = performance.now();
    for (const waiter of [...this.#queue]) if (waiter.untilMs <= nowMs) waiter.reject(this.#waitedTooLong());
    this.serve();
  }

  #waitedTooLong(): unknown {
    this.#refused.waited += 1;
    return poolFull(`no node came free within ${this.#settings.waitMs / 1000} s`, RETRY_MS_UNKNOWN);
  }

  #stopLooking(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.round(Math.min(Math.max(value, least), most));
}
