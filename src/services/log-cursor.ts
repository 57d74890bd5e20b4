import { Refusal } from "../core/errors.ts";
import type { LogScope } from "./log-bus.ts";
import type { LogChunk, LogEntry } from "./log-entry.ts";

/**
 * Where a reader stands. In one run that is a sequence number. In a code's or project's log it is a position for each
 * writer, as every writer commits in an order of its own: `floor` holds for the writers that are not named, and `part`
 * names a chunk that was read only up to an entry.
 */
export interface LogCursor {
  /** The entries of a chunk that the reader has not seen; it has seen them from now on. */
  take(chunk: LogChunk): readonly LogEntry[];
  /** Opaque to callers; read back by `readCursor`. */
  text(): string;
  /** The cursor of any entry of this chunk, as `text` would be after it. */
  within(chunk: LogChunk): (entry: LogEntry) => string;
}

export class RunCursor implements LogCursor {
  sequence: number;
  readonly #runId: string;
  /** The reader has also seen the run's end. */
  readonly ended: boolean;

  constructor(runId: string, sequence: number, ended = false) {
    this.#runId = runId;
    this.sequence = sequence;
    this.ended = ended;
  }

  take(chunk: LogChunk): readonly LogEntry[] {
    const seen = this.sequence - chunk.firstSequence + 1;
    const last = chunk.entries.at(-1);
    if (last !== undefined && last.sequence > this.sequence) this.sequence = last.sequence;
    if (seen <= 0) return chunk.entries;
    return seen >= chunk.entries.length ? [] : chunk.entries.slice(seen);
  }

  text(): string {
    return `r.${this.sequence}.${tagOf(this.#runId)}`;
  }

  textAtEnd(): string {
    return `${this.text()}.end`;
  }

  within(_chunk: LogChunk): (entry: LogEntry) => string {
    const tag = tagOf(this.#runId);
    return (entry) => `r.${entry.sequence}.${tag}`;
  }
}

/**
 * How long after its position a chunk may be committed and still be seen by readers who do not know its writer: as long
 * as a service may go on trying while its database is away.
 */
const LATE_US = 600 * 1_000_000;
/** Writers that a cursor names; callers get cursors as texts of a limited length. */
const WRITERS_MAX = 20;

interface Part {
  readonly writer: string;
  readonly position: number;
  readonly sequence: number;
}

export class CommitCursor implements LogCursor {
  floor: number;
  readonly writers: Map<string, number>;
  #part: Part | undefined;
  readonly #owner: string;

  constructor(owner: string, floor: number, writers: Iterable<[string, number]> = [], part?: Part) {
    this.#owner = owner;
    this.floor = floor;
    this.writers = new Map(writers);
    this.#part = part;
    this.#shorten(0);
  }

  /** Nothing of this writer is new at or below this position. */
  seenOf(writer: string): number {
    return this.writers.get(writer) ?? this.floor;
  }

  /** Nothing at or below this position is new, whoever wrote it. */
  get leastPosition(): number {
    return this.writers.size === 0 ? this.floor : Math.min(this.floor, ...this.writers.values());
  }

  take(chunk: LogChunk): readonly LogEntry[] {
    if (chunk.position <= this.seenOf(chunk.writer)) return [];
    const part = this.#part;
    this.writers.set(chunk.writer, chunk.position);
    this.#shorten(chunk.position - LATE_US);
    if (part === undefined || part.writer !== chunk.writer || part.position !== chunk.position)
      return chunk.entries;
    this.#part = undefined;
    return chunk.entries.filter((entry) => entry.sequence > part.sequence);
  }

  /** Writers of whom nothing has come for the longest time are no longer named: services come and go. */
  #shorten(late: number): void {
    this.floor = Math.max(this.floor, late);
    for (const [writer, position] of this.writers) if (position <= late) this.writers.delete(writer);
    while (this.writers.size > WRITERS_MAX) {
      const [oldest, position] = [...this.writers].reduce((one, other) => (other[1] < one[1] ? other : one));
      this.writers.delete(oldest);
      this.floor = Math.max(this.floor, position);
    }
  }

  text(): string {
    const part = this.#part;
    const place = encode(this.#owner, this.floor, this.writers, part);
    return part === undefined ? place : `${place}.${part.sequence}`;
  }

  within(chunk: LogChunk): (entry: LogEntry) => string {
    const { writer, position } = chunk;
    const writers = new Map(this.writers).set(writer, position - 1);
    // Entries of one chunk differ in their sequence alone, which is therefore not part of what is encoded.
    const before = encode(this.#owner, this.floor, writers, { writer, position });
    return (entry) => `${before}.${entry.sequence}`;
  }
}

/** Who a cursor of this scope belongs to. */
export function ownerOf(scope: LogScope): string {
  if (scope.kind === "run") return scope.runId;
  return scope.kind === "code" ? scope.codeId : scope.projectId;
}

/** Reads a cursor that this scope gave; anything else is refused. */
export function readCursor(scope: LogScope, text: string): LogCursor {
  const cursor =
    scope.kind === "run" ? readRunCursor(scope.runId, text) : readCommitCursor(ownerOf(scope), text);
  if (cursor !== undefined) return cursor;
  throw new Refusal(
    "CURSOR_INVALID",
    "cursor: not one that a tail of this scope gave; leave it empty to start anew",
    {},
    { fields: [{ field: "cursor", description: "not one that a tail of this scope gave" }] },
  );
}

export function readRunCursor(runId: string, text: string): RunCursor | undefined {
  const match = /^r\.(\d{1,15})\.([0-9a-f]{6})(\.end)?$/.exec(text);
  if (match === null || match[2] !== tagOf(runId)) return undefined;
  return new RunCursor(runId, Number(match[1]), match[3] !== undefined);
}

function readCommitCursor(owner: string, text: string): CommitCursor | undefined {
  try {
    const match = /^c\.([\w-]+)(?:\.(\d{1,15}))?$/.exec(text);
    const read: unknown = JSON.parse(Buffer.from(match?.[1] ?? "", "base64url").toString("utf8"));
    const sequence = match?.[2];
    if (!isEncoded(read) || read.o !== tagOf(owner)) return undefined;
    if ((read.p === undefined) !== (sequence === undefined)) return undefined;
    const part = read.p && { writer: read.p[0], position: read.p[1], sequence: Number(sequence) };
    return new CommitCursor(owner, read.f, Object.entries(read.w), part);
  } catch {
    return undefined;
  }
}

interface Encoded {
  readonly o: string;
  readonly f: number;
  readonly w: Record<string, number>;
  readonly p?: [writer: string, position: number];
}

function encode(
  owner: string,
  floor: number,
  writers: Map<string, number>,
  part: Omit<Part, "sequence"> | undefined,
): string {
  const encoded: Encoded = {
    o: tagOf(owner),
    f: floor,
    w: Object.fromEntries(writers),
    ...(part && { p: [part.writer, part.position] as [string, number] }),
  };
  return `c.${Buffer.from(JSON.stringify(encoded)).toString("base64url")}`;
}

function isEncoded(value: unknown): value is Encoded {
  if (typeof value !== "object" || value === null) return false;
  const { o, f, w, p } = value as Partial<Encoded>;
  if (typeof o !== "string" || !Number.isSafeInteger(f) || typeof w !== "object" || w === null) return false;
  const writersAreWell = Object.entries(w).every(
    ([id, at]) => /^[0-9a-f-]{36}$/.test(id) && Number.isSafeInteger(at),
  );
  const partIsWell =
    p === undefined || (Array.isArray(p) && typeof p[0] === "string" && Number.isSafeInteger(p[1]));
  return writersAreWell && partIsWell;
}

/** Enough of an id to notice a cursor of another scope; scopes are checked for rights on their own. */
function tagOf(id: string): string {
  return id.slice(-6);
}
