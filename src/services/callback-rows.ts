import type { Pool } from "pg";
import type { CallbackStatus, StoredTry } from "../core/db/entities/callbacks.ts";
import { firstIdAt } from "../core/db/partitions.ts";
import { patient } from "../core/db/pool.ts";

/**
 * The statements about callbacks' rows, which are the queue that all services take from. Times are the database's, so
 * that a service whose clock is ahead does not take what another one is trying.
 */

/** How many runs one look finds that have ended without a word. */
const SWEEP_MAX = 1_000;
const DAY_MS = 86_400_000;

/** How far a callback has come. */
export interface Delivery {
  readonly url: string;
  readonly status: CallbackStatus;
  readonly tries: readonly StoredTry[];
  readonly nextTime: Date | undefined;
}

const AFTER_MS = (ms: string) => `now() + ${ms} * interval '1 millisecond'`;

/** A callback that nobody else tries for a while. */
export interface Claimed {
  readonly runId: string;
  readonly projectId: string;
  readonly url: string;
  readonly secret: string;
  readonly deliveryId: string;
  readonly triesMade: number;
}

/** Of runs that have ended, those that somebody waits for are due. Answers with how many these are. */
export async function markEnded(pool: Pool, runIds: readonly string[]): Promise<number> {
  const { rowCount } = await pool.query({
    name: "callbacks-due",
    text: "update callbacks set status = 'PENDING', next_time = now() where run_id = any($1) and status = 'WAITING'",
    values: [runIds],
  });
  return rowCount ?? 0;
}

/** Finds what nobody has said: runs that have ended while their service ended, too. */
export async function sweepEnded(pool: Pool): Promise<void> {
  await pool.query({
    name: "sweep-callbacks",
    // The status is looked at again where another service's sweep was first.
    text: `update callbacks set status = 'PENDING', next_time = now() where status = 'WAITING' and run_id in (
      select callbacks.run_id from callbacks join runs on runs.id = callbacks.run_id
      where callbacks.status = 'WAITING' and runs.status not in ('QUEUED', 'RUNNING') limit ${SWEEP_MAX})`,
  });
}

export async function countPending(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ pending: number }>({
    name: "count-callbacks",
    text: "select count(*)::int as pending from callbacks where status = 'PENDING'",
  });
  return rows[0]?.pending ?? 0;
}

/** Takes the one that has been due the longest, of projects other than these, for so long. */
export async function claimNext(
  pool: Pool,
  ask: { claimMs: number; except: readonly string[] },
): Promise<Claimed | undefined> {
  const { rows } = await pool.query<Claimed>({
    name: "claim-callback",
    text: `update callbacks set next_time = ${AFTER_MS("$1::float8")} where run_id = (
        select run_id from callbacks
        where status = 'PENDING' and next_time <= now() and project_id <> all($2::uuid[])
        order by next_time limit 1 for update skip locked)
      returning run_id as "runId", project_id as "projectId", url, secret, delivery_id as "deliveryId",
        tries_made as "triesMade"`,
    values: [ask.claimMs, ask.except],
  });
  return rows[0];
}

/** In how many milliseconds the next one will be due; undefined when there is none. */
export async function nextDueMs(pool: Pool): Promise<number | undefined> {
  const { rows } = await pool.query<{ ms: number | null }>({
    name: "next-callback",
    text: `select (extract(epoch from min(next_time) - now()) * 1000)::float8 as ms from callbacks
      where status = 'PENDING' and next_time > now()`,
  });
  return rows[0]?.ms ?? undefined;
}

/**
 * Writes what came of a try. False when somebody else has tried it meanwhile, as where this service was very slow: then
 * their word stands.
 */
export async function recordTry(
  pool: Pool,
  { runId, triesMade }: Claimed,
  made: StoredTry,
  then: { readonly status: CallbackStatus; readonly waitMs: number | undefined },
): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: "record-callback-try",
    text: `update callbacks set status = $3, next_time = ${AFTER_MS("$4::float8")}, tries_made = tries_made + 1,
        tries = tries || jsonb_build_array($5::jsonb)
      where run_id = $1 and status = 'PENDING' and tries_made = $2`,
    values: [runId, triesMade, then.status, then.waitMs ?? null, JSON.stringify(made)],
  });
  return rowCount === 1;
}

/** A try that was not made: it is due at once. */
export async function giveBack(pool: Pool, { runId, triesMade }: Claimed): Promise<void> {
  await pool.query({
    name: "give-back-callback",
    text: "update callbacks set next_time = now() where run_id = $1 and status = 'PENDING' and tries_made = $2",
    values: [runId, triesMade],
  });
}

export async function findDeliveries(
  pool: Pool,
  runIds: readonly string[],
): Promise<ReadonlyMap<string, Delivery>> {
  interface Row extends Omit<Delivery, "nextTime"> {
    readonly run_id: string;
    readonly next_time: Date | null;
  }
  const { rows } = await pool.query<Row>({
    name: "find-deliveries",
    text: "select run_id, url, status, tries, next_time from callbacks where run_id = any($1)",
    values: [runIds],
  });
  return new Map(
    rows.map(({ run_id, next_time, ...row }) => [run_id, { ...row, nextTime: next_time ?? undefined }]),
  );
}

/** Forgets the callbacks of runs that are not kept any more. */
export async function forgetOldCallbacks(pool: Pool, now: Date, retentionDays: number): Promise<void> {
  // Runs go by whole days.
  const firstKept = firstIdAt(now.getTime() - (retentionDays + 1) * DAY_MS);
  await pool.query(patient("delete from callbacks where run_id < $1", [firstKept]));
}
