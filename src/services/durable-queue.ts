import type { Pool } from "pg";
import { Writer } from "../core/db/binary-arrays.ts";
import type { Run } from "../core/db/entities/runs.ts";
import { Refusal } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import {
  type DurableOrder,
  insertQueuedRuns,
  type QueuedRun,
  queuedRun,
  queuedView,
} from "./durable-orders.ts";
import type { RunView } from "./live-run.ts";
import { claimRequestIds, hasRequestId, nameOf, type RequestKey } from "./request-ids.ts";

const BATCH_RUNS_MAX = 500;
const BATCH_BYTES_MAX = 16 * 1024 * 1024;
/** Bytes that may wait for a commit; more are refused. */
const PENDING_BYTES_MAX = 64 * 1024 * 1024;

interface Waiting extends QueuedRun {
  readonly key: RequestKey | undefined;
  readonly bytes: number;
  readonly resolve: (run: RunView | string) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Puts durable runs on record. While one commit is under way, those that are asked for meanwhile wait for the next, so
 * that many callers share a commit and a single one has it at once.
 */
export class DurableQueue {
  readonly #pool: Pool;
  readonly #queued: (run: Run) => void;
  readonly #writer = new Writer();
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #writing = false;

  constructor(parts: {
    pool: Pool;
    /** Called with every run that was put on record. */
    queued: (run: Run) => void;
  }) {
    this.#pool = parts.pool;
    this.#queued = parts.queued;
  }

  /** Queues a run. Answers with it once it is on record, or with the id of the one that the same request led to. */
  add(order: DurableOrder, key: RequestKey | undefined): Promise<RunView | string> {
    if (this.#waitingBytes > PENDING_BYTES_MAX) {
      const retry = { retryAfterMs: 1_000 };
      throw new Refusal("DATABASE_UNAVAILABLE", "runs cannot be recorded now; try again", {}, retry);
    }
    const { promise, resolve, reject } = Promise.withResolvers<RunView | string>();
    const bytes = 1024 + order.input.body.byteLength;
    this.#waiting.push({ ...queuedRun(order, newId()), key, bytes, resolve, reject });
    this.#waitingBytes += bytes;
    if (!this.#writing) {
      this.#writing = true;
      // What else is asked for in this turn of the event loop joins the batch.
      queueMicrotask(() => void this.#write());
    }
    return promise;
  }

  /** Whether a request has led to a run already. */
  knows(key: RequestKey): Promise<boolean> {
    return hasRequestId(this.#pool, key);
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      await this.#commit(batch);
      for (const { bytes } of batch) this.#waitingBytes -= bytes;
    }
    this.#writing = false;
  }

  /** As much as one commit takes, and no request id twice: the second one sees what became of the first. */
  #takeBatch(): Waiting[] {
    const batch: Waiting[] = [];
    const left: Waiting[] = [];
    const keys = new Set<string>();
    let bytes = 0;
    for (const one of this.#waiting) {
      const name = one.key === undefined ? undefined : nameOf(one.key);
      const isFull =
        batch.length >= BATCH_RUNS_MAX || (batch.length > 0 && bytes + one.bytes > BATCH_BYTES_MAX);
      if (isFull || (name !== undefined && keys.has(name))) {
        left.push(one);
        continue;
      }
      if (name !== undefined) keys.add(name);
      batch.push(one);
      bytes += one.bytes;
    }
    this.#waiting = left;
    return batch;
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    try {
      const earlier = batch.some(({ key }) => key !== undefined)
        ? await this.#insertOnce(batch)
        : await this.#insert(batch);
      for (const one of batch) this.#answer(one, earlier.get(one.row.id));
    } catch (error) {
      if (batch.length > 1 && isAboutContent(error)) {
        for (const one of batch) await this.#commit([one]);
        return;
      }
      for (const { reject } of batch) reject(error);
    }
  }

  #answer(waiting: Waiting, earlier: string | Refusal | undefined): void {
    if (earlier instanceof Refusal) return waiting.reject(earlier);
    waiting.resolve(earlier ?? queuedView(waiting));
    if (earlier === undefined) this.#queued(waiting.row);
  }

  async #insert(batch: readonly Waiting[]): Promise<Map<string, string | Refusal>> {
    await insertQueuedRuns(this.#pool, this.#writer, batch);
    return new Map();
  }

  /** The request ids and the runs in one transaction: neither is there without the other. */
  async #insertOnce(batch: readonly Waiting[]): Promise<Map<string, string | Refusal>> {
    const client = await this.#pool.connect();
    try {
      await client.query("begin");
      const claims = batch.flatMap(({ key, row }) =>
        key === undefined ? [] : [{ key, resourceId: row.id }],
      );
      const earlier = await claimRequestIds(client, claims);
      const fresh = batch.filter(({ row }) => !earlier.has(row.id));
      if (fresh.length > 0) await insertQueuedRuns(client, this.#writer, fresh);
      await client.query("commit");
      client.release();
      return earlier;
    } catch (error) {
      // A connection in an unknown state is not used again.
      client.release(true);
      throw error;
    }
  }
}

/** The database refuses something in the batch for what it is. */
function isAboutContent(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^(22|23|54)/.test(code);
}
