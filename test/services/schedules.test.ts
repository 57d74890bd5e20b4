import type { MikroORM } from "@mikro-orm/postgresql";
import { Pool } from "pg";
import { v7 as newId } from "uuid";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { CodeEntity } from "../../src/core/db/entities/codes.ts";
import { ProjectEntity } from "../../src/core/db/entities/projects.ts";
import { type Schedule, ScheduleEntity } from "../../src/core/db/entities/schedules.ts";
import { migrate, openOrm } from "../../src/core/db/orm.ts";
import type { Call } from "../../src/services/access.ts";
import { QueueRoom } from "../../src/services/queue-room.ts";
import type { FireOutcome } from "../../src/services/schedule-fate.ts";
import { forgetOldFires, ScheduleFires } from "../../src/services/schedule-fires.ts";
import { resumeSchedules, stopSchedules } from "../../src/services/schedule-stops.ts";
import { type ScheduleFields, Schedules } from "../../src/services/schedules.ts";
import { newDatabase } from "../support/database.ts";
import { silent } from "../support/silent-log.ts";

/** Only what starts runs is looked at here: nobody carries them out, and the tests say when they end. */

const OPERATOR: Call = {
  caller: { kind: "operator", tokenId: newId(), name: "tests" },
  signal: new AbortController().signal,
  deadlineMs: undefined,
  correlationId: "tests",
};
const INPUT = {
  method: "PUT",
  path: "/nightly",
  query: [["a", "1"]],
  headers: [["X-Kind", "schedule"]],
  body: Buffer.from("the input"),
} as const;

let orm: MikroORM;
let pool: Pool;
let schedules: Schedules;
let projectId: string;
let codeId: string;
/** What the services take for the time, and how far the clock of one of them is ahead. */
let nowMs: number;
let outcomes: FireOutcome[] = [];

beforeAll(async () => {
  const url = await newDatabase();
  orm = await openOrm(url, 4);
  await migrate(orm);
  pool = new Pool({ connectionString: url, max: 8 });
  schedules = new Schedules({
    orm,
    callbacks: { require: async () => {} },
    now: () => new Date(nowMs),
    changed: () => {},
  });
});
afterAll(async () => {
  await orm.close(true);
  await pool.end();
});

beforeEach(async () => {
  await pool.query("truncate schedules, schedule_fires, runs, run_orders, run_payloads");
  outcomes = [];
  at("2027-01-01T12:00:30Z");
  const now = new Date();
  projectId = newId();
  codeId = newId();
  const em = orm.em.fork();
  const dated = { createTime: now, updateTime: now };
  await em.insert(ProjectEntity, {
    id: projectId,
    name: "tests",
    slug: projectId,
    defaultEgressHosts: [],
    ...dated,
  });
  await em.insert(CodeEntity, {
    id: codeId,
    projectId,
    name: "a code",
    slug: codeId,
    description: "",
    labels: {},
    type: "FLOW",
    language: "python",
    activeVersion: 1,
    newestVersion: 1,
    timeoutMs: 60_000,
    memoryLimitBytes: 1,
    maxConcurrency: 1,
    limits: {},
    egressHosts: [],
    isolation: "WARM",
    environment: {},
    endpointAuth: "PUBLIC",
    recordPayloads: "METADATA",
    ...dated,
  });
});

function at(time: string): void {
  nowMs = Date.parse(time);
}

function newSchedule(fields: Partial<ScheduleFields> = {}): Promise<Schedule> {
  const base = { codeId, name: "a schedule", cron: "* * * * *", input: INPUT, requestId: "" };
  return schedules.create(OPERATOR, { ...base, ...fields });
}

/** A service looks once for everything that has come, and is over when it has looked. */
async function look(aheadMs = 0, runsMax = 10_000): Promise<void> {
  const fires = new ScheduleFires({
    pool,
    room: new QueueRoom({ pool, runsMax }),
    log: silent,
    now: () => new Date(nowMs + aheadMs),
    fired: (outcome) => outcomes.push(outcome),
  });
  fires.wake();
  await fires[Symbol.asyncDispose]();
}

function read(scheduleId: string): Promise<Schedule> {
  return schedules.get(OPERATOR, scheduleId);
}

/** The times of a schedule that have come, with what became of each. */
async function firesOf(scheduleId: string): Promise<string[]> {
  const { rows } = await pool.query<{
    fire_time: Date;
    run_id: string | null;
    skipped_because: string | null;
  }>(
    "select fire_time, run_id, skipped_because from schedule_fires where schedule_id = $1 order by fire_time",
    [scheduleId],
  );
  return rows.map(({ fire_time, run_id, skipped_because }) => {
    const time = fire_time.toISOString().replace(":00.000Z", "Z");
    return `${time} ${run_id === null ? (skipped_because ?? "waits") : "run"}`;
  });
}

async function runIdsOf(scheduleId: string): Promise<string[]> {
  const { rows } = await pool.query<{ run_id: string }>(
    "select run_id from run_orders where schedule_id = $1 order by run_id",
    [scheduleId],
  );
  return rows.map(({ run_id }) => run_id);
}

async function endRun(runId: string | null | undefined): Promise<void> {
  const { rowCount } = await pool.query(
    "update runs set status = 'SUCCEEDED', end_time = now(), due_time = null where id = $1",
    [runId],
  );
  expect(rowCount).toBe(1);
}

test("a time starts one durable run with what the schedule has for it", async () => {
  const schedule = await newSchedule({
    timeoutMs: 5_000,
    idempotent: true,
    callback: { url: "https://example.org/", secret: "signing" },
  });
  expect(schedule.nextFireTime).toEqual(new Date("2027-01-01T12:01Z"));
  await look();
  expect(await firesOf(schedule.id)).toEqual([]);
  at("2027-01-01T12:01:00Z");
  await look();
  const [runId, ...more] = await runIdsOf(schedule.id);
  expect(more).toEqual([]);
  const { rows } = await pool.query(
    `select runs.status, runs.trigger, runs.code_id, runs.project_id, run_orders.timeout_ms, idempotent,
       record_payloads, retry_policy ->> 'maxAttempts' as attempts, method, path, query, headers, body, url
     from runs join run_orders on run_orders.run_id = runs.id join run_payloads on run_payloads.run_id = runs.id
     join callbacks on callbacks.run_id = runs.id where runs.id = $1`,
    [runId],
  );
  expect(rows).toEqual([
    {
      status: "QUEUED",
      trigger: "SCHEDULE",
      code_id: codeId,
      project_id: projectId,
      timeout_ms: 5_000,
      idempotent: true,
      record_payloads: "METADATA",
      attempts: "3",
      ...INPUT,
      url: "https://example.org/",
    },
  ]);
  expect(await read(schedule.id)).toMatchObject({
    lastFireTime: new Date("2027-01-01T12:01Z"),
    lastRunId: runId,
    lastSkippedBecause: null,
    nextFireTime: new Date("2027-01-01T12:02Z"),
  });
  await look();
  expect(await firesOf(schedule.id)).toEqual(["2027-01-01T12:01Z run"]);
  expect(outcomes).toEqual(["started"]);
});

test("the etag does not change when a time comes", async () => {
  const { id, revision } = await newSchedule();
  at("2027-01-01T12:01:00Z");
  await look();
  expect((await read(id)).revision).toBe(revision);
});

test("of several services each time is one service's, for hundreds of schedules", async () => {
  const made = await Promise.all(Array.from({ length: 230 }, () => newSchedule({ overlap: "ALLOW" })));
  for (const minute of ["01", "02", "03"]) {
    at(`2027-01-01T12:${minute}:00Z`);
    await Promise.all([look(), look(), look()]);
  }
  // What one has locked when another one looks is the first one's.
  const expected = ["2027-01-01T12:01Z run", "2027-01-01T12:02Z run", "2027-01-01T12:03Z run"];
  for (const { id } of made) {
    expect(await firesOf(id)).toEqual(expected);
    expect((await runIdsOf(id)).length).toBe(3);
  }
}, 120_000);

test("a service whose clock is ahead neither repeats a time nor leaves one out", async () => {
  const { id } = await newSchedule({ overlap: "ALLOW" });
  for (let second = 0; second <= 300; second += 5) {
    nowMs = Date.parse("2027-01-01T12:01:00Z") + second * 1_000;
    await Promise.all([look(7_000), look(), look(-7_000)]);
  }
  expect((await firesOf(id)).slice(0, 6)).toEqual(
    ["01", "02", "03", "04", "05", "06"].map((minute) => `2027-01-01T12:${minute}Z run`),
  );
  expect((await runIdsOf(id)).length).toBe(6);
});

test("a time that has come does not come again, also where it is reckoned anew from an earlier clock", async () => {
  const { id } = await newSchedule({ overlap: "ALLOW" });
  at("2027-01-01T12:01:00Z");
  await look();
  at("2027-01-01T12:00:58Z");
  await schedules.update(OPERATOR, { scheduleId: id, etag: "", fields: { cron: "*/1 * * * *" } });
  at("2027-01-01T12:01:01Z");
  await look();
  expect(await firesOf(id)).toEqual(["2027-01-01T12:01Z run"]);
  expect((await runIdsOf(id)).length).toBe(1);
  expect(await read(id)).toMatchObject({
    lastRunId: expect.any(String),
    nextFireTime: new Date("2027-01-01T12:02Z"),
  });
});

test("with SKIP, a time passes without a run while an earlier one has not ended", async () => {
  const { id } = await newSchedule({ overlap: "SKIP" });
  for (const minute of ["01", "02"]) {
    at(`2027-01-01T12:${minute}:00Z`);
    await look();
  }
  expect(await read(id)).toMatchObject({
    lastRunId: null,
    lastSkippedBecause: "an earlier run had not ended",
    nextFireTime: new Date("2027-01-01T12:03Z"),
  });
  await endRun((await runIdsOf(id))[0]);
  at("2027-01-01T12:03:00Z");
  await look();
  expect(await firesOf(id)).toEqual([
    "2027-01-01T12:01Z run",
    "2027-01-01T12:02Z an earlier run had not ended",
    "2027-01-01T12:03Z run",
  ]);
  expect(outcomes).toEqual(["started", "overlap", "started"]);
});

test("with QUEUE, one time waits until the earlier run has ended, and further ones pass", async () => {
  const { id } = await newSchedule({ overlap: "QUEUE" });
  for (const minute of ["01", "02", "03"]) {
    at(`2027-01-01T12:${minute}:00Z`);
    await look();
  }
  const [first] = await runIdsOf(id);
  expect(await firesOf(id)).toEqual([
    "2027-01-01T12:01Z run",
    "2027-01-01T12:02Z waits",
    "2027-01-01T12:03Z an earlier run had not ended, and another time waited for it",
  ]);
  await endRun(first);
  at("2027-01-01T12:03:20Z");
  await Promise.all([look(), look()]);
  expect(await firesOf(id)).toEqual([
    "2027-01-01T12:01Z run",
    "2027-01-01T12:02Z run",
    expect.stringContaining("another time waited"),
  ]);
  const runIds = await runIdsOf(id);
  expect(runIds.length).toBe(2);
  // The one that waited is what the next one waits for.
  at("2027-01-01T12:04:00Z");
  await look();
  expect((await firesOf(id)).at(-1)).toBe("2027-01-01T12:04Z waits");
  expect(await read(id)).toMatchObject({ lastRunId: null, lastSkippedBecause: null });
  await endRun(runIds[1]);
  await look();
  expect((await read(id)).lastRunId).toBe((await runIdsOf(id))[2]);
});

test("a time passes without a run while as many runs of its project wait as may", async () => {
  const two = [await newSchedule(), await newSchedule()];
  at("2027-01-01T12:01:00Z");
  await look(0, 1);
  expect(outcomes.toSorted()).toEqual(["full", "started"]);
  const why = expect.stringContaining("as many durable runs of the project were waiting as may");
  const told = await Promise.all(two.map(({ id }) => read(id)));
  expect(told.map(({ lastRunId }) => lastRunId === null).toSorted()).toEqual([false, true]);
  expect(told.find(({ lastRunId }) => lastRunId === null)).toMatchObject({ lastSkippedBecause: why });
  await endRun(told.find(({ lastRunId }) => lastRunId !== null)?.lastRunId);
  at("2027-01-01T12:02:00Z");
  await look(0, 2);
  expect(outcomes.slice(2)).toEqual(["started", "started"]);
});

test("a time that waits passes where there is no room for its run when its turn comes", async () => {
  const { id } = await newSchedule({ overlap: "QUEUE" });
  for (const minute of ["01", "02"]) {
    at(`2027-01-01T12:${minute}:00Z`);
    await look();
  }
  await newSchedule();
  at("2027-01-01T12:03:00Z");
  await look();
  await endRun((await runIdsOf(id))[0]);
  await look(0, 1);
  const why = expect.stringContaining("as many durable runs of the project were waiting as may");
  expect((await firesOf(id))[1]).toEqual(why);
  expect((await runIdsOf(id)).length).toBe(1);
  expect(outcomes.at(-1)).toBe("full");
  at("2027-01-01T12:04:00Z");
  await look();
  expect((await firesOf(id)).at(-1)).toBe("2027-01-01T12:04Z run");
});

test("with ALLOW, runs begin beside each other", async () => {
  const { id } = await newSchedule({ overlap: "ALLOW" });
  for (const minute of ["01", "02", "03"]) {
    at(`2027-01-01T12:${minute}:00Z`);
    await look();
  }
  expect((await runIdsOf(id)).length).toBe(3);
});

test("of several times that were missed only the newest is made up for", async () => {
  const { id } = await newSchedule({ catchUpMs: 3_600_000 });
  at("2027-01-01T12:04:40Z");
  await look();
  const newer = "no service was there to start it, and a newer time was made up for";
  expect(await firesOf(id)).toEqual([
    `2027-01-01T12:01Z ${newer}`,
    `2027-01-01T12:02Z ${newer}`,
    `2027-01-01T12:03Z ${newer}`,
    "2027-01-01T12:04Z run",
  ]);
  expect((await read(id)).nextFireTime).toEqual(new Date("2027-01-01T12:05Z"));
});

test("a time that was missed by more than its window is not made up for", async () => {
  const early = await newSchedule({ cron: "0 13 * * *", catchUpMs: 1_800_000 });
  const late = await newSchedule({ cron: "0 13 * * *", catchUpMs: 1_799_000 });
  at("2027-01-01T13:30:00Z");
  await look();
  expect(await firesOf(early.id)).toEqual(["2027-01-01T13:00Z run"]);
  const why = "no service was there to start it within its catch-up window of 1799 s";
  expect(await firesOf(late.id)).toEqual([`2027-01-01T13:00Z ${why}`]);
  expect(await read(late.id)).toMatchObject({
    lastRunId: null,
    lastSkippedBecause: why,
    nextFireTime: new Date("2027-01-02T13:00Z"),
  });
  expect(outcomes.toSorted()).toEqual(["missed", "started"]);
});

test("a start that is a little late is on time, also without a window", async () => {
  const { id } = await newSchedule({ catchUpMs: 0 });
  at("2027-01-01T12:01:30Z");
  await look();
  expect(await firesOf(id)).toEqual(["2027-01-01T12:01Z run"]);
});

test("a service that was away for years has one time to make up for, at once", async () => {
  const { id } = await newSchedule({ catchUpMs: 60_000 });
  at("2031-06-01T00:00:05Z");
  await look();
  const fires = await firesOf(id);
  expect([fires.length, fires.at(-1)]).toEqual([101, "2031-06-01T00:00Z run"]);
});

test("what passes while a schedule is paused is not made up for", async () => {
  const { id } = await newSchedule();
  const paused = await schedules.update(OPERATOR, { scheduleId: id, etag: "", fields: { paused: true } });
  expect(paused.nextFireTime).toBeNull();
  at("2027-01-01T12:05:10Z");
  await look();
  const resumed = await schedules.update(OPERATOR, { scheduleId: id, etag: "", fields: { paused: false } });
  expect(resumed.nextFireTime).toEqual(new Date("2027-01-01T12:06Z"));
  await look();
  at("2027-01-01T12:06:00Z");
  await look();
  expect(await firesOf(id)).toEqual(["2027-01-01T12:06Z run"]);
});

test("a time that waits passes when the schedule is paused", async () => {
  const { id } = await newSchedule({ overlap: "QUEUE" });
  for (const minute of ["01", "02"]) {
    at(`2027-01-01T12:${minute}:00Z`);
    await look();
  }
  await schedules.update(OPERATOR, { scheduleId: id, etag: "", fields: { paused: true } });
  await endRun((await runIdsOf(id))[0]);
  await look();
  expect((await runIdsOf(id)).length).toBe(1);
  const why = "the schedule was paused while it waited";
  expect((await firesOf(id)).at(-1)).toBe(`2027-01-01T12:02Z ${why}`);
  expect((await read(id)).lastSkippedBecause).toBe(why);
});

test("another name does not move a time that has come", async () => {
  const { id } = await newSchedule();
  at("2027-01-01T12:01:02Z");
  await schedules.update(OPERATOR, { scheduleId: id, etag: "", fields: { name: "another" } });
  await look();
  expect(await firesOf(id)).toEqual(["2027-01-01T12:01Z run"]);
});

test("a retry policy that nobody has asked for follows what is said of repetition, and another one stays", async () => {
  const change = async (scheduleId: string, fields: Partial<ScheduleFields>) =>
    (await schedules.update(OPERATOR, { scheduleId, etag: "", fields })).retryPolicy;
  const plain = await newSchedule();
  const idempotent = await newSchedule({ idempotent: true });
  expect(await change(plain.id, { idempotent: true })).toEqual(idempotent.retryPolicy);
  expect(await change(plain.id, { idempotent: false })).toEqual(plain.retryPolicy);
  const asked = { maxAttempts: 5, backoffMs: undefined, multiplier: 0, maxBackoffMs: undefined, retryOn: [] };
  const { id, retryPolicy } = await newSchedule({ retryPolicy: asked });
  expect(await change(id, { idempotent: true })).toEqual(retryPolicy);
  expect(
    (await change(id, { idempotent: false, retryPolicy: { ...asked, maxAttempts: 2 } })).maxAttempts,
  ).toBe(2);
});

test("the schedules of a deleted code stop until it is there again, and keep their etags", async () => {
  const { id, revision } = await newSchedule({ overlap: "QUEUE" });
  const paused = await newSchedule({ paused: true });
  for (const minute of ["01", "02"]) {
    at(`2027-01-01T12:${minute}:00Z`);
    await look();
  }
  await orm.em.fork().transactional((em) => stopSchedules(em, codeId));
  expect(await read(id)).toMatchObject({
    nextFireTime: null,
    lastSkippedBecause: "the code was deleted while it waited",
  });
  await endRun((await runIdsOf(id))[0]);
  at("2027-01-01T12:09:10Z");
  await look();
  expect((await runIdsOf(id)).length).toBe(1);
  await orm.em.fork().transactional((em) => resumeSchedules(em, codeId, new Date(nowMs)));
  expect(await read(id)).toMatchObject({ nextFireTime: new Date("2027-01-01T12:10Z"), revision });
  expect((await read(paused.id)).nextFireTime).toBeNull();
  at("2027-01-01T12:10:00Z");
  await look();
  expect((await firesOf(id)).at(-1)).toBe("2027-01-01T12:10Z run");
});

test("a code is deleted without a look at all the times that its schedules have had", async () => {
  const { id } = await newSchedule({ overlap: "QUEUE" });
  for (const minute of ["01", "02"]) {
    at(`2027-01-01T12:${minute}:00Z`);
    await look();
  }
  await pool.query(
    `insert into schedule_fires (schedule_id, fire_time, run_id, skipped_because, ended)
      select $1, timestamptz '2026-12-01' + n * interval '1 minute', gen_random_uuid(), null, true
      from generate_series(1, 20000) as n`,
    [id],
  );
  await pool.query("analyze schedule_fires");
  const read = await orm.em.fork().transactional(async (em) => {
    await stopSchedules(em, codeId);
    const [row] = await em.execute(
      `select (seq_tup_read + idx_tup_fetch)::int as rows from pg_stat_xact_user_tables
        where relname = 'schedule_fires'`,
    );
    return row!.rows as number;
  });
  expect(read).toBeLessThan(10);
  expect((await firesOf(id)).at(-1)).toBe("2027-01-01T12:02Z the code was deleted while it waited");
});

test("the schedules of a deleted project stop", async () => {
  const { id } = await newSchedule();
  await orm.em.fork().nativeUpdate(ProjectEntity, { id: projectId }, { deleteTime: new Date() });
  at("2027-01-01T12:01:00Z");
  await look();
  expect(await firesOf(id)).toEqual([]);
  const row = await orm.em.fork().findOneOrFail(ScheduleEntity, { id });
  expect(row.nextFireTime).toBeNull();
});

test("a time-out that is longer than the code's has become is the code's", async () => {
  const { id } = await newSchedule({ timeoutMs: 50_000 });
  await orm.em.fork().nativeUpdate(CodeEntity, { id: codeId }, { timeoutMs: 40_000 });
  at("2027-01-01T12:01:00Z");
  await look();
  const { rows } = await pool.query("select timeout_ms from run_orders where schedule_id = $1", [id]);
  expect(rows).toEqual([{ timeout_ms: null }]);
});

test("a schedule whose time zone is not known any more stops, and the others go on", async () => {
  const broken = await newSchedule();
  const sound = await newSchedule();
  await pool.query("update schedules set time_zone = 'Mars/Olympus' where id = $1", [broken.id]);
  at("2027-01-01T12:01:00Z");
  await look();
  expect(await firesOf(sound.id)).toEqual(["2027-01-01T12:01Z run"]);
  expect(await read(broken.id)).toMatchObject({
    nextFireTime: null,
    lastSkippedBecause:
      'its times cannot be reckoned in the time zone "Mars/Olympus" by this service; UpdateSchedule with another time_zone starts it again',
  });
  await schedules.update(OPERATOR, { scheduleId: broken.id, etag: "", fields: { timeZone: "UTC" } });
  at("2027-01-01T12:02:00Z");
  await look();
  expect((await firesOf(broken.id)).at(-1)).toBe("2027-01-01T12:02Z run");
});

test("when clocks are put forward, a time that does not exist starts one run", async () => {
  at("2026-03-29T00:30:00Z");
  const { id } = await newSchedule({ cron: "0,30 2 * * *", timeZone: "Europe/Berlin" });
  for (
    nowMs = Date.parse("2026-03-29T00:30:00Z");
    nowMs < Date.parse("2026-03-29T03:00:00Z");
    nowMs += 600_000
  )
    await look();
  expect(await firesOf(id)).toEqual(["2026-03-29T01:00Z run"]);
});

test("when clocks are put back, a time that comes twice starts one run", async () => {
  at("2026-10-24T23:30:00Z");
  const { id } = await newSchedule({ cron: "30 2 * * *", timeZone: "Europe/Berlin" });
  for (
    nowMs = Date.parse("2026-10-24T23:30:00Z");
    nowMs < Date.parse("2026-10-25T03:00:00Z");
    nowMs += 600_000
  )
    await look();
  expect(await firesOf(id)).toEqual(["2026-10-25T00:30Z run"]);
});

test("what became of times is kept for 30 days", async () => {
  const { id } = await newSchedule();
  at("2027-01-01T12:01:00Z");
  await look();
  await forgetOldFires(pool, new Date("2027-01-31T12:00:00Z"));
  expect((await firesOf(id)).length).toBe(1);
  await forgetOldFires(pool, new Date("2027-01-31T12:02:00Z"));
  expect(await firesOf(id)).toEqual([]);
});
