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
  unnestColumns,
  type Writer,
} from "../core/db/binary-arrays.ts";
import type { EarlierAttempt, Run, StoredPair } from "../core/db/entities/runs.ts";
import type { Queryable } from "./durable-orders.ts";
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

/** A durable run that waits again: for its next attempt, or for another chance of the same one. */
export interface Requeue {
  /** The attempt that it waits for. */
  readonly attempt: number;
  /** The version that it waits for; 0 for the one that is active then. */
  readonly version: number;
  readonly dueTime: Date;
  /** The attempt before it, where that counts. */
  readonly earlier: EarlierAttempt | undefined;
}

/** What is to be written about one run. */
export interface Written {
  readonly row: Run;
  readonly payload: Payload | undefined;
  /** Whether the row itself is to be written, or only log entries. */
  readonly writesRow: boolean;
  /** Instead of the row: that it waits again. */
  readonly requeue?: Requeue | undefined;
  /** What the run was given is not kept beyond this row. */
  readonly forgetsInput?: boolean | undefined;
}

interface PayloadRow {
  readonly runId: string;
  readonly payload: Payload;
}

interface ChunkRow {
  readonly chunk: LogChunk;
  readonly packed: PackedEntries;
}

interface RequeueRow {
  readonly row: Run;
  readonly requeue: Requeue;
}

/**
 * What of a batch may be in the database already: rows of runs that have begun, or, where its commit is tried again, all of
 * it. To look for it costs more than writing it; where the answer is wrong the database refuses the whole batch.
 */
export type Known = "nothing" | "rows" | "everything";

/** The instance that is to write was taken for gone: its runs belong to others, and nothing was written. */
export class TakenForGone extends Error {
  override name = "TakenForGone";
}

/**
 * Writes a batch in one statement, so one commit, as long as the instance that writes is not taken for gone: its row is
 * locked against that until the commit. Answers with the ids of the runs whose row is now the one given, or which wait
 * again. The writer's bytes are in use until this has answered: memory that is new for each batch would make the
 * collector stop everything for some milliseconds several times a second.
 */
export async function writeBatch(
  db: Queryable,
  writer: Writer,
  instanceId: string,
  batch: readonly Written[],
  chunks: readonly LogChunk[],
  known: Known,
): Promise<Set<string>> {
  const rows: Rows = {
    runs: batch.filter(writesRun).map(({ row }) => row),
    payloads: batch.flatMap(({ row: { id }, payload }) =>
      payload === undefined ? [] : [{ runId: id, payload }],
    ),
    chunks: chunks.map((chunk) => ({ chunk, packed: packEntries(chunk.entries) })),
    requeues: batch.flatMap(({ row, requeue }) => (requeue === undefined ? [] : [{ row, requeue }])),
    forgotten: batch.filter(({ forgetsInput }) => forgetsInput).map(({ row: { id } }) => ({ runId: id })),
  };
  writer.reset();
  const written = TABLE_NAMES.filter((name) => rows[name].length > 0);
  const values = [instanceId, ...written.flatMap((name) => encode(name, rows, writer))];
  const result = await db.query({ ...statement(written, known), values });
  const answered = result.rows as { mine: boolean; id: string | null }[];
  if (!answered[0]!.mine) throw new TakenForGone("this service was taken for gone; its runs are others' now");
  if (known === "nothing") return new Set(rows.runs.map(({ id }) => id));
  return new Set(answered.flatMap(({ id }) => id ?? []));
}

function writesRun({ writesRow, requeue }: Written): boolean {
  return writesRow && requeue === undefined;
}

/** What a batch has for each table. */
interface Rows {
  readonly runs: readonly Run[];
  readonly payloads: readonly PayloadRow[];
  readonly chunks: readonly ChunkRow[];
  readonly requeues: readonly RequeueRow[];
  readonly forgotten: readonly { readonly runId: string }[];
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

const REQUEUE_COLUMNS: readonly Column<RequeueRow>[] = [
  column("run_id", UUID, ({ row }) => row.id),
  column("owner", UUID, ({ row }) => row.owner),
  column("attempt", INT, ({ row }) => row.attempt),
  column("next_attempt", INT, ({ requeue }) => requeue.attempt),
  column("version", INT, ({ requeue }) => requeue.version),
  column("due_time", TIMESTAMP, ({ requeue }) => requeue.dueTime),
  column("log_entries", BIGINT, ({ row }) => row.logEntries),
  column("earlier", JSONB, ({ requeue }) => requeue.earlier),
];

const FORGOTTEN_COLUMNS: readonly Column<{ readonly runId: string }>[] = [
  column("run_id", UUID, ({ runId }) => runId),
];

/** What a row has that says which run it is, and not how far it has come. */
const FIXED = ["id", "project_id", "code_id", "trigger", "owner", "create_time"];

/** Only whoever has the current attempt of a run may say what becomes of it; what it says may be that the next one is under way. */
const IS_CURRENT = (given: string) =>
  `runs.status in ('QUEUED', 'RUNNING') and runs.owner = ${given}.owner and runs.attempt <= ${given}.attempt`;

/** The tables, and what becomes of a row that is there already. */
const TABLES: { readonly [Name in keyof Rows]: Table<Rows[Name][number]> } = {
  runs: {
    columns: RUN_COLUMNS,
    write: (first, known) => {
      const insert = `${insertColumns("runs", RUN_COLUMNS, first)} where ${IS_MINE}`;
      if (known === "nothing") return insert;
      return `${insert} on conflict (id) do update set ${replacing(RUN_COLUMNS, (name) => !FIXED.includes(name))}
        where ${IS_CURRENT("excluded")} returning id`;
    },
  },
  requeues: {
    columns: REQUEUE_COLUMNS,
    write: (
      first,
    ) => `update runs set status = 'QUEUED', owner = null, start_time = null, attempt = again.next_attempt,
        version = again.version, due_time = again.due_time, log_entries = again.log_entries
      from ${unnestColumns(REQUEUE_COLUMNS, first, "again")}
      where runs.id = again.run_id and ${IS_CURRENT("again")} and ${IS_MINE}
      returning runs.id, again.earlier`,
  },
  chunks: {
    columns: CHUNK_COLUMNS,
    // What is there already was written by a commit whose confirmation was lost.
    write: (first, known) => `${insertColumns("log_chunks", CHUNK_COLUMNS, first)} where ${IS_MINE}
      ${known === "everything" ? "on conflict (run_id, first_sequence) do nothing" : ""}`,
  },
  payloads: {
    columns: PAYLOAD_COLUMNS,
    write: (first, known) => {
      const insert = insertColumns("run_payloads", PAYLOAD_COLUMNS, first);
      if (known === "nothing") return `${insert} where ${IS_MINE}`;
      // A result that came too late is not kept.
      return `${insert} where given.run_id in (select id from written)
        on conflict (run_id) do update set ${replacing(PAYLOAD_COLUMNS, (name) => name.startsWith("result_") || name === "headers")}`;
    },
  },
  forgotten: {
    columns: FORGOTTEN_COLUMNS,
    write: (first) =>
      `delete from run_payloads where run_id = any($${first}::uuid[]) and run_id in (select id from written)`,
  },
};
/** Those that write runs come first. */
const TABLE_NAMES = Object.keys(TABLES) as (keyof Rows)[];
const WRITE_RUNS = ["runs", "requeues"] as const;

interface Table<Row> {
  readonly columns: readonly Column<Row>[];
  /** The statement whose parameters begin with `$first`. */
  readonly write: (first: number, known: Known) => string;
}

function encode<Name extends keyof Rows>(name: Name, rows: Rows, to: Writer): Buffer[] {
  const { columns } = TABLES[name] as Table<Rows[Name][number]>;
  return columns.map((one) => one.encode(rows[name], to));
}

const statements = new Map<string, { readonly name: string; readonly text: string }>();

/** The instance's row, held until the commit: whoever takes it for gone waits, or was first. */
const MINE = "mine as materialized (select 1 from instances where id = $1::uuid for key share)";
const IS_MINE = "exists (select from mine)";

const REMEMBER = `earlier_part as (
  update run_orders set earlier_attempts = run_orders.earlier_attempts || again.earlier
  from requeues_part as again where run_orders.run_id = again.id and again.earlier is not null)`;

/** Only the tables that get something are part of it: opening one costs as much as several rows. */
function statement(names: readonly (keyof Rows)[], known: Known): { name: string; text: string } {
  const name = ["write", known, ...names].join("-");
  const kept = statements.get(name);
  if (kept !== undefined) return kept;
  let first = 2;
  const parts = names.map((table) => {
    const { columns, write } = TABLES[table];
    const part = `${table}_part as (${write(first, known)})`;
    first += columns.length;
    return part;
  });
  const writers = WRITE_RUNS.filter((table) => known !== "nothing" && names.includes(table));
  const ids = writers.map((table) => `select id from ${table}_part`).join(" union all ");
  const written = `written as (${ids || "select null::uuid as id where false"})`;
  // Behind the parts that write runs, which come first.
  const all = [MINE, ...parts.toSpliced(writers.length, 0, written)];
  if (names.includes("requeues")) all.push(REMEMBER);
  const text = `with ${all.join(", ")}
    select held.mine, written.id from (select ${IS_MINE} as mine) as held left join written on true`;
  const made = { name, text };
  statements.set(name, made);
  return made;
}

function replacing(columns: readonly Column<never>[], isReplaced: (name: string) => boolean): string {
  const names = columns.map(({ name }) => name).filter(isReplaced);
  return names.map((name) => `${name} = excluded.${name}`).join(", ");
}
