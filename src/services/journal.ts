import type { Pool } from "pg";
import { Writer } from "../core/db/binary-arrays.ts";
import type { Run } from "../core/db/entities/runs.ts";
import type { Logger } from "../core/logger.ts";
import { TransientMap } from "../core/transient-map.ts";
import {
  type Known,
  type Payload,
  type Requeue,
  TakenForGone,
  type Written,
  writeBatch,
} from "./journal-batch.ts";
import type { LogChunk, LogEntry } from "./log-entry.ts";

/** The database does not take commits now; what was to be recorded may or may not be. */
export class NotCommitted extends Error {
  override name = "NotCommitted";
}

interface Settings {
  /** This service's id: the owner of its runs, and the writer of its chunks. Registered as an instance. */
  readonly writer: string;
  /** How long a run that has just started may wait for company before its row is written. */
  readonly startDelayMs: number;
  readonly batchRunsMax: number;
  readonly batchBytesMax: number;
  /** Bytes that may wait while the database is away; above, `full` says so and new runs are refused. */
  readonly pendingBytesMax: number;
}

const DEFAULTS = {
  startDelayMs: 5,
  batchRunsMax: 500,
  batchBytesMax: 16 * 1024 * 1024,
  pendingBytesMax: 256 * 1024 * 1024,
};
const CHUNK_ENTRIES_MAX = 1000;
const CHUNK_CHARACTERS_MAX = 256 * 1024;
const RETRY_MS = [20, 50, 100, 200, 500, 1000];

interface Waiter {
  resolve(ours: boolean): void;
  reject(error: Error): void;
}

/** All that waits to be written about one run; one element of a batch. */
interface Pending extends Written {
  row: Run;
  payload: Payload | undefined;
  writesRow: boolean;
  requeue: Requeue | undefined;
  forgetsInput: boolean;
  entries: LogEntry[];
  waiters: Waiter[];
  bytes: number;
  /** When it is to leave at the latest; a run that has only begun may wait for its end. */
  dueMs: number;
  /** Nothing of the run has left yet. */
  isNew: boolean;
}

/**
 * The one place that writes runs, their payloads and their logs. While one commit is under way everything that comes
 * in waits for the next, so that a busy service commits many runs at once and a quiet one commits at once.
 *
 * A run's log entries leave with or before its final row. A run that ends before its first row left is written once,
 * final. A final row is written only where the current one is not final and has the same owner and attempt, so that
 * whoever was declared lost cannot come back.
 */
export class Journal {
  readonly #pool: Pool;
  readonly #log: Logger;
  readonly #settings: Settings;
  readonly #committed: (chunks: readonly LogChunk[]) => void;
  readonly #gone: (error: TakenForGone) => void;
  /** In the order in which they came; a run is in here at most once. */
  readonly #pending = new TransientMap<string, Pending>();
  /** Runs of which something has left, and not their end. */
  readonly #begun = new Set<string>();
  #pendingBytes = 0;
  #urgent = false;
  #startTimer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  readonly #writer = new Writer();
  #position = 0;
  #closed = false;

  constructor(parts: {
    pool: Pool;
    log: Logger;
    settings: { writer: string } & Partial<Settings>;
    /** Called with every commit's chunks, in commit order. */
    committed: (chunks: readonly LogChunk[]) => void;
    /** Called when this service was taken for gone: nothing of it is written any more. */
    gone: (error: TakenForGone) => void;
  }) {
    this.#pool = parts.pool;
    this.#log = parts.log;
    this.#settings = { ...DEFAULTS, ...parts.settings };
    this.#committed = parts.committed;
    this.#gone = parts.gone;
  }

  get full(): boolean {
    return this.#pendingBytes > this.#settings.pendingBytesMax;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /**
   * A place in this writer's commits: after all that is committed, before all that is still to come. It is close to the
   * time, as the positions of chunks are, so that it is after the chunks of earlier services too.
   */
  place(): number {
    this.#position = Math.max(this.#position, Date.now() * 1000 - 1);
    return this.#position;
  }

  /**
   * The row of a run that has begun or moved on. Written soon, in company; `recorded` hurries it. Rows are values:
   * a run that changes is handed over as a new row, since an earlier one may be on its way. With a longer delay it waits
   * longer for its end, so that both are one.
   */
  begin(row: Run, payload: Payload | undefined, delayMs = this.#settings.startDelayMs): void {
    this.#put(row, payload, [], true, delayMs);
    this.#startTimer ??= setTimeout(() => this.#hurryBegun(), this.#settings.startDelayMs);
  }

  /** A run that is on record already, and that this service has from now on. */
  adopt(runId: string): void {
    this.#begun.add(runId);
  }

  /** Resolves once what is known of the run is committed. */
  recorded(row: Run): Promise<boolean> {
    const waiting = this.#pending.get(row.id);
    const pending = waiting ?? this.#put(row, undefined, [], true);
    return this.#await(pending);
  }

  /** Takes back a run that has not begun and is not on record. False when its row has left already. */
  withdraw(runId: string): boolean {
    const pending = this.#pending.get(runId);
    if (pending === undefined || pending.entries.length > 0) return false;
    this.#pending.delete(runId);
    this.#pendingBytes -= pending.bytes;
    return true;
  }

  /** Log entries of a run, in order. */
  append(row: Run, entries: readonly LogEntry[]): void {
    this.#put(row, undefined, entries, false).dueMs = 0;
    this.#hurry();
  }

  /**
   * The final row of a run. Resolves with true when it is committed, with false when the run already had another end
   * (it was declared lost). While the database is away it waits; `NotCommitted` only when the row itself is refused.
   */
  finish(row: Run, payload: Payload | undefined, forgetsInput = false): Promise<boolean> {
    const pending = this.#put(row, payload, [], true);
    pending.forgetsInput = forgetsInput;
    return this.#await(pending);
  }

  /** In place of a final row: the run waits again, and is no longer this service's. Otherwise as `finish`. */
  requeue(row: Run, requeue: Requeue): Promise<boolean> {
    const pending = this.#put(row, undefined, [], true);
    pending.requeue = requeue;
    return this.#await(pending);
  }

  /** Commits what is pending and takes nothing more. Gives up after `graceMs` when the database is away. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    for (const pending of this.#pending.values()) pending.dueMs = 0;
    this.#hurry();
    if (this.#writing === undefined) return;
    const grace = Promise.withResolvers<void>();
    const timer = setTimeout(grace.resolve, graceMs);
    await Promise.race([this.#writing, grace.promise]);
    clearTimeout(timer);
  }

  #await(pending: Pending): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    pending.waiters.push({ resolve, reject });
    pending.dueMs = 0;
    this.#hurry();
    return promise;
  }

  #put(
    row: Run,
    payload: Payload | undefined,
    entries: readonly LogEntry[],
    writesRow: boolean,
    delayMs = this.#settings.startDelayMs,
  ): Pending {
    let pending = this.#pending.get(row.id);
    if (pending === undefined) {
      const dueMs = performance.now() + delayMs;
      const isNew = row.attempt === 1 && !this.#begun.has(row.id);
      pending = {
        row,
        payload,
        writesRow,
        requeue: undefined,
        forgetsInput: false,
        entries: [],
        waiters: [],
        bytes: 0,
        dueMs,
        isNew,
      };
      this.#pending.set(row.id, pending);
    }
    pending.row = row;
    pending.payload = payload ?? pending.payload;
    pending.writesRow ||= writesRow;
    for (const entry of entries) pending.entries.push(entry);
    this.#weigh(pending);
    return pending;
  }

  #weigh(pending: Pending): void {
    const { payload, entries } = pending;
    let bytes = 512 + (payload?.body.byteLength ?? 0) + (payload?.result?.body.byteLength ?? 0);
    for (const entry of entries) bytes += 32 + entry.text.length;
    this.#pendingBytes += bytes - pending.bytes;
    pending.bytes = bytes;
  }

  /** Writes as soon as the commit under way, if any, is through. */
  #hurry(): void {
    if (this.#pending.size === 0) return;
    this.#urgent = true;
    if (this.#writing !== undefined) return;
    // What else arrives in this turn of the event loop joins the batch.
    this.#writing = Promise.resolve().then(() => this.#write());
  }

  /** Runs that have begun and not ended within their delay leave now; the younger ones get another. */
  #hurryBegun(): void {
    this.#startTimer = undefined;
    if (this.#pending.size === 0 || this.#closed) return;
    this.#startTimer = setTimeout(() => this.#hurryBegun(), this.#settings.startDelayMs);
    this.#hurry();
  }

  async #write(): Promise<void> {
    try {
      while (this.#urgent) {
        this.#urgent = false;
        const batch = this.#takeBatch();
        if (batch.length > 0) await this.#commit(batch);
      }
    } finally {
      this.#writing = undefined;
      this.#urgent = false;
    }
  }

  /** What is due, as much as one commit takes. A run that has only just begun stays: most end before they are due. */
  #takeBatch(): Pending[] {
    const batch: Pending[] = [];
    const nowMs = performance.now();
    let bytes = 0;
    for (const [id, pending] of this.#pending) {
      if (pending.dueMs > nowMs) continue;
      const full = batch.length >= this.#settings.batchRunsMax;
      if (full || (batch.length > 0 && bytes + pending.bytes > this.#settings.batchBytesMax)) {
        this.#urgent = true;
        break;
      }
      this.#pending.delete(id);
      if (isFinal(pending.row) || pending.requeue !== undefined) this.#begun.delete(id);
      else this.#begun.add(id);
      batch.push(pending);
      bytes += pending.bytes;
    }
    return batch;
  }

  /** Commits a batch, again and again while the database is away. */
  async #commit(batch: Pending[]): Promise<void> {
    const chunks = batch.flatMap((pending) => this.#chunksOf(pending));
    let known: Known = batch.every((pending) => pending.isNew) ? "nothing" : "rows";
    for (let attempt = 0; ; attempt++) {
      try {
        const written = await writeBatch(
          this.#pool,
          this.#writer,
          this.#settings.writer,
          batch,
          chunks,
          known,
        );
        for (const pending of batch) this.#pendingBytes -= pending.bytes;
        if (chunks.length > 0) this.#committed(chunks);
        for (const pending of batch) {
          for (const waiter of pending.waiters)
            waiter.resolve(!pending.writesRow || written.has(pending.row.id));
        }
        return;
      } catch (error) {
        if (error instanceof TakenForGone) {
          this.#gone(error);
          return this.#giveUp(batch, error);
        }
        // A commit whose confirmation was lost has happened: what is tried again may be there.
        const mayBeMore = known !== "everything";
        known = "everything";
        if (mayBeMore && isThere(error)) continue;
        if (refusedByContent(error)) return this.#commitOneByOne(batch, error);
        const waitMs = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]!;
        this.#log.error({ error, runs: batch.length, waitMs }, "runs could not be committed; trying again");
        if (this.#closed && attempt >= RETRY_MS.length) return this.#giveUp(batch, error);
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }

  /** The database refuses something in the batch for what it is: everything else must not suffer for it. */
  async #commitOneByOne(batch: Pending[], error: unknown): Promise<void> {
    const only = batch[0]!;
    if (batch.length > 1) {
      for (const pending of batch) await this.#commit([pending]);
      return;
    }
    this.#log.error({ error, runId: only.row.id }, "the database refuses to record a run");
    this.#giveUp(batch, error);
  }

  #giveUp(batch: Pending[], cause: unknown): void {
    for (const pending of batch) {
      this.#pendingBytes -= pending.bytes;
      for (const waiter of pending.waiters)
        waiter.reject(new NotCommitted("the run could not be recorded", { cause }));
    }
  }

  #chunksOf(pending: Pending): LogChunk[] {
    const { row, entries } = pending;
    const chunks: LogChunk[] = [];
    for (let from = 0; from < entries.length; ) {
      let to = from;
      for (let characters = 0; to < entries.length && to - from < CHUNK_ENTRIES_MAX; to++) {
        characters += entries[to]!.text.length;
        if (to > from && characters > CHUNK_CHARACTERS_MAX) break;
      }
      this.#position = Math.max(this.#position + 1, Date.now() * 1000);
      chunks.push({
        runId: row.id,
        codeId: row.codeId ?? null,
        projectId: row.projectId,
        version: row.version,
        attempt: row.attempt,
        firstSequence: entries[from]!.sequence,
        writer: this.#settings.writer,
        position: this.#position,
        entries: entries.slice(from, to),
      });
      from = to;
    }
    return chunks;
  }
}

function isFinal({ status }: Run): boolean {
  return status !== "QUEUED" && status !== "RUNNING";
}

/** A row of the same key is there already. */
function isThere(error: unknown): boolean {
  return (error as { code?: unknown }).code === "23505";
}

/** PostgreSQL's classes of errors that say "never like this" rather than "not now". */
function refusedByContent(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" && /^(22|23|54)/.test(code);
}
