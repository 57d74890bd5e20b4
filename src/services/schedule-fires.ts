import type { Pool, PoolClient } from "pg";
import { Writer } from "../core/db/binary-arrays.ts";
import type { Run } from "../core/db/entities/runs.ts";
import { patient } from "../core/db/pool.ts";
import { newId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { insertQueuedRuns, queuedRun } from "./durable-orders.ts";
import type { QueueRoom } from "./queue-room.ts";
import { Rounds } from "./rounds.ts";
import {
  type Decision,
  type DueRow,
  decide,
  type Fire,
  type FireOutcome,
  fireOf,
  NO_ROOM,
  orderOf,
  type WaitingRow,
  withoutRoom,
} from "./schedule-fate.ts";

/** Schedules that are looked at in one transaction. */
const BATCH = 100;
const KEPT_DAYS = 30;

/**
 * Starts the runs of schedules. Every service looks for times that have come; whoever locks a schedule first writes the
 * run, what became of the time and the next time in one transaction, and the key of a time lets it happen once, also
 * where clocks of services differ.
 */
export class ScheduleFires implements AsyncDisposable {
  readonly #pool: Pool;
  readonly #room: QueueRoom;
  readonly #log: Logger;
  readonly #now: () => Date;
  readonly #fired: (outcome: FireOutcome) => void;
  readonly #writer = new Writer();
  readonly #rounds: Rounds;

  constructor(parts: {
    pool: Pool;
    room: QueueRoom;
    log: Logger;
    now: () => Date;
    /** Called with what became of each time. */
    fired: (outcome: FireOutcome) => void;
  }) {
    this.#pool = parts.pool;
    this.#room = parts.room;
    this.#log = parts.log;
    this.#now = parts.now;
    this.#fired = parts.fired;
    this.#rounds = new Rounds({
      work: () => this.#round(),
      log: parts.log,
      what: "schedules could not be looked at",
    });
  }

  /** Looks at once for times that have come. The first call begins all looks. */
  wake(): void {
    this.#rounds.wake();
  }

  /** A run has ended, and that is on record: a time of its schedule may wait for it. */
  runEnded(run: Pick<Run, "trigger">): void {
    if (run.trigger === "SCHEDULE") this.#rounds.wake();
  }

  /** Nothing is started any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rounds[Symbol.asyncDispose]();
  }

  async #round(): Promise<number | undefined> {
    for (;;) {
      const { next, waits } = await this.#look();
      // What waited comes before what is new: then there is room for the next one to wait.
      if (waits) await this.#batches((client) => this.#startWaiting(client));
      if (next === null) return undefined;
      const waitMs = next.getTime() - this.#now().getTime();
      if (waitMs > 0) return waitMs;
      // What another service has locked is its to start.
      if ((await this.#batches((client) => this.#fireDue(client))) === 0) return undefined;
    }
  }

  async #look(): Promise<{ next: Date | null; waits: boolean }> {
    const { rows } = await this.#pool.query<{ next: Date | null; waits: boolean }>({
      name: "look-at-schedules",
      text: `select (select min(next_fire_time) from schedules where next_fire_time is not null) as next,
        exists (select 1 from schedules where waiting_fire_time is not null) as waits`,
    });
    return rows[0]!;
  }

  /** Works in batches, each in a transaction of its own, as long as they are full. Answers with how much there was. */
  async #batches(
    work: (client: PoolClient) => Promise<readonly (FireOutcome | undefined)[]>,
  ): Promise<number> {
    for (let count = 0; ; ) {
      const outcomes = await this.#transaction(work);
      for (const outcome of outcomes) if (outcome !== undefined) this.#fired(outcome);
      count += outcomes.length;
      if (outcomes.length < BATCH) return count;
    }
  }

  /** Starts what has waited for a run that has ended by now. */
  async #startWaiting(client: PoolClient): Promise<readonly (FireOutcome | undefined)[]> {
    const { rows: claimed } = await client.query<WaitingRow>({
      name: "claim-waiting-schedules",
      text: CLAIM_WAITING,
    });
    if (claimed.length === 0) return [];
    // Between the look and the lock another service may have started what waited, and something else waits.
    const open = await findOpen(client, idsOf(claimed));
    const rows = claimed.filter(({ id }) => !open.has(id));
    const decided = await Promise.all(
      rows.map(async (row) => {
        const hasRoom = await this.#room.tryTake(row.project_id);
        return { row, run: hasRoom ? queuedRun(orderOf(row), newId()) : undefined };
      }),
    );
    const runs = decided.flatMap(({ run }) => run ?? []);
    if (runs.length > 0) await insertQueuedRuns(client, this.#writer, runs);
    await client.query({
      name: "start-waiting-fires",
      text: `with decided as (
          select * from unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[])
            as decided (id, fire_time, run_id, why)
        ), fires as (
          update schedule_fires set run_id = decided.run_id, skipped_because = why, ended = decided.run_id is null
          from decided where schedule_id = decided.id and schedule_fires.fire_time = decided.fire_time
        )
        update schedules set waiting_fire_time = null,
          last_run_id = case when last_fire_time = decided.fire_time then decided.run_id else last_run_id end,
          last_skipped_because = case when last_fire_time = decided.fire_time then why
            else last_skipped_because end
        from decided where schedules.id = decided.id`,
      values: [
        idsOf(rows),
        rows.map(({ waiting_fire_time }) => waiting_fire_time),
        decided.map(({ run }) => run?.row.id ?? null),
        decided.map(({ run }) => (run === undefined ? NO_ROOM : null)),
      ],
    });
    const started = decided.map(({ run }) => (run === undefined ? "full" : "started"));
    return [...started, ...idsOf(claimed).flatMap((id) => (open.has(id) ? [undefined] : []))];
  }

  /** Decides about every schedule whose time has come. */
  async #fireDue(client: PoolClient): Promise<readonly (FireOutcome | undefined)[]> {
    const now = this.#now();
    const { rows } = await client.query<DueRow>({
      name: "claim-due-schedules",
      text: CLAIM_DUE,
      values: [now],
    });
    if (rows.length === 0) return [];
    const open = await findOpen(client, idsOf(rows));
    const decisions = await Promise.all(
      rows.map((row) => this.#withinRoom(this.#decide(row, now, open.has(row.id)))),
    );
    const isNew = await insertFires(
      client,
      decisions.flatMap(({ fires }) => fires),
    );
    const happened = decisions.map((decision) => {
      const { row, newest } = decision;
      // Somebody whose clock was ahead has had this time already.
      return newest !== undefined && !isNew(row.id, newest.time)
        ? { ...decision, newest: undefined }
        : decision;
    });
    const runs = happened.flatMap(({ newest }) => (newest?.run === undefined ? [] : [newest.run]));
    if (runs.length > 0) await insertQueuedRuns(client, this.#writer, runs);
    await advance(client, happened);
    return happened.map(({ newest }) => newest?.outcome);
  }

  async #withinRoom(decision: Decision): Promise<Decision> {
    if (decision.newest?.run === undefined) return decision;
    return (await this.#room.tryTake(decision.row.project_id)) ? decision : withoutRoom(decision);
  }

  #decide(row: DueRow, now: Date, isOpen: boolean): Decision {
    // A schedule of what is gone stops; a code that comes back resumes it.
    if (!row.is_alive) return { row, next: undefined, newest: undefined, fires: [] };
    try {
      return decide(row, now, isOpen);
    } catch (error) {
      // As when the host has forgotten a time zone. It must not stop the others.
      this.#log.error({ error, scheduleId: row.id }, "a schedule's times cannot be reckoned; it has stopped");
      const zone = JSON.stringify(row.time_zone);
      const why = `its times cannot be reckoned in the time zone ${zone} by this service; UpdateSchedule with another time_zone starts it again`;
      const newest = { time: row.next_fire_time, skippedBecause: why };
      return { row, next: undefined, newest, fires: [fireOf(row, newest)] };
    }
  }

  async #transaction<Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> {
    const client = await this.#pool.connect();
    try {
      await client.query("begin");
      const result = await work(client);
      await client.query("commit");
      client.release();
      return result;
    } catch (error) {
      // A connection in an unknown state is not used again.
      client.release(true);
      throw error;
    }
  }
}

/** Forgets what became of times long ago. */
export async function forgetOldFires(pool: Pool, now: Date): Promise<void> {
  const firstKept = new Date(now.getTime() - KEPT_DAYS * 86_400_000);
  await pool.query(patient("delete from schedule_fires where fire_time < $1", [firstKept]));
}

/** Writes what becomes of times. Answers with a test of which of them nobody has written before. */
async function insertFires(
  client: PoolClient,
  fires: readonly Fire[],
): Promise<(scheduleId: string, time: Date) => boolean> {
  const { rows } = await client.query<{ schedule_id: string; fire_time: Date }>({
    name: "insert-fires",
    text: `insert into schedule_fires (schedule_id, fire_time, run_id, skipped_because, ended)
      select id, time, run_id, why, run_id is null
      from unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[]) as fires (id, time, run_id, why)
      on conflict do nothing returning schedule_id, fire_time`,
    values: [
      fires.map(({ scheduleId }) => scheduleId),
      fires.map(({ time }) => time),
      fires.map(({ runId }) => runId),
      fires.map(({ skippedBecause }) => skippedBecause),
    ],
  });
  const written = new Set(rows.map(({ schedule_id, fire_time }) => `${schedule_id} ${fire_time.getTime()}`));
  return (scheduleId, time) => written.has(`${scheduleId} ${time.getTime()}`);
}

/** Gives schedules their next times, and tells what became of their newest ones. */
async function advance(client: PoolClient, decisions: readonly Decision[]): Promise<void> {
  const newest = decisions.map((decision) => decision.newest);
  await client.query({
    name: "advance-schedules",
    text: `update schedules set next_fire_time = next,
        last_fire_time = case when time is null then last_fire_time else time end,
        last_run_id = case when time is null then last_run_id else run_id end,
        last_skipped_because = case when time is null then last_skipped_because else why end,
        waiting_fire_time = case when time is not null and run_id is null and why is null then time
          else waiting_fire_time end
      from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::uuid[], $5::text[])
        as decided (decided_id, next, time, run_id, why)
      where id = decided_id`,
    values: [
      decisions.map(({ row }) => row.id),
      decisions.map(({ next }) => next ?? null),
      newest.map((one) => one?.time ?? null),
      newest.map((one) => one?.run?.row.id ?? null),
      newest.map((one) => one?.skippedBecause ?? null),
    ],
  });
}

/** Which schedules have runs that have not ended. What has ended meanwhile is not looked at again. */
async function findOpen(client: PoolClient, ids: readonly string[]): Promise<ReadonlySet<string>> {
  await client.query({
    name: "close-fires",
    text: `update schedule_fires set ended = true
      where schedule_id = any($1) and not ended and not exists (
        select 1 from runs where runs.id = schedule_fires.run_id and runs.status in ('QUEUED', 'RUNNING'))`,
    values: [ids],
  });
  const { rows } = await client.query<{ schedule_id: string }>({
    name: "find-open-fires",
    text: "select distinct schedule_id from schedule_fires where schedule_id = any($1) and not ended",
    values: [ids],
  });
  return new Set(rows.map(({ schedule_id }) => schedule_id));
}

function idsOf(rows: readonly { readonly id: string }[]): string[] {
  return rows.map(({ id }) => id);
}

const CLAIM_DUE = `
select schedules.*, codes.timeout_ms as code_timeout_ms, codes.record_payloads,
  codes.id is not null and codes.delete_time is null and projects.id is not null and projects.delete_time is null
    as is_alive
from schedules
left join codes on codes.id = schedules.code_id
left join projects on projects.id = schedules.project_id
where next_fire_time <= $1
order by next_fire_time limit ${BATCH}
for update of schedules skip locked`;

const CLAIM_WAITING = `
select schedules.*, codes.timeout_ms as code_timeout_ms, codes.record_payloads
from schedules
join codes on codes.id = schedules.code_id
join projects on projects.id = schedules.project_id and projects.delete_time is null
where waiting_fire_time is not null and not exists (
  select 1 from schedule_fires join runs on runs.id = schedule_fires.run_id
  where schedule_fires.schedule_id = schedules.id and not schedule_fires.ended
    and runs.status in ('QUEUED', 'RUNNING'))
limit ${BATCH}
for update of schedules skip locked`;
