import type { Pool } from "pg";
import type { Run, StoredPair } from "../core/db/entities/runs.ts";
import { packEntries } from "./log-chunk.ts";
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

/**
 * Writes a batch in one statement, so one commit. Rows travel as JSON, all bytes together as one binary value that
 * is cut up in place. Answers with the ids of the runs whose row is now the one given.
 */
export async function writeBatch(
  pool: Pool,
  batch: readonly Written[],
  chunks: readonly LogChunk[],
): Promise<Set<string>> {
  const bytes = new Bytes();
  const runs = batch.filter((pending) => pending.writesRow).map((pending) => pending.row);
  const payloads = batch.flatMap(({ row, payload }) =>
    payload === undefined ? [] : [payloadRow(row.id, payload, bytes)],
  );
  const logs = chunks.map((chunk) => chunkRow(chunk, bytes));
  const { rows } = await pool.query<{ id: string }>({
    name: "write-batch",
    text: WRITE_BATCH,
    values: [JSON.stringify(runs), JSON.stringify(payloads), JSON.stringify(logs), bytes.joined()],
  });
  return new Set(rows.map((row) => row.id));
}

/** Pieces of one binary parameter; each is remembered by where it lies. */
class Bytes {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  /** Adds a piece; answers [where it starts, counted from 1; its length], as SQL's substring wants it. */
  add(piece: Uint8Array): [from: number, length: number] {
    const from = this.#length + 1;
    this.#pieces.push(piece);
    this.#length += piece.byteLength;
    return [from, piece.byteLength];
  }

  joined(): Buffer {
    return Buffer.concat(this.#pieces, this.#length);
  }
}

function payloadRow(runId: string, payload: Payload, bytes: Bytes): object {
  const { method, path, query, headers, result } = payload;
  const [bodyFrom, bodyLength] = bytes.add(payload.body);
  const row = { runId, method, path, query, headers, bodyFrom, bodyLength };
  if (result === undefined) return row;
  const [resultFrom, resultLength] = bytes.add(result.body);
  return {
    ...row,
    statusCode: result.statusCode,
    contentType: result.contentType,
    resultHeaders: result.headers,
    resultFrom,
    resultLength,
  };
}

function chunkRow(chunk: LogChunk, bytes: Bytes): object {
  const { entries, ...place } = chunk;
  const { heads, ...packed } = packEntries(entries);
  const [headsFrom, headsLength] = bytes.add(heads);
  return { ...place, ...packed, entries: entries.length, headsFrom, headsLength };
}

const RUN_COLUMNS = `id, project_id, code_id, version, trigger, status, attempt, owner, create_time, start_time, end_time,
  error_kind, error_message, error_traceback, queue_us, start_us, wall_us, cpu_us, peak_memory_bytes, log_entries, cold`;

const WRITE_BATCH = `
with chunks as (
  insert into log_chunks (run_id, first_sequence, entries, project_id, code_id, version, attempt, writer, position,
    min_time_us, max_time_us, max_level, streams, heads, text)
  select "runId", "firstSequence", entries, "projectId", "codeId", version, attempt, writer, position,
    "minTimeUs", "maxTimeUs", "maxLevel", streams, substring($4::bytea from "headsFrom" for "headsLength"), text
  from json_to_recordset($3::json) as chunk ("runId" uuid, "firstSequence" bigint, entries int, "projectId" uuid,
    "codeId" uuid, version int, attempt int, writer uuid, position bigint, "minTimeUs" bigint, "maxTimeUs" bigint,
    "maxLevel" int, streams int, "headsFrom" int, "headsLength" int, text text)
), payloads as (
  insert into run_payloads (run_id, method, path, query, headers, body, result_status_code, result_content_type,
    result_headers, result_body)
  select "runId", method, path, query, headers, substring($4::bytea from "bodyFrom" for "bodyLength"), "statusCode",
    "contentType", "resultHeaders", substring($4::bytea from "resultFrom" for "resultLength")
  from json_to_recordset($2::json) as payload ("runId" uuid, method text, path text, query jsonb, headers jsonb,
    "bodyFrom" int, "bodyLength" int, "statusCode" int, "contentType" text, "resultHeaders" jsonb, "resultFrom" int,
    "resultLength" int)
  on conflict (run_id) do update set result_status_code = excluded.result_status_code,
    result_content_type = excluded.result_content_type, result_headers = excluded.result_headers,
    result_body = excluded.result_body
)
insert into runs (${RUN_COLUMNS})
select id, "projectId", "codeId", version, trigger, status, attempt, owner, "createTime", "startTime", "endTime",
  "errorKind", "errorMessage", "errorTraceback", "queueUs", "startUs", "wallUs", "cpuUs", "peakMemoryBytes",
  "logEntries", cold
from json_to_recordset($1::json) as run (id uuid, "projectId" uuid, "codeId" uuid, version int, trigger text,
  status text, attempt int, owner uuid, "createTime" timestamptz, "startTime" timestamptz, "endTime" timestamptz,
  "errorKind" text, "errorMessage" text, "errorTraceback" text, "queueUs" bigint, "startUs" bigint, "wallUs" bigint,
  "cpuUs" bigint, "peakMemoryBytes" bigint, "logEntries" bigint, cold boolean)
on conflict (id) do update set status = excluded.status, start_time = excluded.start_time, end_time = excluded.end_time,
  error_kind = excluded.error_kind, error_message = excluded.error_message, error_traceback = excluded.error_traceback,
  queue_us = excluded.queue_us, start_us = excluded.start_us, wall_us = excluded.wall_us, cpu_us = excluded.cpu_us,
  peak_memory_bytes = excluded.peak_memory_bytes, log_entries = excluded.log_entries, cold = excluded.cold
where runs.status in ('QUEUED', 'RUNNING') and runs.owner = excluded.owner and runs.attempt = excluded.attempt
returning id`;
