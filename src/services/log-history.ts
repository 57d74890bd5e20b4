import type { Pool } from "pg";
import { firstIdAt } from "../core/db/partitions.ts";
import type { LogScope } from "./log-bus.ts";
import { unpackEntries } from "./log-chunk.ts";
import { CommitCursor, type LogCursor, RunCursor } from "./log-cursor.ts";
import { LEVEL_NUMBERS, type LogChunk, type LogFilter, STREAM_NUMBERS } from "./log-entry.ts";

/**
 * How long before a log entry its run can have been made: a durable one waits for up to seven days, and then takes its
 * time. Entries of one that is tried again after even longer are found in its own log only.
 */
const RUN_MS_MAX = 8 * 24 * 60 * 60 * 1000;

interface Row {
  run_id: string;
  first_sequence: string;
  project_id: string;
  code_id: string | null;
  version: number;
  attempt: number;
  writer: string;
  position: string;
  heads: Buffer;
  text: string;
}

/** A place in a stretch of history, for reading it page by page in either direction. */
export interface HistoryPlace {
  /** First sequence in a run; position otherwise. */
  readonly at: number;
}

/** Reads committed log chunks. Each statement goes by an index, and opens only the days it needs. */
export class LogHistory {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** The next chunks after a cursor, in the order a follower sees them; the cursor is not moved. */
  async after(scope: LogScope, cursor: LogCursor, limit: number): Promise<LogChunk[]> {
    if (cursor instanceof RunCursor) return this.#ofRunAfter(scope, cursor.sequence, limit);
    if (!(cursor instanceof CommitCursor)) throw new Error("a cursor of an unknown kind");
    const least = cursor.leastPosition;
    return this.#read(
      `where ${scopeColumn(scope)} = $1 and ($2::uuid[] = '{}' or code_id = any($2::uuid[]))
         and position > $3 and run_id >= $4
         and position > coalesce(($5::jsonb ->> writer::text)::bigint, $6)
       order by position limit $7`,
      [
        scopeId(scope),
        codeIdsOf(scope),
        least,
        firstIdAt(least / 1000 - RUN_MS_MAX),
        JSON.stringify(Object.fromEntries(cursor.writers)),
        cursor.floor,
        limit,
      ],
    );
  }

  /** The newest chunks, newest first, before a place. */
  before(
    scope: LogScope,
    place: HistoryPlace | undefined,
    filter: LogFilter,
    limit: number,
  ): Promise<LogChunk[]> {
    return this.#stretch(scope, place, filter, limit, "newest");
  }

  /** Chunks oldest first, at a place or after it. */
  from(
    scope: LogScope,
    place: HistoryPlace | undefined,
    filter: LogFilter,
    limit: number,
  ): Promise<LogChunk[]> {
    return this.#stretch(scope, place, filter, limit, "oldest");
  }

  #stretch(
    scope: LogScope,
    place: HistoryPlace | undefined,
    filter: LogFilter,
    limit: number,
    first: "newest" | "oldest",
  ): Promise<LogChunk[]> {
    const order = scope.kind === "run" ? "first_sequence" : "position";
    const values: unknown[] = [scopeId(scope), codeIdsOf(scope)];
    const tests = [`${scopeColumn(scope)} = $1`, "($2::uuid[] = '{}' or code_id = any($2::uuid[]))"];
    const test = (sql: (parameter: string) => string, value: unknown) => {
      values.push(value);
      tests.push(sql(`$${values.length}`));
    };
    if (place !== undefined) test((p) => `${order} ${first === "newest" ? "<=" : ">="} ${p}`, place.at);
    const { minimumLevel, streams, startTimeUs, endTimeUs } = filter;
    if (minimumLevel !== undefined) test((p) => `max_level >= ${p}`, LEVEL_NUMBERS[minimumLevel]);
    if (streams !== undefined && streams.length > 0) {
      test(
        (p) => `streams & ${p} <> 0`,
        streams.reduce((mask, stream) => mask | (1 << STREAM_NUMBERS[stream]), 0),
      );
    }
    if (filter.text !== undefined && filter.text !== "") {
      test((p) => `strpos(lower(text), ${p}) > 0`, filter.text.toLowerCase());
    }
    if (startTimeUs !== undefined) {
      test((p) => `max_time_us >= ${p}`, Math.floor(startTimeUs));
      test((p) => `run_id >= ${p}`, firstIdAt(startTimeUs / 1000 - RUN_MS_MAX));
    }
    if (endTimeUs !== undefined) {
      test((p) => `min_time_us < ${p}`, Math.ceil(endTimeUs));
      test((p) => `run_id < ${p}`, firstIdAt(endTimeUs / 1000 + 1));
    }
    values.push(limit);
    const direction = first === "newest" ? "desc" : "asc";
    return this.#read(
      `where ${tests.join(" and ")} order by ${order} ${direction} limit $${values.length}`,
      values,
    );
  }

  #ofRunAfter(scope: LogScope, sequence: number, limit: number): Promise<LogChunk[]> {
    return this.#read(
      "where run_id = $1 and first_sequence + entries - 1 > $2 order by first_sequence limit $3",
      [scopeId(scope), sequence, limit],
    );
  }

  async #read(clause: string, values: unknown[]): Promise<LogChunk[]> {
    const { rows } = await this.#pool.query<Row>(
      `select run_id, first_sequence, project_id, code_id, version, attempt, writer, position, heads, text
       from log_chunks ${clause}`,
      values,
    );
    return rows.map(chunkOf);
  }
}

function chunkOf(row: Row): LogChunk {
  const firstSequence = Number(row.first_sequence);
  return {
    runId: row.run_id,
    codeId: row.code_id,
    projectId: row.project_id,
    version: row.version,
    attempt: row.attempt,
    firstSequence,
    writer: row.writer,
    position: Number(row.position),
    entries: unpackEntries({ heads: row.heads, text: row.text, firstSequence }),
  };
}

function scopeColumn(scope: LogScope): string {
  return { run: "run_id", code: "code_id", project: "project_id" }[scope.kind];
}

function scopeId(scope: LogScope): string {
  if (scope.kind === "run") return scope.runId;
  return scope.kind === "code" ? scope.codeId : scope.projectId;
}

function codeIdsOf(scope: LogScope): readonly string[] {
  return scope.kind === "project" ? scope.codeIds : [];
}
