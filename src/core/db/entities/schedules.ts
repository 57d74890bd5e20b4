import { defineEntity, type InferEntity, p } from "@mikro-orm/core";
import type { RetryPolicy, StoredPair } from "./runs.ts";

export const OVERLAPS = ["SKIP", "QUEUE", "ALLOW"] as const;
export type Overlap = (typeof OVERLAPS)[number];

/** When a code is started, with what, and how far that is. */
export const ScheduleEntity = defineEntity({
  name: "Schedule",
  tableName: "schedules",
  properties: {
    id: p.uuid().primary(),
    projectId: p.uuid(),
    codeId: p.uuid(),
    name: p.string().length(255),
    cron: p.string().length(255),
    timeZone: p.string().length(64),
    overlap: p.string().length(8).$type<Overlap>(),
    catchUpMs: p.bigint("number"),
    paused: p.boolean(),
    /** 0 for the one that is active when a run begins. */
    version: p.integer(),
    method: p.text(),
    path: p.text(),
    query: p.json<readonly StoredPair[]>(),
    /** With the values of credentials, as the code is to get them: readers see none. */
    headers: p.json<readonly StoredPair[]>(),
    body: p.blob(),
    /** Null for the code's own. */
    timeoutMs: p.integer().nullable(),
    retryPolicy: p.json<RetryPolicy>(),
    idempotent: p.boolean(),
    callbackUrl: p.text().nullable(),
    callbackSecret: p.string().length(255).nullable(),
    /** Counts changes, and not starts; the etag. */
    revision: p.integer().version(),
    createTime: p.datetime(3),
    updateTime: p.datetime(3),
    /** Null while it is paused or its code deleted, and when there is no time any more. */
    nextFireTime: p.datetime(3).nullable(),
    /** The one time that waits for an earlier run to end. */
    waitingFireTime: p.datetime(3).nullable(),
    /** Its newest time, and what became of it: a run, or a reason why there is none, or neither while it waits. */
    lastFireTime: p.datetime(3).nullable(),
    lastRunId: p.uuid().nullable(),
    lastSkippedBecause: p.text().nullable(),
  },
  indexes: [
    { name: "schedules_project", properties: ["projectId", "id"] },
    { name: "schedules_code", properties: ["codeId", "id"] },
    {
      name: "schedules_due",
      expression: "create index schedules_due on schedules (next_fire_time) where next_fire_time is not null",
    },
    {
      name: "schedules_waiting",
      expression: "create index schedules_waiting on schedules (id) where waiting_fire_time is not null",
    },
  ],
});
export type Schedule = InferEntity<typeof ScheduleEntity>;

/** One time of a schedule, which its key lets happen only once, whoever looks at the clock. */
export const ScheduleFireEntity = defineEntity({
  name: "ScheduleFire",
  tableName: "schedule_fires",
  primaryKeys: ["scheduleId", "fireTime"],
  properties: {
    scheduleId: p.uuid().primary(),
    fireTime: p.datetime(3).primary(),
    /** The run that it started. */
    runId: p.uuid().nullable(),
    /** Why it started none. */
    skippedBecause: p.text().nullable(),
    /** Whether it is known that its run, if there is one, has ended. */
    ended: p.boolean(),
  },
  indexes: [
    {
      name: "schedule_fires_open",
      expression: "create index schedule_fires_open on schedule_fires (schedule_id) where not ended",
    },
    { name: "schedule_fires_time", properties: ["fireTime"] },
  ],
});
export type ScheduleFire = InferEntity<typeof ScheduleFireEntity>;
