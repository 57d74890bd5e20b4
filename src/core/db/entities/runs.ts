import { defineEntity, type InferEntity, p } from "@mikro-orm/core";
import type { RecordPayloads } from "./codes.ts";

export const RUN_STATUSES = [
  "QUEUED",
  "RUNNING",
  "SUCCEEDED",
  "FAILED",
  "TIMED_OUT",
  "OUT_OF_MEMORY",
  "OUTPUT_LIMIT",
  "CANCELLED",
  "LOST",
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];
export const RUN_TRIGGERS = ["RPC", "ENDPOINT", "ASYNC", "SCHEDULE", "TRY"] as const;
export type RunTrigger = (typeof RUN_TRIGGERS)[number];

/**
 * One row per run: the job and its record in one. Partitioned by day on the UUIDv7 id, so that key and time are one
 * and retention drops a table instead of deleting rows. Written by the journal, read through the ORM.
 */
export const RunEntity = defineEntity({
  name: "Run",
  tableName: "runs",
  properties: {
    id: p.uuid().primary(),
    projectId: p.uuid(),
    /** Null for the try of an unsaved source. */
    codeId: p.uuid().nullable(),
    version: p.integer(),
    trigger: p.string().length(16).$type<RunTrigger>(),
    status: p.string().length(16).$type<RunStatus>(),
    /** With the owner the fencing token: only the current attempt's owner may finish a run. */
    attempt: p.integer(),
    /** The instance that runs it. Null while it waits for one, and once such a run was ended while it waited. */
    owner: p.uuid().nullable(),
    /** When a dispatcher may take it. Null for every run that does not wait for one. */
    dueTime: p.datetime(3).nullable(),
    createTime: p.datetime(3),
    startTime: p.datetime(3).nullable(),
    endTime: p.datetime(3).nullable(),
    errorKind: p.text().nullable(),
    errorMessage: p.text().nullable(),
    errorTraceback: p.text().nullable(),
    queueUs: p.bigint("number").nullable(),
    startUs: p.bigint("number").nullable(),
    wallUs: p.bigint("number").nullable(),
    cpuUs: p.bigint("number").nullable(),
    peakMemoryBytes: p.bigint("number").nullable(),
    logEntries: p.bigint("number").nullable(),
    cold: p.boolean().nullable(),
  },
  indexes: [
    { name: "runs_project", properties: ["projectId", "id"] },
    { name: "runs_code", properties: ["codeId", "id"] },
    {
      name: "runs_owner",
      expression: "create index runs_owner on runs (owner) where status in ('QUEUED', 'RUNNING')",
    },
    {
      name: "runs_due",
      expression: "create index runs_due on runs (project_id, due_time) where due_time is not null",
    },
  ],
});
export type Run = InferEntity<typeof RunEntity>;

/** Whether a durable run gets another attempt; every field is filled in. */
export interface RetryPolicy {
  /** The first one included. */
  readonly maxAttempts: number;
  /** Before the second attempt; each further wait is longer by the multiplier, up to the longest. */
  readonly backoffMs: number;
  readonly multiplier: number;
  readonly maxBackoffMs: number;
  readonly retryOn: readonly RunStatus[];
}

/** An attempt of a durable run that was followed by another one. Times in milliseconds since the epoch. */
export interface EarlierAttempt {
  readonly attempt: number;
  readonly status: RunStatus;
  readonly errorKind: string;
  readonly errorMessage: string;
  readonly startTimeMs: number | undefined;
  readonly endTimeMs: number;
}

/** What a durable run was asked for beside its input, and what became of its earlier attempts. */
export const RunOrderEntity = defineEntity({
  name: "RunOrder",
  tableName: "run_orders",
  properties: {
    runId: p.uuid().primary(),
    /** 0 for the one that is active when an attempt begins. */
    version: p.integer(),
    /** Null for the code's own. */
    timeoutMs: p.integer().nullable(),
    retryPolicy: p.json<RetryPolicy>(),
    idempotent: p.boolean(),
    /** With METADATA the input is kept until the run has ended. */
    recordPayloads: p.string().length(16).$type<RecordPayloads>(),
    scheduleId: p.uuid().nullable(),
    replayOf: p.uuid().nullable(),
    /** Oldest first. */
    earlierAttempts: p.json<EarlierAttempt[]>(),
  },
  indexes: [
    {
      name: "run_orders_schedule",
      expression:
        "create index run_orders_schedule on run_orders (schedule_id, run_id) where schedule_id is not null",
    },
  ],
});
export type RunOrder = InferEntity<typeof RunOrderEntity>;

/** A name and a value, as pairs of a query string or a header list are kept. */
export type StoredPair = [name: string, value: string];

/** What a run was given and what it answered; a table of its own, so that lists of runs stay narrow. */
export const RunPayloadEntity = defineEntity({
  name: "RunPayload",
  tableName: "run_payloads",
  properties: {
    runId: p.uuid().primary(),
    method: p.text(),
    path: p.text(),
    query: p.json<StoredPair[]>(),
    headers: p.json<StoredPair[]>(),
    body: p.blob(),
    resultStatusCode: p.integer().nullable(),
    resultContentType: p.text().nullable(),
    resultHeaders: p.json<StoredPair[]>().nullable(),
    resultBody: p.blob().nullable(),
  },
});
export type RunPayload = InferEntity<typeof RunPayloadEntity>;

/**
 * Many log entries of one run in one row: their texts joined, and a packed head each (`services/log-chunk.ts`).
 * `position` grows in the order in which one writer commits, and lies close to the time in microseconds; with the
 * writer's id it is a place in a code's or a project's log.
 */
export const LogChunkEntity = defineEntity({
  name: "LogChunk",
  tableName: "log_chunks",
  primaryKeys: ["runId", "firstSequence"],
  properties: {
    runId: p.uuid().primary(),
    firstSequence: p.bigint("number").primary(),
    entries: p.integer(),
    projectId: p.uuid(),
    codeId: p.uuid().nullable(),
    version: p.integer(),
    attempt: p.integer(),
    writer: p.uuid(),
    position: p.bigint("number"),
    minTimeUs: p.bigint("number"),
    maxTimeUs: p.bigint("number"),
    /** The most serious level in the chunk, 1 (debug) to 4 (error): a filter skips a chunk without opening it. */
    maxLevel: p.integer(),
    /** One bit per stream that occurs. */
    streams: p.integer(),
    heads: p.blob(),
    text: p.text(),
  },
  indexes: [
    { name: "log_chunks_project", properties: ["projectId", "position"] },
    { name: "log_chunks_code", properties: ["codeId", "position"] },
  ],
});
export type LogChunk = InferEntity<typeof LogChunkEntity>;
