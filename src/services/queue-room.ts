import { LRUCache } from "lru-cache";
import type { Pool } from "pg";
import { Refusal } from "../core/errors.ts";

/** How long a count is good for; what is queued here meanwhile is added to it. */
const FRESH_MS = 2_000;
const PROJECTS_MAX = 10_000;
const RETRY_AFTER_MS = 5_000;

interface Count {
  runs: number;
  readonly countedMs: number;
}

/**
 * Bounds how many durable runs of one project may wait, so that a client that has lost its brakes fills nobody's disk.
 * A project is counted once in two seconds at most: in a flood, and over several services, a few more get in.
 */
export class QueueRoom {
  readonly #pool: Pool;
  readonly #runsMax: number;
  readonly #counts = new LRUCache<string, Count>({ max: PROJECTS_MAX });
  readonly #counting = new Map<string, Promise<Count>>();

  constructor(parts: { pool: Pool; runsMax: number }) {
    this.#pool = parts.pool;
    this.#runsMax = parts.runsMax;
  }

  /** Takes room for a run. Throws the refusal when the project has as many waiting as it may have. */
  async take(projectId: string): Promise<void> {
    if (!(await this.tryTake(projectId))) throw full(this.#runsMax);
  }

  /** Takes room for a run. False when there is none. */
  async tryTake(projectId: string): Promise<boolean> {
    const known = this.#counts.get(projectId);
    const isFresh = known !== undefined && performance.now() < known.countedMs + FRESH_MS;
    const count = isFresh ? known : await this.#count(projectId);
    if (count.runs >= this.#runsMax) return false;
    count.runs += 1;
    return true;
  }

  #count(projectId: string): Promise<Count> {
    const counting = this.#counting.get(projectId);
    if (counting !== undefined) return counting;
    const made = this.#look(projectId).finally(() => this.#counting.delete(projectId));
    this.#counting.set(projectId, made);
    return made;
  }

  async #look(projectId: string): Promise<Count> {
    const countedMs = performance.now();
    const { rows } = await this.#pool.query<{ runs: number }>({
      name: "count-queued",
      text: COUNT,
      values: [projectId, this.#runsMax],
    });
    const count = { runs: rows[0]!.runs, countedMs };
    this.#counts.set(projectId, count);
    return count;
  }
}

const COUNT = `select count(*)::int as runs from (
  select from runs where project_id = $1 and due_time is not null limit $2) as queued`;

function full(runsMax: number): Refusal {
  const quota = `${runsMax} durable runs waiting per project`;
  return new Refusal(
    "QUOTA_EXCEEDED",
    `a project may have ${runsMax} durable runs that wait; come back when some have begun, or cancel some`,
    {},
    { quota, retryAfterMs: RETRY_AFTER_MS },
  );
}
