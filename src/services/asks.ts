/** Questions to several services, each with those whose answers are still to come. */
export class Asks {
  readonly #waitMs: number;
  readonly #asked = new Map<number, { readonly left: Set<string>; readonly done: () => void }>();
  #last = 0;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  next(): number {
    this.#last += 1;
    return this.#last;
  }

  /** Resolves when all of these have answered or are gone, or their time for it is over. */
  async answered(ask: number, left: Set<string>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#asked.set(ask, { left, done: resolve });
    const timer = setTimeout(resolve, this.#waitMs);
    await promise;
    clearTimeout(timer);
    this.#asked.delete(ask);
  }

  answer(ask: number, from: string): void {
    const asked = this.#asked.get(ask);
    asked?.left.delete(from);
    if (asked?.left.size === 0) asked.done();
  }

  /** One of those who were asked is gone. */
  gone(id: string): void {
    for (const ask of this.#asked.keys()) this.answer(ask, id);
  }
}
