import { createHmac, randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { MikroORM } from "@mikro-orm/postgresql";
import { Pool } from "pg";
import { v7 as newId } from "uuid";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { callbackBody } from "../../src/api/callbacks.ts";
import { ProjectEntity } from "../../src/core/db/entities/projects.ts";
import { migrate, openOrm } from "../../src/core/db/orm.ts";
import { parseRanges } from "../../src/sandbox/egress/rules.ts";
import type { Call } from "../../src/services/access.ts";
import { openPost } from "../../src/services/callback-post.ts";
import {
  claimDue,
  dueProjects,
  findDeliveries,
  forgetOldCallbacks,
  sweepEnded,
} from "../../src/services/callback-rows.ts";
import { Callbacks } from "../../src/services/callbacks.ts";
import { retryPolicy } from "../../src/services/retry-policy.ts";
import { RunRecords } from "../../src/services/run-records.ts";
import { Secrets } from "../../src/services/secrets.ts";
import { CERTIFICATE } from "../support/certificate.ts";
import { newDatabase } from "../support/database.ts";
import { insertDurableRun } from "../support/durable-run.ts";
import { type Received, type Receiver, startReceiver } from "../support/receiver.ts";
import { silent } from "../support/silent-log.ts";

const OPERATOR: Call = {
  caller: { kind: "operator", tokenId: newId(), name: "tests" },
  signal: new AbortController().signal,
  deadlineMs: undefined,
  correlationId: "tests",
};

/** As `expect`, of what is to become true; waits long enough for a loaded machine. */
function eventually<Value>(read: () => Value) {
  return expect.poll(read, { timeout: 20_000, interval: 20 });
}

let orm: MikroORM;
let pool: Pool;
let secrets: Secrets;
let receiver: Receiver;
let projectId: string;
/** What the services take for the time, and nothing is due by. */
const nowMs = Date.UTC(2027, 0, 1);
/** Callbacks that are over, by what became of them. */
let over: string[] = [];

beforeAll(async () => {
  const url = await newDatabase();
  orm = await openOrm(url, 4);
  await migrate(orm);
  pool = new Pool({ connectionString: url, max: 8 });
  secrets = new Secrets({ orm, key: randomBytes(32), tell: async () => {} });
});
afterAll(async () => {
  await orm.close(true);
  await pool.end();
});

beforeEach(async () => {
  await pool.query("truncate callbacks");
  projectId = await newProject();
  over = [];
  const started = await startReceiver();
  receiver = started;
  return () => started[Symbol.asyncDispose]();
});

async function newProject(): Promise<string> {
  const now = new Date();
  const id = newId();
  const project = { id, name: "tests", slug: id, defaultEgressHosts: [], createTime: now, updateTime: now };
  await orm.em.fork().insert(ProjectEntity, project);
  await secrets.put(OPERATOR, { projectId: id, name: "signing", value: "first value" });
  return id;
}

interface World {
  readonly callbackHttp?: boolean;
  readonly egressRanges?: readonly string[];
  readonly egressHostsCeiling?: readonly string[];
  readonly authorities?: string;
  readonly tryMs?: number;
  readonly addresses?: readonly string[];
  readonly clockMs?: number;
}

/** A service's callbacks, which do not look by themselves until they are started. */
function open(world: World = {}): Callbacks {
  const { egressRanges = ["127.0.0.1/32"], authorities = CERTIFICATE, addresses = [] } = world;
  const { callbackHttp = false, egressHostsCeiling = [], tryMs = 10_000, clockMs = nowMs } = world;
  const lookup = async () => addresses;
  return new Callbacks({
    pool,
    secrets,
    records: new RunRecords({ orm, redactedHeaders: new Set(), deliveriesOf: async () => new Map() }),
    post: openPost({
      way: { lookup, allowedRanges: parseRanges(egressRanges), connectMs: 5_000 },
      authorities,
    }),
    render: callbackBody,
    log: silent,
    settings: { callbackHttp, egressRanges, egressHostsCeiling },
    now: () => new Date(clockMs),
    tryMs,
    ended: (outcome) => over.push(outcome),
  });
}

/** A durable run that has somebody to tell, and has not ended. */
async function newRun(ask: { url?: string; secret?: string; projectId?: string } = {}): Promise<string> {
  const { url = `${receiver.url}/hook?a=1`, secret = "signing" } = ask;
  const input = { method: "POST", path: "/", query: [], headers: [], body: Buffer.from("the input") };
  const run = await insertDurableRun(pool, {
    projectId: ask.projectId ?? projectId,
    codeId: newId(),
    version: 1,
    trigger: "ASYNC",
    input,
    recordPayloads: "ALL",
    timeoutMs: undefined,
    notBefore: undefined,
    retryPolicy: retryPolicy(undefined, false),
    idempotent: false,
    callback: { url, secret },
    scheduleId: undefined,
    replayOf: undefined,
  });
  return run.id;
}

/** The run's end goes on record, as its service writes it. */
async function end(runId: string, body = "the result"): Promise<string> {
  await pool.query("update runs set status = 'SUCCEEDED', end_time = now(), due_time = null where id = $1", [
    runId,
  ]);
  await pool.query(
    `update run_payloads set result_status_code = 201, result_content_type = 'text/plain', result_headers = '[]',
      result_body = $2 where run_id = $1`,
    [runId, Buffer.from(body)],
  );
  return runId;
}

async function endedRun(ask: Parameters<typeof newRun>[0] = {}): Promise<string> {
  return end(await newRun(ask));
}

async function deliveryOf(callbacks: Callbacks, runId: string) {
  return (await callbacks.deliveriesOf([runId])).get(runId)!;
}

function isSigned({ headers, body }: Received, secret: string): boolean {
  const { t, v1 } = /^t=(?<t>\d+),v1=(?<v1>[0-9a-f]{64})$/.exec(String(headers["code-actions-signature"]))!
    .groups!;
  expect(Number(t)).toBe(Math.floor(nowMs / 1000));
  return createHmac("sha256", secret).update(`${t}.${body}`).digest("hex") === v1;
}

async function databaseTime(): Promise<Date> {
  const { rows } = await pool.query<{ now: Date }>("select now()");
  return rows[0]!.now;
}

/** The time of the next try comes. */
async function becomesDue(callbacks: Callbacks, runId: string): Promise<void> {
  await pool.query("update callbacks set next_time = now() where run_id = $1", [runId]);
  callbacks.wake();
}

/** The time of the next try comes, and it is made. */
async function toNextTry(callbacks: Callbacks, runId: string): Promise<void> {
  const made = receiver.received.length;
  await becomesDue(callbacks, runId);
  await eventually(() => receiver.received.length).toBe(made + 1);
}

/** What comes so long after something that has happened between two moments. */
function isAfter(time: Date, waitMs: number, [from, to]: readonly [Date, Date]): void {
  expect(time.getTime()).toBeGreaterThanOrEqual(from.getTime() + waitMs);
  // Stored times are rounded to milliseconds.
  expect(time.getTime()).toBeLessThanOrEqual(to.getTime() + waitMs + 1);
}

test("the end of a run is told once, signed, with the result and without the input", async () => {
  await using callbacks = open();
  callbacks.wake();
  const runId = await newRun();
  expect(await deliveryOf(callbacks, runId)).toMatchObject({
    status: "WAITING",
    tries: [],
    nextTime: undefined,
  });
  await callbacks.runEnded({ id: await end(runId) });
  await eventually(() => over).toEqual(["DELIVERED"]);
  const [told, ...more] = receiver.received;
  expect(more).toEqual([]);
  expect(told).toMatchObject({
    method: "POST",
    path: "/hook?a=1",
    headers: {
      "content-type": "application/json",
      "user-agent": "code-actions",
      "code-actions-run-id": runId,
      "code-actions-delivery": expect.stringMatching(/^[0-9a-f-]{36}$/),
    },
  });
  expect(isSigned(told!, "first value")).toBe(true);
  const run = JSON.parse(told!.body);
  expect(run).toMatchObject({ id: runId, projectId, status: "RUN_STATUS_SUCCEEDED" });
  expect(run.result).toMatchObject({ statusCode: 201, body: Buffer.from("the result").toString("base64") });
  expect(run.request).toBeUndefined();
  expect(await deliveryOf(callbacks, runId)).toMatchObject({
    status: "DELIVERED",
    tries: [{ number: 1, statusCode: 200, error: "" }],
    nextTime: undefined,
  });
});

test("a run that ends twice over is told once", async () => {
  await using callbacks = open();
  callbacks.wake();
  const runId = await endedRun();
  await callbacks.runEnded({ id: runId });
  await eventually(() => over).toEqual(["DELIVERED"]);
  await callbacks.runEnded({ id: runId });
  expect((await deliveryOf(callbacks, runId)).status).toBe("DELIVERED");
});

test("what is not confirmed is told again with the same delivery id, later each time", async () => {
  await using callbacks = open();
  callbacks.wake();
  receiver.answer = 500;
  const runId = await endedRun();
  const times = [await databaseTime()];
  await callbacks.runEnded({ id: runId });
  await eventually(async () => (await deliveryOf(callbacks, runId)).tries.length).toBe(1);
  times.push(await databaseTime());
  const first = await deliveryOf(callbacks, runId);
  expect(first).toMatchObject({
    status: "PENDING",
    tries: [{ number: 1, statusCode: 500, error: "it was answered with 500" }],
  });
  isAfter(first.nextTime!, 5_000, [times[0]!, times[1]!]);
  await toNextTry(callbacks, runId);
  await eventually(async () => (await deliveryOf(callbacks, runId)).tries.length).toBe(2);
  isAfter((await deliveryOf(callbacks, runId)).nextTime!, 15_000, [times[1]!, await databaseTime()]);
  receiver.answer = 204;
  await toNextTry(callbacks, runId);
  await eventually(() => over).toEqual(["DELIVERED"]);
  expect(new Set(receiver.received.map(({ headers }) => headers["code-actions-delivery"])).size).toBe(1);
  expect(isSigned(receiver.received[2]!, "first value")).toBe(true);
});

test("after ten tries nobody is told any more", async () => {
  await using callbacks = open();
  callbacks.wake();
  receiver.answer = 503;
  const runId = await endedRun();
  await callbacks.runEnded({ id: runId });
  for (let made = 1; made < 10; made++) {
    await eventually(async () => (await deliveryOf(callbacks, runId)).tries.length).toBe(made);
    await toNextTry(callbacks, runId);
  }
  await eventually(() => over).toEqual(["FAILED"]);
  const { status, tries, nextTime } = await deliveryOf(callbacks, runId);
  expect([status, tries.length, nextTime]).toEqual(["FAILED", 10, undefined]);
  expect(receiver.received.length).toBe(10);
});

test.each([
  ["that never answers", { tryMs: 300 }, () => {}, 0, "there was no answer within 0.3 s"],
  ["that hangs up", {}, (response) => response.destroy(), 0, "socket hang up"],
  [
    "that goes on in another protocol",
    {},
    (response) => response.writeHead(101, { connection: "upgrade", upgrade: "websocket" }).end(),
    101,
    "it was answered with 101",
  ],
  [
    "that sends it elsewhere",
    {},
    (response) => response.writeHead(307, { location: `${receiver.url}/elsewhere` }).end(),
    307,
    "it was answered with 307; redirects are not followed",
  ],
] as [string, World, Exclude<Receiver["answer"], number>, number, string][])(
  "a receiver %s has not confirmed",
  async (_, world, answer, statusCode, error) => {
    await using callbacks = open(world);
    callbacks.wake();
    receiver.answer = answer;
    const runId = await endedRun();
    await callbacks.runEnded({ id: runId });
    await eventually(() => deliveryOf(callbacks, runId)).toMatchObject({
      status: "PENDING",
      tries: [{ statusCode, error: expect.stringContaining(error) }],
    });
    expect(receiver.received.map(({ path }) => path)).toEqual(["/hook?a=1"]);
  },
);

test.each([
  ["is long", (response) => void response.write("x".repeat(100_000))],
  ["does not come", () => {}],
  ["breaks off", (response) => void response.write("x", () => response.socket!.resetAndDestroy())],
  ["makes no sense", (response) => void response.socket!.write("not the size of a chunk\r\n")],
] as [string, (response: ServerResponse) => void][])(
  "a status is enough where the rest of the answer %s",
  async (_, goOn) => {
    await using plain = await startReceiver("http");
    await using callbacks = open({ callbackHttp: true, tryMs: 300 });
    callbacks.wake();
    plain.answer = (response) => {
      response.writeHead(200).flushHeaders();
      goOn(response);
    };
    await callbacks.runEnded({ id: await endedRun({ url: plain.url }) });
    await eventually(() => over).toEqual(["DELIVERED"]);
    expect(plain.received.length).toBe(1);
  },
);

test("the secret is read for each try", async () => {
  await using callbacks = open();
  callbacks.wake();
  receiver.answer = 500;
  const runId = await endedRun();
  await callbacks.runEnded({ id: runId });
  await eventually(async () => (await deliveryOf(callbacks, runId)).tries.length).toBe(1);
  expect(isSigned(receiver.received[0]!, "first value")).toBe(true);
  await secrets.delete(OPERATOR, projectId, "signing");
  await becomesDue(callbacks, runId);
  await eventually(async () => (await deliveryOf(callbacks, runId)).tries.at(-1)).toMatchObject({
    number: 2,
    error: 'the project has no secret "signing" to sign with',
  });
  expect(receiver.received.length).toBe(1);
  await secrets.put(OPERATOR, { projectId, name: "signing", value: "second value" });
  receiver.answer = 200;
  await toNextTry(callbacks, runId);
  await eventually(() => over).toEqual(["DELIVERED"]);
  expect(isSigned(receiver.received[1]!, "second value")).toBe(true);
});

test("a secret that cannot be opened is told as what it is, and the next try signs with one that can", async () => {
  await using callbacks = open();
  callbacks.wake();
  const others = new Secrets({ orm, key: randomBytes(32), tell: async () => {} });
  await others.put(OPERATOR, { projectId, name: "signing", value: "sealed with another key" });
  const why = 'the secret "signing" cannot be opened, since CODEACTIONS_SECRET_KEY was another one';
  const refused = callbacks.require(projectId, { url: "https://hooks.example.org/", secret: "signing" });
  await expect(refused).rejects.toMatchObject({
    reason: "FIELD_INVALID",
    metadata: { field: "callback.secret" },
    message: expect.stringContaining(why),
  });
  const runId = await endedRun();
  await callbacks.runEnded({ id: runId });
  await eventually(() => deliveryOf(callbacks, runId)).toMatchObject({
    status: "PENDING",
    tries: [{ number: 1, statusCode: 0, error: expect.stringContaining(why) }],
  });
  await secrets.put(OPERATOR, { projectId, name: "signing", value: "second value" });
  await toNextTry(callbacks, runId);
  await eventually(() => over).toEqual(["DELIVERED"]);
  expect(isSigned(receiver.received[0]!, "second value")).toBe(true);
});

test("a large result is left out, and its size is told", async () => {
  await using callbacks = open();
  callbacks.wake();
  const runId = await end(await newRun(), "x".repeat(256 * 1024 + 1));
  await callbacks.runEnded({ id: runId });
  await eventually(() => over).toEqual(["DELIVERED"]);
  const { result } = JSON.parse(receiver.received[0]!.body);
  expect([result.body ?? "", result.bodyBytes]).toEqual(["", String(256 * 1024 + 1)]);
});

test("a run whose service died before it could say so is told all the same", async () => {
  await endedRun();
  const waiting = await newRun();
  await using callbacks = open();
  callbacks.wake();
  await eventually(() => over).toEqual(["DELIVERED"]);
  expect((await deliveryOf(callbacks, waiting)).status).toBe("WAITING");
});

test("what a closing service gives up is tried at once by another one", async () => {
  const closing = open();
  closing.wake();
  receiver.answer = () => {};
  const runId = await endedRun();
  await closing.runEnded({ id: runId });
  await eventually(() => receiver.received.length).toBe(1);
  await closing[Symbol.asyncDispose]();
  receiver.answer = 200;
  await using other = open();
  other.wake();
  await eventually(() => over).toEqual(["DELIVERED"]);
  expect(await deliveryOf(other, runId)).toMatchObject({ tries: [{ number: 1, statusCode: 200 }] });
});

test("what a killed service was trying is tried again when its claim has run out", async () => {
  await using callbacks = open();
  const runId = await endedRun();
  await callbacks.runEnded({ id: runId });
  // What a claim leaves behind.
  await pool.query("update callbacks set next_time = now() + interval '30 s' where run_id = $1", [runId]);
  callbacks.wake();
  const other = await endedRun();
  await callbacks.runEnded({ id: other });
  await eventually(() => over).toEqual(["DELIVERED"]);
  expect((await deliveryOf(callbacks, runId)).tries).toEqual([]);
  await becomesDue(callbacks, runId);
  await eventually(() => over).toEqual(["DELIVERED", "DELIVERED"]);
});

test("a service whose clock is ahead does not try what another one is trying", async () => {
  await using one = open();
  one.wake();
  receiver.answer = () => {};
  const runId = await endedRun();
  await one.runEnded({ id: runId });
  await eventually(() => receiver.received.length).toBe(1);
  await using ahead = open({ clockMs: nowMs + 3_600_000 });
  receiver.answer = 200;
  const other = await endedRun();
  await ahead.runEnded({ id: other });
  await eventually(() => over).toEqual(["DELIVERED"]);
  const told = receiver.received.map(({ headers }) => headers["code-actions-run-id"]);
  expect(told).toEqual([runId, other]);
});

test("a service that was too slow for its claim leaves the try to whoever has it now", async () => {
  await using callbacks = open({ tryMs: 700 });
  const runId = await endedRun();
  await using secretsLocked = await lock("secrets");
  callbacks.wake();
  const claimedUntil = async () => (await deliveryOf(callbacks, runId)).nextTime!;
  await eventually(async () => (await deliveryOf(callbacks, runId)).status).toBe("PENDING");
  await eventually(async () => (await claimedUntil()) > (await databaseTime())).toBe(true);
  const first = await claimedUntil();
  await eventually(async () => (await claimedUntil()) > first).toBe(true);
  await secretsLocked[Symbol.asyncDispose]();
  await eventually(() => over).toEqual(["DELIVERED"]);
  await callbacks[Symbol.asyncDispose]();
  expect(receiver.received.length).toBe(1);
});

test("projects take turns, however many others have callbacks that are due", async () => {
  await using callbacks = open();
  const runIds: string[] = [];
  for (let made = 0; made < 40; made += 1) {
    const other = await newProject();
    runIds.push(await endedRun({ projectId: other }), await endedRun({ projectId: other }));
  }
  callbacks.wake();
  await eventually(() => over.length).toBe(80);
  const told = receiver.received.map(({ headers }) => headers["code-actions-run-id"]);
  expect(told.toSorted()).toEqual(runIds.toSorted());
});

test("a look reads no more where a project that has its share has very many more that are due", async () => {
  const full = projectId;
  const other = await newProject();
  await manyCallbacks(20_000, full, "PENDING");
  await manyCallbacks(1, other, "PENDING");
  const nobody = "00000000-0000-0000-0000-000000000000";
  const due = { after: nobody, except: [full], limit: 32 };
  expect(await dueProjects(pool, due)).toEqual([other]);
  expect(await rowsRead((explained) => dueProjects(explained, due))).toBeLessThan(20);
  const shares = [
    { projectId: full, callbacks: 1 },
    { projectId: other, callbacks: 8 },
  ];
  expect(await rowsRead((explained) => claimDue(explained, 30_000, shares))).toBeLessThan(20);
  expect((await claimDue(pool, 30_000, shares)).map((claimed) => claimed.projectId).toSorted()).toEqual(
    [full, other].toSorted(),
  );
});

test("a sweep goes on where the last one ended, and finds a run that has ended behind very many that have not", async () => {
  await manyCallbacks(10_000, projectId, "WAITING");
  const runId = await endedRun();
  const nobody = "00000000-0000-0000-0000-000000000000";
  const last = await sweepEnded(pool, nobody);
  expect((await findDeliveries(pool, [runId])).get(runId)?.status).toBe("WAITING");
  expect(await sweepEnded(pool, last!)).toBe(runId);
  expect((await findDeliveries(pool, [runId])).get(runId)?.status).toBe("PENDING");
  expect(await sweepEnded(pool, runId)).toBeUndefined();
});

/** Callbacks that are due or wait, whose runs are not there. */
async function manyCallbacks(count: number, ofProject: string, status: "PENDING" | "WAITING"): Promise<void> {
  await pool.query(
    `insert into callbacks (run_id, project_id, url, secret, delivery_id, status, tries_made, tries, next_time)
      select ('00000000-0000-7000-8000-' || right($2::text, 4) || lpad(to_hex(n), 8, '0'))::uuid, $2::uuid,
        'https://example.org/', 'signing', gen_random_uuid(), $3::text, 0, '[]',
        case when $3::text = 'PENDING' then now() end
      from generate_series(1, $1::int) as n`,
    [count, ofProject, status],
  );
  await pool.query("analyze callbacks");
}

interface PlanNode {
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly PlanNode[];
}

/** How many rows all steps of a statement read, which is carried out and undone. */
async function rowsRead(ask: (explained: Pool) => Promise<unknown>): Promise<number> {
  const client = await pool.connect();
  let plan: PlanNode | undefined;
  const explain = async ({ text, values }: { text: string; values: unknown[] }) => {
    const { rows } = await client.query(`explain (analyze, format json) ${text}`, values);
    plan = rows[0]["QUERY PLAN"][0].Plan;
    return { rows: [] };
  };
  await client.query("begin");
  await ask({ query: explain } as unknown as Pool);
  await client.query("rollback");
  client.release();
  const count = (node: PlanNode): number =>
    (node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0)) * node["Actual Loops"] +
    (node.Plans ?? []).reduce((sum, each) => sum + count(each), 0);
  return count(plan!);
}

/** Nobody reads a table until the answer is disposed of. */
async function lock(table: string): Promise<AsyncDisposable> {
  const client = await pool.connect();
  await client.query("begin");
  await client.query(`lock table ${table}`);
  let held: Promise<unknown> | undefined;
  return {
    async [Symbol.asyncDispose]() {
      held ??= client.query("commit").then(() => client.release());
      await held;
    },
  };
}

test("several services share the work, and each run is told once", async () => {
  await using one = open();
  await using another = open();
  const runIds = await Promise.all(Array.from({ length: 60 }, () => endedRun()));
  one.wake();
  another.wake();
  await eventually(() => over.length).toBe(60);
  const told = receiver.received.map(({ headers }) => headers["code-actions-run-id"]);
  expect(told.toSorted()).toEqual(runIds.toSorted());
});

test("a project whose receivers do not answer does not keep others from theirs", async () => {
  await using silentReceiver = await startReceiver();
  silentReceiver.answer = () => {};
  await using callbacks = open();
  const url = `${silentReceiver.url}/`;
  await Promise.all(Array.from({ length: 40 }, () => endedRun({ url })));
  callbacks.wake();
  await eventually(() => silentReceiver.received.length).toBe(8);
  const other = await newProject();
  await callbacks.runEnded({ id: await endedRun({ projectId: other }) });
  await eventually(() => over).toEqual(["DELIVERED"]);
});

test("a name is looked up for each try, and a private address behind it is not reached", async () => {
  const port = new URL(receiver.url).port;
  await using callbacks = open({ egressRanges: [], addresses: ["93.184.215.14", "127.0.0.1"] });
  callbacks.wake();
  const url = `https://hooks.example.org:${port}/`;
  await callbacks.require(projectId, { url, secret: "signing" });
  const runId = await endedRun({ url });
  await callbacks.runEnded({ id: runId });
  await eventually(async () => (await deliveryOf(callbacks, runId)).tries[0]?.error).toContain(
    `hooks.example.org:${port} is at 127.0.0.1, a loopback address`,
  );
  expect(receiver.received).toEqual([]);
});

test("a receiver is who its certificate says", async () => {
  const port = new URL(receiver.url).port;
  await using strangers = open({ authorities: "" });
  await using others = open({ addresses: ["127.0.0.1"] });
  const unknown = await endedRun();
  strangers.wake();
  await strangers.runEnded({ id: unknown });
  await eventually(async () => (await deliveryOf(strangers, unknown)).tries[0]?.error).toContain(
    "self-signed certificate",
  );
  await strangers[Symbol.asyncDispose]();
  const misnamed = await endedRun({ url: `https://other.example.org:${port}/` });
  others.wake();
  await others.runEnded({ id: misnamed });
  await eventually(async () => (await deliveryOf(others, misnamed)).tries[0]?.error).toContain(
    "other.example.org",
  );
  expect(receiver.received).toEqual([]);
});

test("plain http is for where the operator allows it", async () => {
  await using plain = await startReceiver("http");
  const runId = await endedRun({ url: `${plain.url}/hook` });
  await using strict = open();
  strict.wake();
  await eventually(() => over).toEqual(["FAILED"]);
  expect((await deliveryOf(strict, runId)).tries[0]?.error).toContain("http:// is not allowed here");
  await strict[Symbol.asyncDispose]();
  await using lenient = open({ callbackHttp: true });
  lenient.wake();
  await lenient.runEnded({ id: await endedRun({ url: `${plain.url}/hook` }) });
  await eventually(() => over).toEqual(["FAILED", "DELIVERED"]);
  expect(isSigned(plain.received[0]!, "first value")).toBe(true);
});

test.each([
  [
    "no address",
    "hooks.example.org",
    "callback.url",
    "not an address; accepted are addresses such as https://",
  ],
  ["plain http", "http://hooks.example.org/", "callback.url", "http:// is not allowed here"],
  ["another scheme", "ftp://hooks.example.org/", "callback.url", "ftp:// is not allowed here"],
  ["a user name", "https://me@hooks.example.org/", "callback.url", "has a user name or a password"],
  ["a private address", "https://10.0.0.1/", "callback.url", "leads to a private address"],
  ["a private address in disguise", "https://0x0a000001/", "callback.url", "leads to a private address"],
  ["a private IPv6 address", "https://[fd00::1]/", "callback.url", "leads to a private address"],
  ["a metadata address", "https://169.254.169.254/", "callback.url", "a cloud's metadata address"],
  ["a very long address", `https://example.org/${"a".repeat(2_048)}`, "callback.url", "longer than 2048"],
])("%s is refused when it is asked for", async (_, url, field, why) => {
  await using callbacks = open({ egressRanges: [] });
  await expect(callbacks.require(projectId, { url, secret: "signing" })).rejects.toMatchObject({
    reason: "FIELD_INVALID",
    metadata: { field },
    message: expect.stringContaining(why),
  });
});

test("a secret that the project does not have is refused when it is asked for", async () => {
  await using callbacks = open();
  const ask = { url: "https://hooks.example.org/", secret: "missing" };
  await expect(callbacks.require(projectId, ask)).rejects.toMatchObject({
    reason: "FIELD_INVALID",
    metadata: { field: "callback.secret" },
  });
});

test("the operator's ceiling for hosts holds for callbacks, too", async () => {
  await using callbacks = open({ egressHostsCeiling: ["*.example.org"] });
  await callbacks.require(projectId, { url: "https://hooks.example.org/a", secret: "signing" });
  for (const url of ["https://example.net/", "https://hooks.example.org:8443/"]) {
    await expect(callbacks.require(projectId, { url, secret: "signing" })).rejects.toMatchObject({
      reason: "ABOVE_CEILING",
      metadata: { field: "callback.url", setting: "CODEACTIONS_EGRESS_HOSTS_CEILING" },
    });
  }
});

test("callbacks are forgotten with their runs", async () => {
  await using callbacks = open();
  const runId = await newRun();
  const days = (count: number) => new Date(Date.now() + count * 86_400_000);
  await forgetOldCallbacks(pool, days(30), 30);
  expect((await callbacks.deliveriesOf([runId])).size).toBe(1);
  await forgetOldCallbacks(pool, days(32), 30);
  expect((await callbacks.deliveriesOf([runId])).size).toBe(0);
});
