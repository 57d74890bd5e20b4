import type { Pool } from "pg";
import type { Run, RunOrder } from "../core/db/entities/runs.ts";
import type { ClaimedRun } from "./execution.ts";

/** How many due runs of a project are asked for. */
export interface Share {
  readonly projectId: string;
  readonly runs: number;
}

/**
 * Takes due runs for an instance, of each project as many as asked for, the ones due the longest first. Runs that
 * another one is taking are passed over. Takes nothing for an instance that was taken for gone.
 */
export async function claimRuns(pool: Pool, owner: string, shares: readonly Share[]): Promise<ClaimedRun[]> {
  const { rows } = await pool.query<ClaimedRow>({
    name: "claim-runs",
    text: CLAIM,
    values: [owner, shares.map(({ projectId }) => projectId), shares.map(({ runs }) => runs), new Date()],
  });
  return rows.map(claimedRun);
}

/**
 * Gives back what an instance has claimed without knowing it, as when the answer to a claim was lost: every durable run
 * of its own that it has not under way.
 */
export async function giveBackUnknown(
  pool: Pool,
  owner: string,
  underWay: readonly string[],
): Promise<number> {
  const { rowCount } = await pool.query({
    text: `update runs set owner = null, due_time = now()
      where owner = $1 and status = 'QUEUED' and trigger in ('ASYNC', 'SCHEDULE') and id <> all($2::uuid[])`,
    values: [owner, underWay],
  });
  return rowCount ?? 0;
}

/** Projects after this one that have runs that are due, in the order of their ids. */
export async function dueProjects(pool: Pool, after: string, limit: number): Promise<string[]> {
  const { rows } = await pool.query<{ project_id: string }>({
    name: "due-projects",
    text: DUE_PROJECTS,
    values: [after, limit, new Date()],
  });
  return rows.map(({ project_id }) => project_id);
}

// The clock of whoever queued a run may be ahead of the database's.
const IS_DUE = (now: string) => `due_time <= greatest(now(), ${now}::timestamptz)`;

// The ids are an array of their own, so that only the partitions that have them are opened.
const CLAIM = `with mine as materialized (select 1 from instances where id = $1::uuid for key share),
due as materialized (
  select taken.id from unnest($2::uuid[], $3::int[]) as asked (project_id, runs)
  cross join lateral (
    select id from runs where runs.project_id = asked.project_id and ${IS_DUE("$4")}
    order by due_time limit asked.runs for update skip locked
  ) as taken
  where exists (select from mine)
),
claimed as (
  update runs set owner = $1, due_time = null where id = any(array(select id from due)) returning *
)
select claimed.*, orders.version as asked_version, orders.timeout_ms, orders.retry_policy, orders.idempotent,
  orders.record_payloads, orders.schedule_id, orders.replay_of,
  inputs.method, inputs.path, inputs.query, inputs.headers, inputs.body
from claimed
left join lateral (select * from run_orders where run_id = claimed.id limit 1) as orders on true
left join lateral (select * from run_payloads where run_id = claimed.id limit 1) as inputs on true`;

// One step per project instead of one per run: a project may have a hundred thousand.
const DUE_PROJECTS = `with recursive waiting as (
  (select project_id from runs where due_time is not null and project_id > $1::uuid order by project_id limit 1)
  union all
  (select next.project_id from waiting cross join lateral (
    select project_id from runs where due_time is not null and runs.project_id > waiting.project_id
    order by project_id limit 1
  ) as next)
)
select project_id from waiting where exists (
  select from runs where runs.project_id = waiting.project_id and ${IS_DUE("$3")}
) limit $2::int`;

interface ClaimedRow {
  readonly id: string;
  readonly project_id: string;
  readonly code_id: string | null;
  readonly version: number;
  readonly trigger: Run["trigger"];
  readonly attempt: number;
  readonly owner: string;
  readonly create_time: Date;
  readonly log_entries: string | null;
  readonly asked_version: number;
  readonly timeout_ms: number | null;
  readonly retry_policy: RunOrder["retryPolicy"];
  readonly idempotent: boolean;
  readonly record_payloads: RunOrder["recordPayloads"];
  readonly schedule_id: string | null;
  readonly replay_of: string | null;
  readonly method: string;
  readonly path: string;
  readonly query: [string, string][];
  readonly headers: [string, string][];
  readonly body: Buffer;
}

function claimedRun(found: ClaimedRow): ClaimedRun {
  const row = {
    id: found.id,
    projectId: found.project_id,
    codeId: found.code_id,
    version: found.version,
    trigger: found.trigger,
    status: "QUEUED",
    attempt: found.attempt,
    owner: found.owner,
    createTime: found.create_time,
    logEntries: Number(found.log_entries ?? 0),
  } as Run;
  const order = {
    runId: found.id,
    version: found.asked_version,
    timeoutMs: found.timeout_ms,
    retryPolicy: found.retry_policy,
    idempotent: found.idempotent,
    recordPayloads: found.record_payloads,
    scheduleId: found.schedule_id,
    replayOf: found.replay_of,
  } as RunOrder;
  const { method, path, query, headers, body } = found;
  return { row, order, input: { method, path, query, headers, body } };
}
