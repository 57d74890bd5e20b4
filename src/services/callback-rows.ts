import type { Pool } from "pg";
import type { CallbackStatus, StoredTry } from "../core/db/entities/callbacks.ts";
import { firstIdAt } from "../core/db/partitions.ts";
import { patient } from "../core/db/pool.ts";

/**
 * The statements about callbacks' rows, which are the queue that all services take from. Times are the database's, so
 * that a service whose clock is ahead does not take what another one is trying.
 */

/** How many of those that wait for their run's end one look reads. */
const SWEEP_MAX = 10_000;
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

/**
 * Finds what nobody has said: runs that have ended while their service ended, too. Looks at those behind a run, and answers
 * with the last one it has looked at; undefined when there are none behind it.
 */
export async function sweepEnded(pool: Pool, after: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ run_id: string }>({
    name: "sweep-callbacks",
    text: SWEEP,
    values: [after, SWEEP_MAX],
  });
  return rows[0]?.run_id;
}

export async function countPending(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ pending: number }>({
    name: "count-callbacks",
    text: "select count(*)::int as pending from callbacks where status = 'PENDING'",
  });
  return rows[0]?.pending ?? 0;
}

/** Projects after this one that have callbacks that are due, in the order of their ids, without some. */
export async function dueProjects(
  pool: Pool,
  ask: { readonly after: string; readonly except: readonly string[]; readonly limit: number },
): Promise<string[]> {
  const { rows } = await pool.query<{ project_id: string }>({
    name: "projects-of-due-callbacks",
    text: DUE_PROJECTS,
    values: [ask.after, ask.except, ask.limit],
  });
  return rows.map(({ project_id }) => project_id);
}

/** Takes due callbacks for so long, of each project as many as asked for, the ones due the longest first. */
export async function claimDue(
  pool: Pool,
  claimMs: number,
  shares: readonly { readonly projectId: string; readonly callbacks: number }[],
): Promise<Claimed[]> {
  const { rows } = await pool.query<Claimed>({
    name: "claim-callbacks",
    text: CLAIM,
    values: [claimMs, shares.map(({ projectId }) => projectId), shares.map(({ callbacks }) => callbacks)],
  });
  return rows;
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

// Each run is looked for by itself, so that only the partition that has it is opened. The status is looked at again where
// another service's sweep was first.
const SWEEP = `with looked as materialized (
  select run_id from callbacks where status = 'WAITING' and run_id > $1::uuid order by run_id limit $2::int
),
ended as (
  update callbacks set status = 'PENDING', next_time = now()
  where status = 'WAITING' and run_id = any(array(
    select looked.run_id from looked cross join lateral (
      select status from runs where id = looked.run_id limit 1
    ) as run
    where run.status not in ('QUEUED', 'RUNNING')
  ))
)
select run_id from looked order by run_id desc limit 1`;

const IS_DUE = "status = 'PENDING' and next_time <= now()";

// One step per project instead of one per callback, as for runs that are due.
const DUE_PROJECTS = `with recursive waiting as (
  (select project_id from callbacks where status = 'PENDING' and project_id > $1::uuid order by project_id limit 1)
  union all
  (select next.project_id from waiting cross join lateral (
    select project_id from callbacks where status = 'PENDING' and callbacks.project_id > waiting.project_id
    order by project_id limit 1
  ) as next)
)
select project_id from waiting where project_id <> all($2::uuid[]) and exists (
  select from callbacks where callbacks.project_id = waiting.project_id and ${IS_DUE}
) limit $3::int`;

const CLAIM = `with due as materialized (
  select taken.run_id from unnest($2::uuid[], $3::int[]) as asked (project_id, callbacks)
  cross join lateral (
    select run_id from callbacks where callbacks.project_id = asked.project_id and ${IS_DUE}
    order by next_time limit asked.callbacks for update skip locked
  ) as taken
)
update callbacks set next_time = ${AFTER_MS("$1::float8")} where run_id = any(array(select run_id from due))
returning run_id as "runId", project_id as "projectId", url, secret, delivery_id as "deliveryId",
  tries_made as "triesMade"`;
