import type { MikroORM } from "@mikro-orm/postgresql";
import { CodeEntity } from "../core/db/entities/codes.ts";
import { ProjectEntity } from "../core/db/entities/projects.ts";
import { type Run, RunEntity } from "../core/db/entities/runs.ts";
import { type Call, codeNotFound, projectNotFound, requireRole, runNotFound } from "./access.ts";
import type { RunView } from "./live-run.ts";
import type { BusItem, LogBus, LogScope, LogSubscription } from "./log-bus.ts";
import { CommitCursor, type LogCursor, ownerOf, RunCursor, readCursor } from "./log-cursor.ts";
import { entryFilter, type LogChunk, type LogEntry, type LogFilter } from "./log-entry.ts";
import type { LogHistory } from "./log-history.ts";
import type { Following, News } from "./news.ts";
import { type Page, type PageAsk, pageSize, pageStart, pageToken, pageTokenInvalid } from "./pages.ts";

/** How long a follower hears nothing before it is told that all is well. */
export const HEARTBEAT_MS = 15_000;
const CHUNKS_PER_READ = 50;
/** What one page of a filtered list may look at before it answers with what it has. */
const CHUNKS_PER_PAGE_MAX = 500;
/** Readers of one chunk who stand at more different places than that share nothing. */
const SHARED_PLACES_MAX = 8;

/** An entry with the place it belongs to. */
export interface PlacedEntry {
  readonly entry: LogEntry;
  readonly chunk: LogChunk;
  readonly cursor: string;
}

/** What a follower is told, in order; every item carries the cursor to go on from. */
export type LogItem =
  | EntriesItem
  | {
      readonly kind: "gap";
      readonly fromSequence: number;
      readonly toSequence: number;
      readonly cursor: string;
    }
  | { readonly kind: "heartbeat"; readonly cursor: string }
  | { readonly kind: "ended"; readonly view: RunView; readonly cursor: string };

interface EntriesItem {
  readonly kind: "entries";
  readonly entries: readonly PlacedEntry[];
  readonly cursor: string;
}

/** Where a follower starts. */
export type LogStart =
  | { readonly from: "now" }
  | { readonly from: "beginning" }
  | { readonly from: "last"; readonly count: number }
  | { readonly from: "cursor"; readonly cursor: string };

/** Reads logs, as history and live. */
export class Logs {
  readonly #orm: MikroORM;
  readonly #bus: LogBus;
  readonly #history: LogHistory;
  readonly #news: Pick<News, "follow">;
  readonly #writer: string;
  readonly #place: () => number;
  readonly #shared = new SharedItems();

  constructor(parts: {
    orm: MikroORM;
    bus: LogBus;
    history: LogHistory;
    /** Where other services tell what they commit. */
    news: Pick<News, "follow">;
    /** This service's id, as a writer of logs and an owner of runs. */
    writer: string;
    /** The place in the journal after everything that is committed now. */
    place: () => number;
  }) {
    this.#orm = parts.orm;
    this.#bus = parts.bus;
    this.#history = parts.history;
    this.#news = parts.news;
    this.#writer = parts.writer;
    this.#place = parts.place;
  }

  /** A page of history. */
  async list(
    call: Call,
    scope: LogScope,
    filter: LogFilter,
    ask: PageAsk & { newestFirst: boolean },
  ): Promise<Page<PlacedEntry>> {
    await this.#requireViewer(call, scope);
    const question = { list: "log", scope, filter, newestFirst: ask.newestFirst };
    const start = placeOf(pageStart(question, ask.token));
    const size = pageSize(ask.size);
    const wanted = entryFilter(filter);
    const found: PlacedEntry[] = [];
    let place = start?.at === undefined ? undefined : { at: start.at };
    let seen = start;
    for (let looked = 0; looked < CHUNKS_PER_PAGE_MAX; ) {
      const chunks = ask.newestFirst
        ? await this.#history.before(scope, place, filter, CHUNKS_PER_READ)
        : await this.#history.from(scope, place, filter, CHUNKS_PER_READ);
      for (const chunk of chunks) {
        const at = scope.kind === "run" ? chunk.firstSequence : chunk.position;
        const entries = ask.newestFirst ? chunk.entries.toReversed() : chunk.entries;
        for (const entry of entries) {
          if (
            seen?.at === at &&
            (ask.newestFirst ? entry.sequence >= seen.sequence : entry.sequence <= seen.sequence)
          )
            continue;
          seen = { at, sequence: entry.sequence };
          if (wanted !== undefined && !wanted(entry)) continue;
          if (found.length === size)
            return { items: found, nextToken: pageToken(question, lastPlace(found, scope)) };
          found.push(placed(scope, chunk, entry));
        }
      }
      if (chunks.length < CHUNKS_PER_READ) return { items: found, nextToken: "" };
      looked += chunks.length;
      place = { at: seen!.at };
    }
    return { items: found, nextToken: pageToken(question, seen) };
  }

  /** Checks that the caller may read this log, and where it wants to start; then follows. */
  async tail(
    call: Call,
    scope: LogScope,
    start: LogStart,
    filter: LogFilter,
  ): Promise<{ cursor: string; items: AsyncGenerator<LogItem> }> {
    const projectId = await this.#requireViewer(call, scope);
    using following = await this.#news.follow(projectId);
    const cursor = await this.#startCursor(scope, start, following);
    const since = start.from === "now" ? following.session : undefined;
    const items = this.follow(scope, cursor, filter, call.signal, { projectId, since });
    return { cursor: cursor.text(), items };
  }

  /**
   * Follows a log from a cursor: subscribes, reads history, then goes on live, so that nothing falls between the two.
   * A reader that is too slow for the live part, or for whom something is missing in it, is sent back to the history and
   * misses nothing. Following a run ends with the run; everything else with the signal.
   */
  async *follow(
    scope: LogScope,
    cursor: LogCursor,
    filter: LogFilter,
    signal: AbortSignal,
    from?: FollowFrom,
  ): AsyncGenerator<LogItem> {
    if (cursor instanceof RunCursor && cursor.ended) return;
    using subscription = this.#bus.subscribe(scope);
    using elsewhere = new DisposableStack();
    let following: Following | undefined;
    if (from !== undefined) following = elsewhere.use(await this.#news.follow(from.projectId));
    // Where nothing was committed since, there is no history to read: a thousand who begin at once ask for none.
    let isCaughtUp = following !== undefined && following.session === from?.since && this.#isNewest(cursor);
    const reader: Reader = {
      scope,
      cursor,
      wanted: entryFilter(filter),
      filter: JSON.stringify(filter),
      shared: this.#shared,
      heartbeatMs: performance.now() + HEARTBEAT_MS,
    };
    while (!signal.aborted) {
      subscription.restart();
      // Read before the history: what a run that has ended wrote is all in there.
      const run = scope.kind === "run" ? await this.#run(scope.runId) : undefined;
      const isOver = run !== undefined && run.status !== "QUEUED" && run.status !== "RUNNING";
      if (run !== undefined && !isOver && following === undefined && !this.#isOnlyHere(run)) {
        // Looked at once more, as it may have ended before the others were asked to tell.
        following = elsewhere.use(await this.#news.follow(run.projectId));
        continue;
      }
      if (!isCaughtUp) yield* this.#catchUp(reader, signal);
      isCaughtUp = false;
      if (isOver)
        return yield { kind: "ended", view: { run, payload: undefined }, cursor: endCursor(cursor) };
      const end = yield* followLive(reader, subscription, signal);
      if (end) return;
    }
  }

  async *#catchUp(reader: Reader, signal: AbortSignal): AsyncGenerator<LogItem> {
    while (!signal.aborted) {
      const chunks = await this.#history.after(reader.scope, reader.cursor, CHUNKS_PER_READ);
      for (const chunk of chunks) yield* itemsOf(reader, chunk);
      if (chunks.length < CHUNKS_PER_READ) return;
    }
  }

  async #run(runId: string): Promise<Run> {
    const run = await this.#orm.em.fork().findOne(RunEntity, { id: runId });
    if (run === null) throw runNotFound(runId);
    return run;
  }

  /** Nobody else can write the run's log, or end it: durable runs may move on to another service. */
  #isOnlyHere(run: Run): boolean {
    return run.owner === this.#writer && run.trigger !== "ASYNC" && run.trigger !== "SCHEDULE";
  }

  /** Nothing of what followers have been told of comes after it. */
  #isNewest(cursor: LogCursor): boolean {
    if (!(cursor instanceof CommitCursor)) return false;
    for (const [writer, position] of this.#bus.newest) if (position > cursor.seenOf(writer)) return false;
    return true;
  }

  async #startCursor(scope: LogScope, start: LogStart, following: Following): Promise<LogCursor> {
    switch (start.from) {
      case "cursor":
        return readCursor(scope, start.cursor);
      case "beginning":
        return scope.kind === "run" ? new RunCursor(scope.runId, 0) : new CommitCursor(ownerOf(scope), 0);
      case "last":
        return this.#cursorBeforeLast(scope, start.count, following);
      case "now": {
        if (scope.kind !== "run")
          return new CommitCursor(ownerOf(scope), this.#place(), this.#placesNow(following));
        const [newest] = await this.#history.before(scope, undefined, {}, 1);
        return new RunCursor(scope.runId, newest?.entries.at(-1)?.sequence ?? 0);
      }
    }
  }

  /**
   * Where each of the other writers stands now. Clocks differ between hosts, so that one writer's place says nothing about
   * what another one is about to commit.
   */
  #placesNow(following: Following): Map<string, number> {
    const places = new Map<string, number>();
    for (const [writer, place] of following.places)
      places.set(writer, Math.max(place, this.#bus.newest.get(writer) ?? 0));
    return places;
  }

  /** The cursor after which exactly this many entries come, or all there are. */
  async #cursorBeforeLast(scope: LogScope, count: number, following: Following): Promise<LogCursor> {
    const places = this.#placesNow(following).set(this.#writer, this.#place());
    let left = count;
    let place: { at: number } | undefined;
    for (;;) {
      const chunks = await this.#history.before(scope, place, {}, CHUNKS_PER_READ);
      for (const chunk of chunks) {
        if (chunk.entries.length >= left) {
          const sequence = chunk.firstSequence + chunk.entries.length - left - 1;
          if (scope.kind === "run") return new RunCursor(scope.runId, sequence);
          const part = { writer: chunk.writer, position: chunk.position, sequence };
          // Those whose clocks are behind have still to reach that place.
          const behind = [...places].filter(([, at]) => at < chunk.position - 1);
          return new CommitCursor(ownerOf(scope), chunk.position - 1, behind, part);
        }
        left -= chunk.entries.length;
      }
      const oldest = chunks.at(-1);
      if (oldest === undefined || chunks.length < CHUNKS_PER_READ) {
        return scope.kind === "run" ? new RunCursor(scope.runId, 0) : new CommitCursor(ownerOf(scope), 0);
      }
      place = { at: (scope.kind === "run" ? oldest.firstSequence : oldest.position) - 1 };
    }
  }

  /** Answers with the project that the log belongs to. */
  async #requireViewer(call: Call, scope: LogScope): Promise<string> {
    const em = this.#orm.em.fork();
    if (scope.kind === "project") {
      const { projectId } = scope;
      requireRole(call.caller, "VIEWER", { projectId, notFound: () => projectNotFound(projectId) });
      const project = await em.findOne(ProjectEntity, { id: projectId, deleteTime: null });
      if (project === null) throw projectNotFound(projectId);
      const codeIds = [...new Set(scope.codeIds)];
      const known = await em.find(CodeEntity, { id: { $in: codeIds }, projectId }, { fields: ["id"] });
      const unknown = codeIds.find((codeId) => !known.some((code) => code.id === codeId));
      if (unknown !== undefined) throw codeNotFound(unknown);
      return projectId;
    }
    const notFound = () => (scope.kind === "run" ? runNotFound(scope.runId) : codeNotFound(scope.codeId));
    const found =
      scope.kind === "run"
        ? await em.findOne(RunEntity, { id: scope.runId })
        : await em.findOne(CodeEntity, { id: scope.codeId });
    if (found === null) throw notFound();
    requireRole(call.caller, "VIEWER", { projectId: found.projectId, notFound });
    return found.projectId;
  }
}

/** What is known of the log that is followed: its project, and since when nothing of it can have been missed. */
interface FollowFrom {
  readonly projectId: string;
  /** Undefined where there may be history to read. */
  readonly since: object | undefined;
}

/** Where a follower stands, and what it wants to see. */
interface Reader {
  readonly scope: LogScope;
  readonly cursor: LogCursor;
  readonly wanted: ((entry: LogEntry) => boolean) | undefined;
  /** Stands for `wanted`. */
  readonly filter: string;
  readonly shared: SharedItems;
  /** When it is told that all is well, unless something comes first. */
  heartbeatMs: number;
}

/** Goes on live until the run ends (true), the signal fires, or something was missed (both false). */
async function* followLive(
  reader: Reader,
  subscription: LogSubscription,
  signal: AbortSignal,
): AsyncGenerator<LogItem, boolean> {
  const { cursor } = reader;
  while (!signal.aborted && !subscription.overflowed) {
    const waitMs = Math.max(0, reader.heartbeatMs - performance.now());
    const items: BusItem[] = await subscription.take(waitMs, signal);
    if (items.length === 0 && !signal.aborted && performance.now() >= reader.heartbeatMs) {
      reader.heartbeatMs = performance.now() + HEARTBEAT_MS;
      yield { kind: "heartbeat", cursor: cursor.text() };
    }
    for (const item of items) {
      if ("ended" in item) {
        yield { kind: "ended", view: item.ended, cursor: endCursor(cursor) };
        return true;
      }
      yield* itemsOf(reader, item.chunk);
    }
  }
  return false;
}

/** What a chunk means to a reader: nothing, entries, or first a gap where entries before it are gone. */
function* itemsOf(reader: Reader, chunk: LogChunk): Generator<LogItem> {
  const { scope, cursor, shared } = reader;
  const next = cursor instanceof RunCursor ? cursor.sequence + 1 : chunk.firstSequence;
  const fresh = cursor.take(chunk);
  if (next < chunk.firstSequence && scope.kind === "run") {
    const toSequence = chunk.firstSequence - 1;
    const before = new RunCursor(scope.runId, toSequence);
    yield { kind: "gap", fromSequence: next, toSequence, cursor: before.text() };
  }
  if (fresh.length === 0) return;
  const item = shared.item(chunk, `${cursor.text()} ${fresh[0]!.sequence} ${reader.filter}`, () =>
    entriesItem(reader, chunk, fresh),
  );
  if (item.entries.length === 0) return;
  reader.heartbeatMs = performance.now() + HEARTBEAT_MS;
  yield item;
}

function entriesItem({ cursor, wanted }: Reader, chunk: LogChunk, fresh: readonly LogEntry[]): EntriesItem {
  const entries = wanted === undefined ? fresh : fresh.filter(wanted);
  const last = entries.length - 1;
  const [after, within] = [cursor.text(), cursor.within(chunk)];
  return {
    kind: "entries",
    entries: entries.map((entry, index) => ({
      entry,
      chunk,
      cursor: index === last ? after : within(entry),
    })),
    cursor: after,
  };
}

/**
 * What chunks mean to readers who stand at the same place and want the same. They get one and the same item, so that
 * whoever encodes it can do that once for a thousand of them.
 */
class SharedItems {
  readonly #items = new WeakMap<LogChunk, Map<string, EntriesItem>>();

  item(chunk: LogChunk, key: string, make: () => EntriesItem): EntriesItem {
    const known = this.#items.get(chunk) ?? new Map<string, EntriesItem>();
    this.#items.set(chunk, known);
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = make();
    if (known.size < SHARED_PLACES_MAX) known.set(key, made);
    return made;
  }
}

function endCursor(cursor: LogCursor): string {
  return cursor instanceof RunCursor ? cursor.textAtEnd() : cursor.text();
}

function placed(scope: LogScope, chunk: LogChunk, entry: LogEntry): PlacedEntry {
  const cursor =
    scope.kind === "run"
      ? new RunCursor(scope.runId, 0)
      : new CommitCursor(ownerOf(scope), chunk.position - 1);
  return { entry, chunk, cursor: cursor.within(chunk)(entry) };
}

interface ListPlace {
  readonly at: number;
  readonly sequence: number;
}

function lastPlace(found: readonly PlacedEntry[], scope: LogScope): ListPlace {
  const { chunk, entry } = found.at(-1)!;
  return { at: scope.kind === "run" ? chunk.firstSequence : chunk.position, sequence: entry.sequence };
}

function placeOf(start: unknown): ListPlace | undefined {
  if (start === undefined) return undefined;
  const { at, sequence } = start as Partial<ListPlace>;
  if (Number.isSafeInteger(at) && Number.isSafeInteger(sequence)) return start as ListPlace;
  throw pageTokenInvalid();
}
