import type { Pool } from "pg";

/** How long one look at the database is good for. */
const FRESH_MS = 5_000;

interface Figures {
  /** Durable runs of all projects that wait, for their time or for their turn. */
  readonly waiting: number;
  /** Those of them whose time has come. */
  readonly due: number;
  /** How long the oldest of these has been due. */
  readonly oldestDueSeconds: number;
}

/** How many durable runs wait in the database, as of a moment ago; the last known figures while it is away. */
export class DurableFigures {
  readonly #pool: Pool;
  #figures: Figures = { waiting: 0, due: 0, oldestDueSeconds: 0 };
  #looking: Promise<void> | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async now(): Promise<Figures> {
    if (performance.now() > this.#lookedMs + FRESH_MS) {
      this.#looking ??= this.#look()
        .catch(() => {})
        .finally(() => {
          this.#looking = undefined;
        });
      await this.#looking;
    }
    return this.#figures;
  }

  async #look(): Promise<void> {
    this.#lookedMs = performance.now();
    const { rows } = await this.#pool.query<{ waiting: string; due: string; oldest: string | null }>(COUNT);
    const [{ waiting, due, oldest }] = rows as [(typeof rows)[number]];
    this.#figures = { waiting: Number(waiting), due: Number(due), oldestDueSeconds: Number(oldest ?? 0) };
  }
}

const COUNT = `select count(*) as waiting, count(*) filter (where due_time <= now()) as due,
    extract(epoch from now() - min(due_time) filter (where due_time <= now())) as oldest
  from runs where due_time is not null`;
