import { createHmac, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { durationFromMs, timestampDate } from "@bufbuild/protobuf/wkt";
import { Pool } from "pg";
import { v7 as newId } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Role } from "../../gen/codeactions/v1/project_pb.ts";
import { CallbackStatus, type Run, RunStatus, RunTrigger } from "../../gen/codeactions/v1/run_pb.ts";
import { Overlap, type Schedule } from "../../gen/codeactions/v1/schedule_pb.ts";
import { CERTIFICATE } from "../support/certificate.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import {
  type Clients,
  ECHO,
  newCode,
  newProject,
  refusalOf,
  type Service,
  startService,
  textOf,
  utf8,
} from "../support/service.ts";

/** A time that does not come by itself while these tests run. */
const NOT_SOON = "0 0 29 2 *";

let folder: string;
let receiver: Receiver;
let service: Service;
let clients: Clients;
let pool: Pool;
let projectId: string;
let codeId: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "code-actions-test-"));
  await writeFile(join(folder, "authority.pem"), CERTIFICATE);
  receiver = await startReceiver();
  service = await startService({
    CODEACTIONS_WORKERS_MAX: "4",
    CODEACTIONS_EGRESS_RANGES: "127.0.0.1/32",
    CODEACTIONS_CALLBACK_CA_FILE: join(folder, "authority.pem"),
  });
  clients = service.clients("grpc");
  pool = new Pool({ connectionString: service.databaseUrl, max: 2 });
  projectId = await newProject(clients);
  ({ id: codeId } = await newCode(clients, projectId, ECHO.python));
  await clients.codes.putSecret({ projectId, name: "signing", value: "the value" });
});

afterAll(async () => {
  await pool?.end();
  await service?.[Symbol.asyncDispose]();
  await receiver?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

type NewSchedule = Parameters<Clients["runs"]["createSchedule"]>[0];

async function newSchedule(fields: NewSchedule = {}): Promise<Schedule> {
  const { schedule } = await clients.runs.createSchedule({
    codeId,
    name: "nightly",
    cron: "30 2 * * *",
    ...fields,
  });
  return schedule!;
}

/** The schedule's time has come, as far as the service knows. */
async function letFire(scheduleId: string): Promise<void> {
  await pool.query("update schedules set next_fire_time = now() where id = $1", [scheduleId]);
}

async function endOf(runId: string): Promise<Run> {
  for await (const { event } of clients.runs.watchRun({ runId })) {
    if (event?.event.case === "finished") return event.event.value;
  }
  throw new Error("the run has no end");
}

test("a new schedule has the defaults the contract names, and its next time", async () => {
  const before = Date.now();
  const schedule = await newSchedule();
  expect(schedule).toMatchObject({
    projectId,
    codeId,
    name: "nightly",
    cron: "30 2 * * *",
    timeZone: "UTC",
    overlap: Overlap.SKIP,
    catchUpWindow: durationFromMs(3_600_000),
    paused: false,
    version: 0,
    input: { method: "POST", path: "/", query: [], headers: [] },
    retryPolicy: { maxAttempts: 1, backoff: durationFromMs(1_000), multiplier: 2 },
    idempotent: false,
  });
  const { timeout, callback, lastFire } = schedule;
  expect([timeout, callback, lastFire]).toEqual([undefined, undefined, undefined]);
  expect(schedule.etag).not.toBe("");
  const next = timestampDate(schedule.nextFireTime!);
  expect(next.toISOString()).toMatch(/T02:30:00\.000Z$/);
  expect(next.getTime() - before).toBeGreaterThan(0);
  expect(next.getTime() - before).toBeLessThanOrEqual(86_400_000);
  expect((await clients.runs.getSchedule({ scheduleId: schedule.id })).schedule).toEqual(schedule);
});

test("the same request id makes one schedule; with another body it is refused", async () => {
  const ask = { codeId, name: "once", cron: "@daily", requestId: randomUUID() };
  const made = await Promise.all([clients.runs.createSchedule(ask), clients.runs.createSchedule(ask)]);
  expect(new Set(made.map(({ schedule }) => schedule!.id)).size).toBe(1);
  expect(await refusalOf(clients.runs.createSchedule({ ...ask, cron: "@hourly" }))).toMatchObject({
    reason: "REQUEST_ID_REUSED",
  });
});

test("an update changes only the fields that are present", async () => {
  const callback = { url: `${receiver.url}/`, secret: "signing" };
  const schedule = await newSchedule({
    timeout: durationFromMs(5_000),
    callback,
    input: { body: utf8("kept") },
    retryPolicy: { maxAttempts: 4 },
  });
  const change = async (fields: Parameters<Clients["runs"]["updateSchedule"]>[0]) =>
    (await clients.runs.updateSchedule({ scheduleId: schedule.id, ...fields })).schedule!;
  const renamed = await change({ name: "renamed", overlap: Overlap.QUEUE });
  const { etag, updateTime } = renamed;
  expect(renamed).toEqual({ ...schedule, name: "renamed", overlap: Overlap.QUEUE, etag, updateTime });
  expect(etag).not.toBe(schedule.etag);
  const moved = await change({ cron: "0 12 * * *", timeZone: "Asia/Tokyo" });
  expect(timestampDate(moved.nextFireTime!).toISOString()).toMatch(/T03:00:00\.000Z$/);
  const without = await change({
    timeout: durationFromMs(0),
    callback: { url: "", secret: "" },
    catchUpWindow: durationFromMs(0),
  });
  expect([without.timeout, without.callback]).toEqual([undefined, undefined]);
  expect(without.catchUpWindow).toMatchObject({ seconds: 0n });
  expect(textOf(without.input?.body)).toBe("kept");
  expect(without.retryPolicy?.maxAttempts).toBe(4);
  const paused = await change({ paused: true });
  expect([paused.paused, paused.nextFireTime]).toEqual([true, undefined]);
  expect((await change({ paused: false })).nextFireTime).toEqual(moved.nextFireTime);
});

test("a change and a deletion from an older state are refused by the etag", async () => {
  const { id: scheduleId, etag } = await newSchedule();
  await clients.runs.updateSchedule({ scheduleId, etag, name: "changed" });
  const older = { reason: "ETAG_MISMATCH", code: "Aborted" };
  expect(await refusalOf(clients.runs.updateSchedule({ scheduleId, etag, name: "again" }))).toMatchObject(
    older,
  );
  expect(await refusalOf(clients.runs.deleteSchedule({ scheduleId, etag }))).toMatchObject(older);
  await clients.runs.deleteSchedule({ scheduleId });
  const gone = { reason: "SCHEDULE_NOT_FOUND", code: "NotFound" };
  expect(await refusalOf(clients.runs.getSchedule({ scheduleId }))).toMatchObject(gone);
  expect(await refusalOf(clients.runs.deleteSchedule({ scheduleId }))).toMatchObject(gone);
});

test("schedules of a project and of a code are listed newest first, page by page, without what they give", async () => {
  const project = await newProject(clients);
  const [first, second] = await Promise.all([
    newCode(clients, project, ECHO.python),
    newCode(clients, project, ECHO.python),
  ]);
  const made: string[] = [];
  for (const { id } of [first, second, first, second, first])
    made.push((await newSchedule({ codeId: id, input: { body: utf8("given") } })).id);
  const listed: Schedule[] = [];
  for (let pageToken = ""; ; ) {
    const scope = { case: "projectId", value: project } as const;
    const page = await clients.runs.listSchedules({ scope, pageSize: 2, pageToken });
    listed.push(...page.schedules);
    pageToken = page.nextPageToken;
    if (pageToken === "") break;
    const ofCode = { scope: { case: "codeId", value: first.id } as const, pageToken };
    expect(await refusalOf(clients.runs.listSchedules(ofCode))).toMatchObject({
      reason: "PAGE_TOKEN_INVALID",
    });
  }
  expect(listed.map(({ id }) => id)).toEqual(made.toReversed());
  expect(listed.map(({ input }) => input)).toEqual(made.map(() => undefined));
  const ofCode = await clients.runs.listSchedules({ scope: { case: "codeId", value: first.id } });
  expect(ofCode.schedules.map(({ id }) => id)).toEqual([made[4], made[2], made[0]]);
});

test("the values of credentials that a schedule gives are not shown", async () => {
  const headers = [
    { name: "Authorization", value: "Bearer secret" },
    { name: "X-Kind", value: "shown" },
  ];
  const { id: scheduleId } = await newSchedule({ input: { headers } });
  const { schedule } = await clients.runs.getSchedule({ scheduleId });
  expect(schedule?.input?.headers.map(({ value }) => value)).toEqual(["[redacted]", "shown"]);
});

test("who may see and change schedules", async () => {
  const { id: scheduleId } = await newSchedule();
  const withRole = async (role: Role) => {
    const { secret } = await clients.projects.createToken({ projectId, name: "a role", role });
    return service.clients("grpc", secret).runs;
  };
  const [viewer, contributor, editor] = await Promise.all([
    withRole(Role.VIEWER),
    withRole(Role.CONTRIBUTOR),
    withRole(Role.EDITOR),
  ]);
  const insufficient = { reason: "ROLE_INSUFFICIENT", metadata: { requiredRole: "EDITOR" } };
  await viewer.getSchedule({ scheduleId });
  await viewer.listSchedules({ scope: { case: "projectId", value: projectId } });
  for (const call of [
    () => contributor.createSchedule({ codeId, name: "x", cron: "@daily" }),
    () => contributor.updateSchedule({ scheduleId, name: "x" }),
    () => contributor.deleteSchedule({ scheduleId }),
  ])
    expect(await refusalOf(call())).toMatchObject(insufficient);
  await editor.updateSchedule({ scheduleId, name: "x" });
  const { secret } = await clients.projects.createToken({
    projectId: await newProject(clients),
    name: "a stranger",
    role: Role.ADMIN,
  });
  const stranger = service.clients("grpc", secret).runs;
  const gone = { reason: "SCHEDULE_NOT_FOUND" };
  expect(await refusalOf(stranger.getSchedule({ scheduleId }))).toMatchObject(gone);
  expect(await refusalOf(stranger.updateSchedule({ scheduleId, name: "x" }))).toMatchObject(gone);
  expect(await refusalOf(stranger.deleteSchedule({ scheduleId }))).toMatchObject(gone);
  for (const scope of [
    { case: "projectId", value: projectId },
    { case: "codeId", value: codeId },
  ] as const)
    expect(await refusalOf(stranger.listSchedules({ scope }))).toMatchObject({ code: "NotFound" });
  expect(await refusalOf(stranger.createSchedule({ codeId, name: "x", cron: "@daily" }))).toMatchObject({
    reason: "CODE_NOT_FOUND",
  });
});

test.each([
  ["an expression that cannot be read", { cron: "0 25 * * *" }, "CRON_INVALID", "cron"],
  ["a time zone that nobody knows", { timeZone: "Mars/Olympus" }, "FIELD_INVALID", "time_zone"],
  ["a version that the code does not have", { version: 9 }, "VERSION_NOT_FOUND", undefined],
  ["a time-out longer than the code's", { timeout: durationFromMs(61_000) }, "FIELD_INVALID", "timeout"],
  ["a large input", { input: { body: new Uint8Array(65_537) } }, "FIELD_INVALID", "input"],
  [
    "a policy that cannot be meant",
    { retryPolicy: { backoff: durationFromMs(2_000), maxBackoff: durationFromMs(1_000) } },
    "FIELD_INVALID",
    "retry_policy.max_backoff",
  ],
  [
    "a callback to a private address",
    { callback: { url: "https://10.0.0.1/", secret: "signing" } },
    "FIELD_INVALID",
    "callback.url",
  ],
  [
    "a callback without its secret",
    { callback: { url: "https://example.org/", secret: "missing" } },
    "FIELD_INVALID",
    "callback.secret",
  ],
])("%s is refused, in a new schedule and in a change", async (_, fields, reason, field) => {
  const expected = { reason, fields: field === undefined ? [] : [field] };
  expect(await refusalOf(newSchedule(fields))).toMatchObject(expected);
  const { id: scheduleId, etag } = await newSchedule();
  expect(await refusalOf(clients.runs.updateSchedule({ scheduleId, ...fields }))).toMatchObject(expected);
  expect((await clients.runs.getSchedule({ scheduleId })).schedule?.etag).toBe(etag);
});

test("where an expression is wrong can be read from the refusal", async () => {
  expect(await refusalOf(newSchedule({ cron: "0 0 * JANUARY *" }))).toMatchObject({
    code: "InvalidArgument",
    metadata: { position: "7" },
    message: expect.stringContaining("accepted are 1 to 12 or JAN to DEC"),
  });
});

test("a project may have a thousand schedules", async () => {
  const project = await newProject(clients);
  const { id } = await newCode(clients, project, ECHO.python);
  const { id: scheduleId } = await newSchedule({ codeId: id, paused: true });
  const columns = `name, cron, time_zone, overlap, catch_up_ms, paused, version, method, path, query, headers, body,
    retry_policy, idempotent, create_time, update_time, project_id, code_id`;
  await pool.query(
    `insert into schedules (id, ${columns})
     select gen_random_uuid(), ${columns} from schedules, generate_series(1, 999) where id = $1`,
    [scheduleId],
  );
  expect(await refusalOf(newSchedule({ codeId: id }))).toMatchObject({
    reason: "QUOTA_EXCEEDED",
    message: expect.stringContaining("1000 schedules per project"),
  });
});

test("a schedule's run is carried out and recorded, and its end is told to whoever wants to know", async () => {
  const schedule = await newSchedule({
    cron: NOT_SOON,
    input: { method: "PUT", query: [{ name: "q", value: "7" }], body: utf8("scheduled") },
    callback: { url: `${receiver.url}/ended`, secret: "signing" },
  });
  await letFire(schedule.id);
  const lastRunId = async () =>
    (await clients.runs.getSchedule({ scheduleId: schedule.id })).schedule?.lastFire?.runId;
  await expect.poll(lastRunId, { timeout: 30_000 }).toMatch(/./);
  const runId = (await lastRunId())!;
  const run = await endOf(runId);
  expect(run).toMatchObject({
    status: RunStatus.SUCCEEDED,
    trigger: RunTrigger.SCHEDULE,
    version: 1,
    result: { statusCode: 201 },
  });
  expect(run.result?.headers.find(({ name }) => name === "X-Method")?.value).toBe("PUT");
  const of = { case: "projectId", value: projectId } as const;
  const { runs } = await clients.runs.listRuns({ scope: of, scheduleId: schedule.id });
  expect(runs.map(({ id }) => id)).toEqual([runId]);
  const durable = async () => (await clients.runs.getRun({ runId })).run?.durable;
  await expect
    .poll(async () => (await durable())?.callback?.status, { timeout: 30_000 })
    .toBe(CallbackStatus.DELIVERED);
  expect(await durable()).toMatchObject({
    scheduleId: schedule.id,
    callback: { url: `${receiver.url}/ended`, tries: [{ number: 1, statusCode: 200, error: "" }] },
  });
  const told = receiver.received.find(({ headers }) => headers["code-actions-run-id"] === runId)!;
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(String(told.headers["code-actions-signature"]))!;
  expect(createHmac("sha256", "the value").update(`${t}.${told.body}`).digest("hex")).toBe(v1);
  expect(JSON.parse(told.body)).toMatchObject({
    id: runId,
    trigger: "RUN_TRIGGER_SCHEDULE",
    status: "RUN_STATUS_SUCCEEDED",
    result: { body: Buffer.from("scheduled").toString("base64") },
    durable: { scheduleId: schedule.id },
  });
});

test("a time that waits for an earlier run starts as soon as that has ended", async () => {
  const slow = `import time\ndef Run(engine):\n    time.sleep(float(engine.body))\n`;
  const { id } = await newCode(clients, projectId, slow);
  const { id: scheduleId } = await newSchedule({
    codeId: id,
    cron: NOT_SOON,
    overlap: Overlap.QUEUE,
    input: { body: utf8("3") },
  });
  const scope = { case: "projectId", value: projectId } as const;
  const runsOf = async () => (await clients.runs.listRuns({ scope, scheduleId })).runs;
  const lastFire = async () => (await clients.runs.getSchedule({ scheduleId })).schedule?.lastFire;
  await letFire(scheduleId);
  await expect.poll(async () => (await runsOf()).length, { timeout: 30_000 }).toBe(1);
  const first = (await lastFire())!;
  await letFire(scheduleId);
  await expect
    .poll(async () => (await lastFire())?.fireTime, { timeout: 30_000 })
    .not.toEqual(first.fireTime);
  expect(await lastFire()).toMatchObject({ runId: "", skippedBecause: "" });
  await endOf(first.runId);
  await expect.poll(async () => (await runsOf()).length, { timeout: 30_000 }).toBe(2);
  const [later, earlier] = await runsOf();
  expect((await lastFire())?.runId).toBe(later!.id);
  expect(timestampDate(later!.createTime!).getTime()).toBeGreaterThanOrEqual(
    timestampDate((await endOf(earlier!.id)).endTime!).getTime(),
  );
});

test("the schedules of a deleted code have no next time until it is there again", async () => {
  const { id } = await newCode(clients, projectId, ECHO.python);
  const schedule = await newSchedule({ codeId: id });
  await clients.codes.deleteCode({ codeId: id });
  const read = async () => (await clients.runs.getSchedule({ scheduleId: schedule.id })).schedule!;
  expect(await read()).toEqual({ ...schedule, nextFireTime: undefined });
  expect(await refusalOf(newSchedule({ codeId: id }))).toMatchObject({ reason: "CODE_NOT_FOUND" });
  await clients.codes.undeleteCode({ codeId: id });
  expect(await read()).toEqual(schedule);
});

test("StartRun tells whoever wants to know, and refuses what could not be told", async () => {
  const callback = { url: `${receiver.url}/started`, secret: "signing" };
  const { run } = await clients.runs.startRun({ codeId, callback });
  expect(run?.durable?.callback).toMatchObject({ url: callback.url });
  await expect
    .poll(async () => (await clients.runs.getRun({ runId: run!.id })).run?.durable?.callback?.status, {
      timeout: 30_000,
    })
    .toBe(CallbackStatus.DELIVERED);
  const missing = { ...callback, secret: "missing" };
  expect(await refusalOf(clients.runs.startRun({ codeId, callback: missing }))).toMatchObject({
    reason: "FIELD_INVALID",
    fields: ["callback.secret"],
  });
});

test("schedules and callbacks have figures", async () => {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  expect(text).toMatch(/^codeactions_schedule_fires_total\{outcome="started"\} \d+$/m);
  expect(text).toMatch(/^codeactions_callbacks_total\{outcome="delivered"\} \d+$/m);
  expect(text).toMatch(/^codeactions_callbacks_pending \d+$/m);
});

test("what does not exist is told as such", async () => {
  const scheduleId = newId();
  for (const call of [
    () => clients.runs.getSchedule({ scheduleId }),
    () => clients.runs.updateSchedule({ scheduleId, name: "x" }),
    () => clients.runs.deleteSchedule({ scheduleId }),
  ])
    expect(await refusalOf(call())).toMatchObject({ reason: "SCHEDULE_NOT_FOUND", metadata: { scheduleId } });
});

test("a file of authorities that is not there ends the start with the variable's name", async () => {
  await expect(startService({ CODEACTIONS_CALLBACK_CA_FILE: join(folder, "nothing") })).rejects.toThrow(
    "CODEACTIONS_CALLBACK_CA_FILE",
  );
});
