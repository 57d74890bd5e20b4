import type { RunView } from "./live-run.ts";
import type { LogChunk } from "./log-entry.ts";

/** What is followed: one run, one code, or one project (or some of its codes). */
export type LogScope =
  | { readonly kind: "run"; readonly runId: string }
  | { readonly kind: "code"; readonly codeId: string }
  | { readonly kind: "project"; readonly projectId: string; readonly codeIds: readonly string[] };

export type BusItem = { readonly chunk: LogChunk } | { readonly ended: RunView };

/** Chunks that may wait for one slow reader; beyond that it is sent back to the history. */
const QUEUE_CHUNKS_MAX = 256;
const QUEUE_ENTRIES_MAX = 20_000;
/** Services come and go, and each is a writer of its own. */
const WRITERS_MAX = 1_000;

/** What other services on the database are told of what was committed here. */
export interface Elsewhere {
  committed(chunks: readonly LogChunk[]): void;
  ended(run: RunView["run"]): void;
}

/** Tells followers what was committed, each writer's chunks in the order of its commits. Never waits for anybody. */
export class LogBus {
  readonly #elsewhere: Elsewhere | undefined;
  readonly #subscriptions = new Map<string, Set<LogSubscription>>();
  readonly #newest = new Map<string, number>();

  constructor(elsewhere?: Elsewhere) {
    this.#elsewhere = elsewhere;
  }

  /** For each writer the position of the last chunk that followers have been told of. */
  get newest(): ReadonlyMap<string, number> {
    return this.#newest;
  }

  /** How many follow something now. */
  get followers(): number {
    let followers = 0;
    for (const readers of this.#subscriptions.values()) followers += readers.size;
    return followers;
  }

  subscribe(scope: LogScope): LogSubscription {
    const topic = topicOf(scope);
    const readers = this.#subscriptions.get(topic) ?? new Set();
    this.#subscriptions.set(topic, readers);
    const subscription = new LogSubscription(scope, () => {
      readers.delete(subscription);
      if (readers.size === 0) this.#subscriptions.delete(topic);
    });
    readers.add(subscription);
    return subscription;
  }

  /** This service has committed these. */
  committed(chunks: readonly LogChunk[]): void {
    this.heard(chunks);
    this.#elsewhere?.committed(chunks);
  }

  /** They were committed, here or by another service. */
  heard(chunks: readonly LogChunk[]): void {
    // A writer's positions grow with its commits.
    const last = chunks.at(-1);
    if (last !== undefined) this.#noteNewest(last);
    if (this.#subscriptions.size === 0) return;
    for (const chunk of chunks) {
      for (const topic of [`run ${chunk.runId}`, `code ${chunk.codeId}`, `project ${chunk.projectId}`]) {
        for (const subscription of this.#subscriptions.get(topic) ?? []) subscription.offer({ chunk });
      }
    }
  }

  ended(view: RunView): void {
    for (const subscription of this.#subscriptions.get(`run ${view.run.id}`) ?? [])
      subscription.offer({ ended: view });
    this.#elsewhere?.ended(view.run);
  }

  /** Something was, or may have been, missed: those whom it may concern look at the record. */
  lookAgain(what: "everything" | { readonly runId: string } | { readonly projectId: string }): void {
    if (what !== "everything" && "runId" in what) {
      for (const subscription of this.#subscriptions.get(`run ${what.runId}`) ?? []) subscription.miss();
      return;
    }
    // Only some of them are in the project; the others find nothing new.
    for (const readers of this.#subscriptions.values()) {
      for (const subscription of readers) subscription.miss();
    }
  }

  #noteNewest({ writer, position }: LogChunk): void {
    this.#newest.set(writer, Math.max(position, this.#newest.get(writer) ?? 0));
    if (this.#newest.size <= WRITERS_MAX) return;
    for (const writer of this.#newest.keys()) {
      this.#newest.delete(writer);
      return;
    }
  }
}

/** One reader's bounded queue. When the reader is too slow the queue is emptied and `overflowed` says so. */
export class LogSubscription implements Disposable {
  readonly #scope: LogScope;
  readonly #leave: () => void;
  #queue: BusItem[] = [];
  #entries = 0;
  #overflowed = false;
  #wake: (() => void) | undefined;

  constructor(scope: LogScope, leave: () => void) {
    this.#scope = scope;
    this.#leave = leave;
  }

  /** Forgets what is queued: the reader is about to read history. */
  restart(): void {
    this.#queue = [];
    this.#entries = 0;
    this.#overflowed = false;
  }

  /** Something was missed; the reader has to go to the history. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  offer(item: BusItem): void {
    if ("chunk" in item && !this.#wants(item.chunk)) return;
    if (!this.#overflowed) {
      this.#queue.push(item);
      if ("chunk" in item) this.#entries += item.chunk.entries.length;
      if (this.#queue.length > QUEUE_CHUNKS_MAX || this.#entries > QUEUE_ENTRIES_MAX) return this.miss();
    }
    this.#wake?.();
  }

  /** What comes next cannot be all there is. */
  miss(): void {
    this.restart();
    this.#overflowed = true;
    this.#wake?.();
  }

  /** All that is queued; waits when that is nothing. Empty when the wait was over first, or the signal fired. */
  async take(waitMs: number, signal: AbortSignal): Promise<BusItem[]> {
    if (this.#queue.length === 0 && !this.#overflowed && !signal.aborted)
      await this.#somethingOrLater(waitMs, signal);
    const items = this.#queue;
    this.#queue = [];
    this.#entries = 0;
    return items;
  }

  [Symbol.dispose](): void {
    this.#leave();
    this.#wake?.();
  }

  #wants(chunk: LogChunk): boolean {
    const scope = this.#scope;
    return (
      scope.kind !== "project" || scope.codeIds.length === 0 || scope.codeIds.includes(chunk.codeId ?? "")
    );
  }

  async #somethingOrLater(waitMs: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, waitMs);
    const aborted = () => resolve();
    signal.addEventListener("abort", aborted);
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
    signal.removeEventListener("abort", aborted);
    clearTimeout(timer);
  }
}

function topicOf(scope: LogScope): string {
  if (scope.kind === "run") return `run ${scope.runId}`;
  return scope.kind === "code" ? `code ${scope.codeId}` : `project ${scope.projectId}`;
}
