import type { Pool } from "pg";
import {
  BIGINT,
  BOOLEAN,
  BYTES,
  type Column,
  column,
  INT,
  insertColumns,
  JSONB,
  TEXT,
  TIMESTAMP,
  UUID,
  type Writer,
} from "../core/db/binary-arrays.ts";
import type { Run, StoredPair } from "../core/db/entities/runs.ts";
import { type PackedEntries, packEntries } from "./log-chunk.ts";
import type { LogChunk } from "./log-entry.ts";

/** What is kept of a run's request and result. */
export interface Payload {
  readonly method: string;
  readonly path: string;
  readonly query: readonly StoredPair[];
  readonly headers: readonly StoredPair[];
  readonly body: Uint8Array;
  readonly result?: {
    readonly statusCode: number;
    readonly contentType: string;
    readonly headers: readonly StoredPair[];
    readonly body: Uint8Array;
  };
}

/** What is to be written about one run. */
interface Written {
  readonly row: Run;
  readonly payload: Payload | undefined;
  /** Whether the row itself is to be written, or only log entries. */
  readonly writesRow: boolean;
}

interface PayloadRow {
  readonly runId: string;
  readonly payload: Payload;
}

interface ChunkRow {
  readonly chunk: LogChunk;
  readonly packed: PackedEntries;
}

/**
 * What of a batch may be in the database already: rows of runs that have begun, or, where its commit is tried again, all of
 * it. To look for it costs more than writing it; where the answer is wrong the database refuses the whole batch.
 */
export type Known = "nothing" | "rows" | "everything";

/**
 * Writes a batch in one statement, so one commit. Answers with the ids of the runs whose row is now the one given. The
 * writer's bytes are in use until this has answered: memory that is new for each batch would make the collector stop
 * everything for some milliseconds several times a second.
 */
export async function writeBatch(
  pool: Pool,
  writer: Writer,
  batch: readonly Written[],
  chunks: readonly LogChunk[],
  known: Known,
): Promise<Set<string>> {
  const rows: Rows = {
    runs: batch.filter((pending) => pending.writesRow).map((pending) => pending.row),
    payloads: batch.flatMap(({ row: { id }, payload }) =>
      payload === undefined ? [] : [{ runId: id, payload }],
    ),
    chunks: chunks.map((chunk) => ({ chunk, packed: packEntries(chunk.entries) })),
  };
  writer.reset();
  const written = TABLE_NAMES.filter((name) => rows[name].length > 0);
  const values = written.flatMap((name) => encode(name, rows, writer));
  const result = await pool.query<{ id: string }>({ ...statement(written, known), values });
  return new Set(known === "nothing" ? rows.runs.map(({ id }) => id) : result.rows.map(({ id }) => id));
}

/** What a batch has for each table. */
interface Rows {
  readonly runs: readonly Run[];
  readonly payloads: readonly PayloadRow[];
  readonly chunks: readonly ChunkRow[];
}

const RUN_COLUMNS: readonly Column<Run>[] = [
  column("id", UUID, (row) => row.id),
  column("project_id", UUID, (row) => row.projectId),
  column("code_id", UUID, (row) => row.codeId),
  column("version", INT, (row) => row.version),
  column("trigger", TEXT, (row) => row.trigger),
  column("status", TEXT, (row) => row.status),
  column("attempt", INT, (row) => row.attempt),
  column("owner", UUID, (row) => row.owner),
  column("create_time", TIMESTAMP, (row) => row.createTime),
  column("start_time", TIMESTAMP, (row) => row.startTime),
  column("end_time", TIMESTAMP, (row) => row.endTime),
  column("error_kind", TEXT, (row) => row.errorKind),
  column("error_message", TEXT, (row) => row.errorMessage),
  column("error_traceback", TEXT, (row) => row.errorTraceback),
  column("queue_us", BIGINT, (row) => row.queueUs),
  column("start_us", BIGINT, (row) => row.startUs),
  column("wall_us", BIGINT, (row) => row.wallUs),
  column("cpu_us", BIGINT, (row) => row.cpuUs),
  column("peak_memory_bytes", BIGINT, (row) => row.peakMemoryBytes),
  column("log_entries", BIGINT, (row) => row.logEntries),
  column("cold", BOOLEAN, (row) => row.cold),
];

const PAYLOAD_COLUMNS: readonly Column<PayloadRow>[] = [
  column("run_id", UUID, ({ runId }) => runId),
  column("method", TEXT, ({ payload }) => payload.method),
  column("path", TEXT, ({ payload }) => payload.path),
  column("query", JSONB, ({ payload }) => payload.query),
  column("headers", JSONB, ({ payload }) => payload.headers),
  column("body", BYTES, ({ payload }) => payload.body),
  column("result_status_code", INT, ({ payload }) => payload.result?.statusCode),
  column("result_content_type", TEXT, ({ payload }) => payload.result?.contentType),
  column("result_headers", JSONB, ({ payload }) => payload.result?.headers),
  column("result_body", BYTES, ({ payload }) => payload.result?.body),
];

const CHUNK_COLUMNS: readonly Column<ChunkRow>[] = [
  column("run_id", UUID, ({ chunk }) => chunk.runId),
  column("first_sequence", BIGINT, ({ chunk }) => chunk.firstSequence),
  column("entries", INT, ({ chunk }) => chunk.entries.length),
  column("project_id", UUID, ({ chunk }) => chunk.projectId),
  column("code_id", UUID, ({ chunk }) => chunk.codeId),
  column("version", INT, ({ chunk }) => chunk.version),
  column("attempt", INT, ({ chunk }) => chunk.attempt),
  column("writer", UUID, ({ chunk }) => chunk.writer),
  column("position", BIGINT, ({ chunk }) => chunk.position),
  column("min_time_us", BIGINT, ({ packed }) => packed.minTimeUs),
  column("max_time_us", BIGINT, ({ packed }) => packed.maxTimeUs),
  column("max_level", INT, ({ packed }) => packed.maxLevel),
  column("streams", INT, ({ packed }) => packed.streams),
  column("heads", BYTES, ({ packed }) => packed.heads),
  column("text", TEXT, ({ packed }) => packed.text),
];

/** What a row has that says which run it is, and not how far it has come. */
const FIXED = ["id", "project_id", "code_id", "trigger", "attempt", "owner", "create_time"];

/** The tables, and what becomes of a row that is there already. */
const TABLES: { readonly [Name in keyof Rows]: Table<Rows[Name][number]> } = {
  chunks: {
    name: "log_chunks",
    columns: CHUNK_COLUMNS,
    // It was written by a commit whose confirmation was lost.
    onConflict: "on conflict (run_id, first_sequence) do nothing",
  },
  payloads: {
    name: "run_payloads",
    columns: PAYLOAD_COLUMNS,
    onConflict: `on conflict (run_id) do update set ${replacing(PAYLOAD_COLUMNS, (name) => name.startsWith("result_") || name === "headers")}`,
  },
  runs: {
    name: "runs",
    columns: RUN_COLUMNS,
    onConflict: `on conflict (id) do update set ${replacing(RUN_COLUMNS, (name) => !FIXED.includes(name))}
      where runs.status in ('QUEUED', 'RUNNING') and runs.owner = excluded.owner and runs.attempt = excluded.attempt
      returning id`,
  },
};
const TABLE_NAMES = Object.keys(TABLES) as (keyof Rows)[];

interface Table<Row> {
  readonly name: string;
  readonly columns: readonly Column<Row>[];
  readonly onConflict: string;
}

function encode<Name extends keyof Rows>(name: Name, rows: Rows, to: Writer): Buffer[] {
  const { columns } = TABLES[name] as Table<Rows[Name][number]>;
  return columns.map((one) => one.encode(rows[name], to));
}

const statements = new Map<string, { readonly name: string; readonly text: string }>();

/** Only the tables that get something are part of it: opening one costs as much as several rows. */
function statement(names: readonly (keyof Rows)[], known: Known): { name: string; text: string } {
  const name = ["write", known, ...names].join("-");
  const kept = statements.get(name);
  if (kept !== undefined) return kept;
  let first = 1;
  const inserts = names.map((table) => {
    const { name: target, columns, onConflict } = TABLES[table];
    const insert = insertColumns(target, columns, first);
    first += columns.length;
    const isThere = known === "everything" || (known === "rows" && table !== "chunks");
    return `${table} as (${insert} ${isThere ? onConflict : ""})`;
  });
  const answer = known !== "nothing" && names.includes("runs") ? "select id from runs" : "select";
  const made = { name, text: `with ${inserts.join(", ")} ${answer}` };
  statements.set(name, made);
  return made;
}

function replacing(columns: readonly Column<never>[], isReplaced: (name: string) => boolean): string {
  const names = columns.map(({ name }) => name).filter(isReplaced);
  return names.map((name) => `${name} = excluded.${name}`).join(", ");
}
