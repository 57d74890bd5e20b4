import type { QueryResult } from "pg";
import {
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
import type { RecordPayloads } from "../core/db/entities/codes.ts";
import type { RetryPolicy, Run, RunOrder } from "../core/db/entities/runs.ts";
import { CALLBACK_COLUMNS, type CallbackAsk } from "./callback-order.ts";
import type { RunView } from "./live-run.ts";
import type { RunInput } from "./new-run.ts";
import { plainInput } from "./stored-input.ts";

/** The channel on which PostgreSQL tells dispatchers of a project that has a run that is due. */
export const DUE_CHANNEL = "codeactions_due";

/** Everything a durable run is asked for. */
export interface DurableOrder {
  readonly projectId: string;
  readonly codeId: string;
  /** 0 for the one that is active when an attempt begins. */
  readonly version: number;
  readonly trigger: "ASYNC" | "SCHEDULE";
  readonly input: RunInput;
  readonly recordPayloads: RecordPayloads;
  /** Shorter than the code's own; undefined for that. */
  readonly timeoutMs: number | undefined;
  /** Undefined, or past, for at once. */
  readonly notBefore: Date | undefined;
  readonly retryPolicy: RetryPolicy;
  readonly idempotent: boolean;
  /** Who is told when it has ended. */
  readonly callback: CallbackAsk | undefined;
  readonly scheduleId: string | undefined;
  readonly replayOf: string | undefined;
}

/** PostgreSQL, as far as this needs it: a pool, or a client within a transaction of the caller's. */
export interface Queryable {
  query(statement: { name?: string; text: string; values: unknown[] }): Promise<QueryResult>;
}

/** A durable run that is about to be put on record. */
export interface QueuedRun {
  readonly row: Run;
  readonly order: DurableOrder;
}

/** The first row of a durable run. */
export function queuedRun(order: DurableOrder, id: string): QueuedRun {
  const createTime = new Date();
  const { notBefore } = order;
  const row = {
    id,
    projectId: order.projectId,
    codeId: order.codeId,
    version: order.version,
    trigger: order.trigger,
    status: "QUEUED",
    attempt: 1,
    owner: null,
    dueTime: notBefore !== undefined && notBefore > createTime ? notBefore : createTime,
    createTime,
  } as Run;
  return { row, order };
}

/** A durable run as its readers see it at its beginning. */
export function queuedView({ row, order }: QueuedRun): RunView {
  const { callback } = order;
  const asked = {
    runId: row.id,
    version: order.version,
    timeoutMs: order.timeoutMs ?? null,
    retryPolicy: order.retryPolicy,
    idempotent: order.idempotent,
    recordPayloads: order.recordPayloads,
    scheduleId: order.scheduleId ?? null,
    replayOf: order.replayOf ?? null,
    earlierAttempts: [],
  } as unknown as RunOrder;
  const delivery = callback && {
    url: callback.url,
    status: "WAITING" as const,
    tries: [],
    nextTime: undefined,
  };
  return { run: row, payload: undefined, order: asked, delivery };
}

/**
 * Puts durable runs on record, in one statement: from the commit on they are queued, and each ends in one final status.
 * Works within the caller's transaction; dispatchers hear of those that are due when it is committed.
 */
export async function insertQueuedRuns(
  db: Queryable,
  writer: Writer,
  queued: readonly QueuedRun[],
): Promise<void> {
  writer.reset();
  await db.query({ name: "queue-runs", text: INSERT, values: queuedValues(queued, writer) });
}

const RUN_COLUMNS: readonly Column<QueuedRun>[] = [
  column("id", UUID, ({ row }) => row.id),
  column("project_id", UUID, ({ row }) => row.projectId),
  column("code_id", UUID, ({ row }) => row.codeId),
  column("version", INT, ({ row }) => row.version),
  column("trigger", TEXT, ({ row }) => row.trigger),
  column("status", TEXT, ({ row }) => row.status),
  column("attempt", INT, ({ row }) => row.attempt),
  column("due_time", TIMESTAMP, ({ row }) => row.dueTime),
  column("create_time", TIMESTAMP, ({ row }) => row.createTime),
];

interface StoredRun extends QueuedRun {
  readonly payload: ReturnType<typeof plainInput>;
}

const PAYLOAD_COLUMNS: readonly Column<StoredRun>[] = [
  column("run_id", UUID, ({ row }) => row.id),
  column("method", TEXT, ({ payload }) => payload.method),
  column("path", TEXT, ({ payload }) => payload.path),
  column("query", JSONB, ({ payload }) => payload.query),
  // With the values of credentials, as the code is to get them: readers see none, and the run's end removes them.
  column("headers", JSONB, ({ payload }) => payload.headers),
  column("body", BYTES, ({ payload }) => payload.body),
];

const ORDER_COLUMNS: readonly Column<QueuedRun>[] = [
  column("run_id", UUID, ({ row }) => row.id),
  column("version", INT, ({ order }) => order.version),
  column("timeout_ms", INT, ({ order }) => order.timeoutMs),
  column("retry_policy", JSONB, ({ order }) => order.retryPolicy),
  column("idempotent", BOOLEAN, ({ order }) => order.idempotent),
  column("record_payloads", TEXT, ({ order }) => order.recordPayloads),
  column("schedule_id", UUID, ({ order }) => order.scheduleId),
  column("replay_of", UUID, ({ order }) => order.replayOf),
  column("earlier_attempts", JSONB, () => []),
];

const PAYLOADS_FROM = 1 + RUN_COLUMNS.length;
const ORDERS_FROM = PAYLOADS_FROM + PAYLOAD_COLUMNS.length;
const CALLBACKS_FROM = ORDERS_FROM + ORDER_COLUMNS.length;
const INSERT = `with payloads as (${insertColumns("run_payloads", PAYLOAD_COLUMNS, PAYLOADS_FROM)}),
  orders as (${insertColumns("run_orders", ORDER_COLUMNS, ORDERS_FROM)}),
  callbacks as (${insertColumns("callbacks", CALLBACK_COLUMNS, CALLBACKS_FROM)}),
  queued as (${insertColumns("runs", RUN_COLUMNS, 1)} returning project_id, due_time, create_time)
select pg_notify('${DUE_CHANNEL}', project_id::text) from queued where due_time <= create_time group by project_id`;

function queuedValues(queued: readonly QueuedRun[], to: Writer): Buffer[] {
  const stored = queued.map((one) => ({ ...one, payload: plainInput(one.order.input) }));
  const told = queued.flatMap(({ row: run, order: { callback } }) =>
    callback === undefined ? [] : [{ run, callback }],
  );
  return [
    ...RUN_COLUMNS.map((one) => one.encode(queued, to)),
    ...PAYLOAD_COLUMNS.map((one) => one.encode(stored, to)),
    ...ORDER_COLUMNS.map((one) => one.encode(queued, to)),
    ...CALLBACK_COLUMNS.map((one) => one.encode(told, to)),
  ];
}
