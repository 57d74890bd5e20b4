import type { ExcessBytes } from "./memory.ts";
import { NotAccepted, type Program } from "./program.ts";
import type { Owner, Worker } from "./worker.ts";

export interface PoolSettings {
  /** Workers that serve or have served a program; blank ones are not counted. */
  readonly workersMax: number;
  readonly waitersMax: number;
  readonly waitMs: number;
  readonly idleWorkerMs: number;
  readonly freezeAfterMs: number;
  readonly workerRunsMax: number;
  readonly workerAgeMs: number;
}

/** A worker for one invocation, and how long it took to get it. */
export interface Claim {
  readonly worker: Worker;
  readonly queueMs: number;
  readonly startMs: number;
}

export interface PoolDescription {
  /** Workers there may be. */
  readonly capacity: number;
  readonly busy: number;
  readonly idle: number;
  /** Invocations that wait for a worker. */
  readonly waiting: number;
  /** Since the start: invocations that had to start a worker, those that found one, workers that are no more. */
  readonly cold: number;
  readonly warm: number;
  readonly destroyed: number;
}

interface Waiter {
  readonly program: Program;
  readonly timer: NodeJS.Timeout;
  resolve(grant: Grant): void;
  reject(why: unknown): void;
}

/** What a waiter gets: a warm worker, or the right to start one. */
type Grant = Worker | "start";

/** What is known of a worker that serves or has served a program. */
interface Place {
  readonly program: Program;
  readonly sinceMs: number;
  /** When it was looked at for the first time; 0 before. */
  memoryBytes: number;
  /** Undefined while it is busy. */
  idleSinceMs: number | undefined;
}

/** A program that has workers. */
export interface WarmProgram {
  readonly key: string;
  readonly idle: number;
  /** Those that are being started too. */
  readonly busy: number;
}

const PROGRAMS_MAX = 1_000;
const RETRY_AFTER_MS = 1000;
const SWEEP_MS_MAX = 500;
/** A worker that is never idle for long is looked at after so many invocations. */
const LOOK_EVERY_RUNS = 256;
/** A worker that has grown by so much of its limit since it was looked at first is replaced. */
const GROWTH_MAX = 0.25;

/**
 * The workers that belong to programs, by the programs' keys. Whoever finds none gets, in this order: an idle worker
 * of the key, a free place to start one, the place of the idle worker that was used the longest ago, a place in the
 * queue. The queue is first come, first served, but for those whose program is at its own limit.
 *
 * Many first calls of one program at once share its first start; after that as many are started at once as serve
 * already, so that a program that answers quickly does not get more workers than it has use for.
 *
 * Where memory is short idle workers end, the one that was used the longest ago first, and each start costs an idle one.
 */
export class WarmPool implements Owner {
  readonly #settings: PoolSettings;
  readonly #excessBytes: ExcessBytes;
  readonly #workers = new Map<Worker, Place>();
  readonly #idleByKey = new Map<string, Worker[]>();
  /** Those that are being started are busy too. */
  readonly #busyByKey = new Map<string, number>();
  readonly #startingByKey = new Map<string, number>();
  readonly #waiters: Waiter[] = [];
  readonly #sweep: NodeJS.Timeout;
  #starting = 0;
  #isShortOfMemory = false;
  #closed = false;
  #counts = { cold: 0, warm: 0, destroyed: 0 };

  constructor(settings: PoolSettings, excessBytes: ExcessBytes) {
    this.#settings = settings;
    this.#excessBytes = excessBytes;
    const everyMs = Math.min(SWEEP_MS_MAX, Math.max(50, settings.freezeAfterMs / 2));
    this.#sweep = setInterval(() => this.#lookAtWorkers(), everyMs).unref();
  }

  describe(): PoolDescription {
    let idle = 0;
    for (const workers of this.#idleByKey.values()) idle += workers.length;
    const busy = this.#workers.size - idle + this.#starting;
    return {
      capacity: this.#settings.workersMax,
      busy,
      idle,
      waiting: this.#waiters.length,
      ...this.#counts,
    };
  }

  /** The programs that have workers, the ones with the most first, 1,000 at most. */
  programs(): WarmProgram[] {
    const keys = new Set([...this.#idleByKey.keys(), ...this.#busyByKey.keys()]);
    return [...keys]
      .map((key) => ({
        key,
        idle: this.#idleByKey.get(key)?.length ?? 0,
        busy: this.#busyByKey.get(key) ?? 0,
      }))
      .toSorted((a, b) => b.idle + b.busy - (a.idle + a.busy))
      .slice(0, PROGRAMS_MAX);
  }

  /** Throws `NotAccepted` when there is no worker in time, and the signal's reason when it is aborted. */
  async claim(program: Program, start: () => Promise<Worker>, signal: AbortSignal): Promise<Claim> {
    if (this.#closed) throw closed();
    const beganMs = performance.now();
    const grant = this.#grant(program) ?? (await this.#wait(program, signal));
    const grantedMs = performance.now();
    if (grant !== "start") {
      this.#counts.warm += 1;
      return { worker: grant, queueMs: grantedMs - beganMs, startMs: 0 };
    }
    try {
      const worker = await start();
      if (this.#closed) {
        void worker.end();
        throw closed();
      }
      this.#workers.set(worker, {
        program,
        sinceMs: performance.now(),
        memoryBytes: 0,
        idleSinceMs: undefined,
      });
      worker.owner = this;
      this.#counts.cold += 1;
      return { worker, queueMs: grantedMs - beganMs, startMs: performance.now() - grantedMs };
    } catch (error) {
      count(this.#busyByKey, program.key, -1);
      throw error;
    } finally {
      this.#starting -= 1;
      count(this.#startingByKey, program.key, -1);
      this.#serveWaiters();
    }
  }

  idle(worker: Worker): void {
    const place = this.#workers.get(worker);
    if (place === undefined) return;
    const { key } = place.program;
    count(this.#busyByKey, key, -1);
    if (this.#closed || this.#isUsedUp(worker, place)) {
      this.#drop(worker);
    } else {
      place.idleSinceMs = performance.now();
      const others = this.#idleByKey.get(key);
      if (others) others.push(worker);
      else this.#idleByKey.set(key, [worker]);
    }
    this.#serveWaiters();
  }

  /** Takes a worker back that was claimed and has served nothing. */
  giveBack(worker: Worker): void {
    if (worker.isIdle) return this.idle(worker);
    const place = this.#workers.get(worker);
    if (place === undefined) return;
    count(this.#busyByKey, place.program.key, -1);
    this.#drop(worker);
    this.#serveWaiters();
  }

  dead(worker: Worker): void {
    const place = this.#workers.get(worker);
    if (place === undefined) return;
    this.#counts.destroyed += 1;
    if (!this.#removeIdle(worker, place)) count(this.#busyByKey, place.program.key, -1);
    this.#workers.delete(worker);
    this.#serveWaiters();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweep);
    for (const waiter of [...this.#waiters]) waiter.reject(closed());
    await Promise.all([...this.#workers.keys()].map((worker) => worker.end()));
  }

  #grant(program: Program): Grant | undefined {
    const { key, concurrencyMax } = program;
    if ((this.#busyByKey.get(key) ?? 0) >= concurrencyMax) return undefined;
    // The one that was used last: its caches are warm, and the others may grow old.
    const worker = this.#idleByKey.get(key)?.at(-1);
    if (worker !== undefined) {
      this.#removeIdle(worker, this.#workers.get(worker)!);
      count(this.#busyByKey, key, 1);
      return worker;
    }
    if (!program.isFresh && this.#isStartingEnough(key)) return undefined;
    if (!this.#hasRoom && !this.#evict()) return undefined;
    count(this.#busyByKey, key, 1);
    count(this.#startingByKey, key, 1);
    this.#starting += 1;
    return "start";
  }

  #isStartingEnough(key: string): boolean {
    const starting = this.#startingByKey.get(key) ?? 0;
    const serving = (this.#busyByKey.get(key) ?? 0) - starting;
    return starting > 0 && starting >= serving;
  }

  get #hasRoom(): boolean {
    const all = this.#workers.size + this.#starting;
    // One there may always be: it may be others who use the memory.
    return all < this.#settings.workersMax && (!this.#isShortOfMemory || all === 0);
  }

  #wait(program: Program, signal: AbortSignal): Promise<Grant> {
    const { waitersMax, waitMs, workersMax } = this.#settings;
    const { busy } = this.describe();
    // Those who share a start wait for no place: there is one for each of them.
    if (this.#waiters.length >= waitersMax + Math.max(0, workersMax - busy)) {
      throw new NotAccepted("full", `${waitersMax} runs are waiting for a worker already`, RETRY_AFTER_MS);
    }
    const { promise, resolve, reject } = Promise.withResolvers<Grant>();
    const late = () => {
      waiter.reject(new NotAccepted("full", `no worker came free within ${waitMs / 1000} s`, RETRY_AFTER_MS));
    };
    const leave = () => {
      clearTimeout(waiter.timer);
      signal.removeEventListener("abort", abort);
      const index = this.#waiters.indexOf(waiter);
      if (index !== -1) this.#waiters.splice(index, 1);
    };
    const waiter: Waiter = {
      program,
      timer: setTimeout(late, waitMs),
      resolve: (grant) => {
        leave();
        resolve(grant);
      },
      reject: (why) => {
        leave();
        reject(why);
      },
    };
    const abort = () => waiter.reject(signal.reason);
    signal.addEventListener("abort", abort);
    this.#waiters.push(waiter);
    return promise;
  }

  #serveWaiters(): void {
    for (const waiter of [...this.#waiters]) {
      const grant = this.#grant(waiter.program);
      if (grant !== undefined) waiter.resolve(grant);
    }
  }

  #evict(): boolean {
    const [oldest] = this.#idleWorkers();
    if (oldest === undefined) return false;
    this.#drop(oldest.worker);
    return true;
  }

  #lookAtWorkers(): void {
    for (const worker of this.#workers.keys()) worker.endIfStarved();
    this.#giveMemoryBack();
    this.#lookAtIdle();
  }

  #giveMemoryBack(): void {
    let excessBytes = this.#excessBytes();
    this.#isShortOfMemory = excessBytes > 0;
    for (const { worker } of excessBytes > 0 ? this.#idleWorkers() : []) {
      if (excessBytes <= 0) break;
      // One that is ending has no group any more that could be asked.
      if (worker.isIdle) excessBytes -= worker.memoryBytes;
      this.#drop(worker);
    }
    if (this.#waiters.length > 0) this.#serveWaiters();
  }

  /** Ends those that are idle for too long, are old or have grown; stops those that are idle for a while. */
  #lookAtIdle(): void {
    const { freezeAfterMs, idleWorkerMs } = this.#settings;
    const nowMs = performance.now();
    for (const { worker, place } of this.#idleWorkers()) {
      const idleMs = nowMs - place.idleSinceMs!;
      if (idleMs < freezeAfterMs) return;
      if (idleMs >= idleWorkerMs || this.#isOld(place)) this.#drop(worker);
      // One that is ending has no group any more that could be asked.
      else if (worker.isFrozen || !worker.isIdle) continue;
      else if (this.#hasGrown(worker, place)) this.#drop(worker);
      else worker.freeze();
    }
  }

  /** Whether it is not to serve again. The two cheap questions are asked after every invocation. */
  #isUsedUp(worker: Worker, place: Place): boolean {
    if (place.program.isFresh || worker.runs >= this.#settings.workerRunsMax) return true;
    return worker.runs % LOOK_EVERY_RUNS === 0 && (this.#isOld(place) || this.#hasGrown(worker, place));
  }

  #isOld(place: Place): boolean {
    return performance.now() - place.sinceMs >= this.#settings.workerAgeMs;
  }

  #hasGrown(worker: Worker, place: Place): boolean {
    const bytes = worker.memoryBytes;
    if (place.memoryBytes === 0) place.memoryBytes = bytes;
    return bytes - place.memoryBytes > GROWTH_MAX * place.program.memoryBytesMax;
  }

  /** Its place is free at once, although it takes a few milliseconds to end. */
  #drop(worker: Worker): void {
    const place = this.#workers.get(worker);
    if (place !== undefined) this.#removeIdle(worker, place);
    this.#workers.delete(worker);
    this.#counts.destroyed += 1;
    worker.end().catch(() => {});
  }

  /** The one that was used the longest ago first. */
  #idleWorkers(): { worker: Worker; place: Place }[] {
    const idle: { worker: Worker; place: Place }[] = [];
    for (const [worker, place] of this.#workers)
      if (place.idleSinceMs !== undefined) idle.push({ worker, place });
    return idle.sort((a, b) => a.place.idleSinceMs! - b.place.idleSinceMs!);
  }

  #removeIdle(worker: Worker, place: Place): boolean {
    if (place.idleSinceMs === undefined) return false;
    place.idleSinceMs = undefined;
    const { key } = place.program;
    const others = this.#idleByKey.get(key)!;
    // Nearly always the last.
    others.splice(others.lastIndexOf(worker), 1);
    if (others.length === 0) this.#idleByKey.delete(key);
    return true;
  }
}

function count(counts: Map<string, number>, key: string, change: number): void {
  const changed = (counts.get(key) ?? 0) + change;
  if (changed > 0) counts.set(key, changed);
  else counts.delete(key);
}

function closed(): NotAccepted {
  return new NotAccepted("closed", "the sandbox is shutting down");
}
