/** A running mean of how long something takes, in which what was long ago counts little. */
export class MeanTime {
  #ms = 0;
  #count = 0;

  add(ms: number): void {
    this.#count += 1;
    // The first ones have equal weight, so that the very first does not stand for long.
    this.#ms += (ms - this.#ms) / Math.min(this.#count, MEMORY);
  }

  /** Undefined until it is known from enough of them. */
  get ms(): number | undefined {
    return this.#count < COUNT_MIN ? undefined : this.#ms;
  }
}

const MEMORY = 32;
const COUNT_MIN = 4;

/** A project as the queue sees it. */
export interface Standing {
  readonly waiting: number;
  readonly inFlight: number;
}

/**
 * The place in the queue, counted from 1, that the next run of a project gets: behind its own, and behind those of
 * others that have fewer runs under way until its turn comes.
 */
export function placeOf(own: Standing, others: Iterable<Standing>): number {
  const level = own.waiting + own.inFlight;
  let place = own.waiting + 1;
  for (const { waiting, inFlight } of others) place += Math.min(waiting, Math.max(0, level - inFlight + 1));
  return place;
}

/** How long the one at this place waits for one of so many slots; undefined when that cannot be told. */
export function waitAt(place: number, slots: number, mean: MeanTime | undefined): number | undefined {
  const { ms } = mean ?? {};
  return ms === undefined || slots <= 0 ? undefined : (ms * place) / slots;
}
