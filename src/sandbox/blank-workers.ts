import type { Log } from "./log.ts";
import { NotAccepted } from "./program.ts";
import type { Worker } from "./worker.ts";

const STARTING_MAX = 2;
/** A worker that was just taken is about to load its program: its successor is started after that. */
const REFILL_MS = 25;
const PAUSE_MS_MAX = 30_000;
/** For so long after somebody had to wait the stock keeps its size; then it shrinks by one, and again. */
const SHRINK_MS = 30_000;

interface Taker {
  resolve(worker: Worker): void;
  reject(why: Error): void;
}

/**
 * Keeps blank workers of one interpreter in stock. Those who come when it is empty are served in their order, and each
 * of them lets the stock grow by one, up to its limit; while nobody has to wait it shrinks again. After a failed start
 * nobody waits in vain: the first in line is told, and the stock is tried again after a growing pause.
 */
export class BlankWorkers {
  readonly #start: () => Worker;
  readonly #least: number;
  readonly #most: number;
  /** How many there are to be; between the two. */
  #target: number;
  readonly #log: Log;
  readonly #stock: Worker[] = [];
  readonly #takers: Taker[] = [];
  readonly #starting = new Set<Worker>();
  #failures = 0;
  /** After a failed start only those who wait are a reason to try again before the pause is over. */
  #isPaused = false;
  #refill: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #shrinking: NodeJS.Timeout;

  constructor(from: { start: () => Worker; least: number; most: number; log: Log }) {
    this.#start = from.start;
    this.#least = this.#target = from.least;
    this.#most = from.most;
    this.#log = from.log;
    this.#shrinking = setInterval(() => this.#shrink(), SHRINK_MS).unref();
    this.#fill();
  }

  get count(): number {
    return this.#stock.length;
  }

  /** A blank worker, which is the taker's from now on. Rejects with `NotAccepted` when none can be started. */
  take(): Promise<Worker> {
    if (this.#closed) return Promise.reject(new NotAccepted("closed", "the sandbox is shutting down"));
    const worker = this.#stock.shift();
    if (worker !== undefined) {
      worker.owner = undefined;
      this.#fillLater(REFILL_MS);
      return Promise.resolve(worker);
    }
    const { promise, resolve, reject } = Promise.withResolvers<Worker>();
    this.#takers.push({ resolve, reject });
    if (this.#target < this.#most) this.#target += 1;
    this.#shrinking.refresh();
    this.#fill();
    return promise;
  }

  /** Takes a worker back that has served nothing. */
  giveBack(worker: Worker): void {
    if (this.#closed) void worker.end();
    else if (worker.isBlank) this.#offer(worker);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#refill);
    clearInterval(this.#shrinking);
    for (const taker of this.#takers.splice(0))
      taker.reject(new NotAccepted("closed", "the sandbox is shutting down"));
    await Promise.all([...this.#stock.splice(0), ...this.#starting].map((worker) => worker.end()));
  }

  #fillLater(milliseconds: number): void {
    this.#refill ??= setTimeout(() => {
      this.#refill = undefined;
      this.#fill();
    }, milliseconds);
  }

  #fill(): void {
    const wanted = () => (this.#isPaused ? 0 : this.#target - this.#stock.length) + this.#takers.length;
    while (!this.#closed && this.#starting.size < Math.min(STARTING_MAX, wanted())) {
      try {
        this.#begin(this.#start());
      } catch (error) {
        this.#failed(error);
        return;
      }
    }
  }

  #shrink(): void {
    if (this.#target > this.#least) this.#target -= 1;
    if (this.#stock.length <= this.#target) return;
    const worker = this.#stock.pop()!;
    worker.owner = undefined;
    void worker.end();
  }

  #begin(worker: Worker): void {
    this.#starting.add(worker);
    worker.ready.then(
      () => {
        this.#starting.delete(worker);
        this.#failures = 0;
        this.#isPaused = false;
        this.giveBack(worker);
        this.#fill();
      },
      (error: unknown) => {
        this.#starting.delete(worker);
        this.#failed(error);
      },
    );
  }

  #offer(worker: Worker): void {
    const taker = this.#takers.shift();
    if (taker !== undefined) return taker.resolve(worker);
    // One that ends in stock is missed at the next taking.
    worker.owner = { idle() {}, dead: (gone) => this.#lost(gone) };
    this.#stock.push(worker);
  }

  #lost(worker: Worker): void {
    const index = this.#stock.indexOf(worker);
    if (index !== -1) this.#stock.splice(index, 1);
    this.#fillLater(1000);
  }

  #failed(error: unknown): void {
    if (this.#closed) return;
    this.#log.error({ err: error }, "a worker could not be started");
    const message = error instanceof Error ? error.message : String(error);
    this.#takers.shift()?.reject(new NotAccepted("broken", message, 0, { cause: error }));
    this.#failures += 1;
    this.#isPaused = true;
    clearTimeout(this.#refill);
    this.#refill = setTimeout(() => this.#resume(), Math.min(PAUSE_MS_MAX, 500 * 2 ** this.#failures));
    if (this.#takers.length > 0) this.#fill();
  }

  #resume(): void {
    this.#refill = undefined;
    this.#isPaused = false;
    this.#fill();
  }
}
