import type { RecordPayloads } from "../core/db/entities/codes.ts";
import type { RetryPolicy, StoredPair } from "../core/db/entities/runs.ts";
import type { Overlap } from "../core/db/entities/schedules.ts";
import { newId } from "../core/ids.ts";
import { parseCron } from "./cron.ts";
import { type QueuedRun, queuedRun } from "./durable-orders.ts";
import { newestTime, nextTime } from "./schedule-times.ts";

/** What came of a time of a schedule; for figures. */
export type FireOutcome = "started" | "overlap" | "missed" | "full";

/** A start that is no later than this is on time: a service was there, and had much to do. */
const ON_TIME_MS = 30_000;
/** Times that were missed in a row are on record up to so many; all the others have passed, too. */
const MISSED_MAX = 100;

const OVERLAPS = "an earlier run had not ended";
const OVERLAPS_WAITING = "an earlier run had not ended, and another time waited for it";
export const NO_ROOM =
  "as many durable runs of the project were waiting as may; times start runs again once some have begun or were cancelled";
const NEWER = "no service was there to start it, and a newer time was made up for";

/** The newest time that has come, and what becomes of it. */
export interface Newest {
  readonly time: Date;
  readonly run?: QueuedRun;
  /** Neither this nor a run while it waits for an earlier one to end. */
  readonly skippedBecause?: string;
  readonly outcome?: FireOutcome;
}

/** One time, as it goes on record. */
export interface Fire {
  readonly scheduleId: string;
  readonly time: Date;
  readonly runId: string | null;
  readonly skippedBecause: string | null;
}

export interface Decision {
  readonly row: DueRow;
  /** Undefined when there is none any more. */
  readonly next: Date | undefined;
  /** Undefined when nothing became of it here. */
  readonly newest: Newest | undefined;
  readonly fires: readonly Fire[];
}

/** What becomes of a schedule whose time has come. Where several have, the newest one counts. */
export function decide(row: DueRow, now: Date, isOpen: boolean): Decision {
  const cron = parseCron(row.cron);
  const due = row.next_fire_time;
  const time = newestTime(cron, row.time_zone, { from: due, to: now }) ?? due;
  const next = nextTime(cron, row.time_zone, time);
  const missed: Date[] = [];
  for (let at = due; at < time && missed.length < MISSED_MAX; at = nextTime(cron, row.time_zone, at)!)
    missed.push(at);
  const newest = fateOf(row, time, now, isOpen);
  const fires = missed.map((at) => fireOf(row, { time: at, skippedBecause: NEWER }));
  return { row, next, newest, fires: [...fires, fireOf(row, newest)] };
}

function fateOf(row: DueRow, time: Date, now: Date, isOpen: boolean): Newest {
  const windowMs = Number(row.catch_up_ms);
  if (now.getTime() - time.getTime() > Math.max(windowMs, ON_TIME_MS)) {
    const why = `no service was there to start it within its catch-up window of ${windowMs / 1000} s`;
    return { time, skippedBecause: why, outcome: "missed" };
  }
  const isHeld = isOpen || row.waiting_fire_time !== null;
  if (!isHeld || row.overlap === "ALLOW")
    return { time, run: queuedRun(orderOf(row), newId()), outcome: "started" };
  if (row.overlap === "SKIP") return { time, skippedBecause: OVERLAPS, outcome: "overlap" };
  if (row.waiting_fire_time === null) return { time };
  return { time, skippedBecause: OVERLAPS_WAITING, outcome: "overlap" };
}

/** The same where its run would be one more than may wait. */
export function withoutRoom(decision: Decision): Decision {
  const { row, newest } = decision;
  if (newest?.run === undefined) return decision;
  const skipped = { time: newest.time, skippedBecause: NO_ROOM, outcome: "full" as const };
  return { ...decision, newest: skipped, fires: [...decision.fires.slice(0, -1), fireOf(row, skipped)] };
}

export function fireOf({ id }: DueRow, { time, run, skippedBecause }: Newest): Fire {
  return { scheduleId: id, time, runId: run?.row.id ?? null, skippedBecause: skippedBecause ?? null };
}

/** A run that a schedule starts. */
export function orderOf(row: ScheduleRow): QueuedRun["order"] {
  const { method, path, query, headers, body, callback_url: url, callback_secret: secret } = row;
  // The code's own time-out may have become shorter since the schedule was told one.
  const timeoutMs =
    row.timeout_ms !== null && row.timeout_ms < row.code_timeout_ms ? row.timeout_ms : undefined;
  return {
    projectId: row.project_id,
    codeId: row.code_id,
    version: row.version,
    trigger: "SCHEDULE",
    input: { method, path, query, headers, body },
    recordPayloads: row.record_payloads,
    timeoutMs,
    notBefore: undefined,
    retryPolicy: row.retry_policy,
    idempotent: row.idempotent,
    callback: url === null || secret === null ? undefined : { url, secret },
    scheduleId: row.id,
    replayOf: undefined,
  };
}

/** A schedule, and what of its code decides about its runs. */
interface ScheduleRow {
  readonly id: string;
  readonly project_id: string;
  readonly code_id: string;
  readonly version: number;
  readonly method: string;
  readonly path: string;
  readonly query: readonly StoredPair[];
  readonly headers: readonly StoredPair[];
  readonly body: Buffer;
  readonly timeout_ms: number | null;
  readonly code_timeout_ms: number;
  readonly record_payloads: RecordPayloads;
  readonly retry_policy: RetryPolicy;
  readonly idempotent: boolean;
  readonly callback_url: string | null;
  readonly callback_secret: string | null;
}

export interface WaitingRow extends ScheduleRow {
  readonly waiting_fire_time: Date;
}

export interface DueRow extends ScheduleRow {
  readonly cron: string;
  readonly time_zone: string;
  readonly overlap: Overlap;
  readonly catch_up_ms: string;
  readonly next_fire_time: Date;
  readonly waiting_fire_time: Date | null;
  /** Neither the code nor its project is deleted. */
  readonly is_alive: boolean;
}
