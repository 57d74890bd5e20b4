import type { Logger } from "../core/logger.ts";

/** How long nothing is looked at when nobody has said that there is something to do. */
const BACKSTOP_MS = 1_000;

/**
 * Does rounds of work one after the other: whenever it is woken, when the last round said that the next one is due, and
 * once a second in any case. A round that fails is logged, and the next one tries again.
 */
export class Rounds implements AsyncDisposable {
  readonly #work: () => Promise<number | undefined>;
  readonly #log: Logger;
  readonly #what: string;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #wokenMeanwhile = false;
  #closed = false;

  constructor(parts: {
    /** Answers with the milliseconds until there is something to do, where that is known. */
    work: () => Promise<number | undefined>;
    log: Logger;
    /** What it is that cannot be done, for the log. */
    what: string;
  }) {
    this.#work = parts.work;
    this.#log = parts.log;
    this.#what = parts.what;
  }

  /** Begins a round now or, while there is one, right after it. The first call begins all rounds. */
  wake(): void {
    if (this.#closed) return;
    if (this.#running !== undefined) {
      this.#wokenMeanwhile = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#running = this.#round();
  }

  /** No further round begins; resolves when the last one is over. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #round(): Promise<void> {
    let waitMs: number | undefined;
    do {
      this.#wokenMeanwhile = false;
      try {
        waitMs = await this.#work();
      } catch (error) {
        this.#log.error({ error }, `${this.#what}; it is tried again`);
        waitMs = undefined;
        break;
      }
    } while (this.#wokenMeanwhile && !this.#closed);
    this.#running = undefined;
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.wake(), Math.max(0, Math.min(waitMs ?? BACKSTOP_MS, BACKSTOP_MS)));
  }
}
