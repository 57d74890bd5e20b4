import { v7 as newId } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LogEntry } from "../gen/codeactions/v1/log_pb.ts";
import { Role } from "../gen/codeactions/v1/project_pb.ts";
import { RunStatus } from "../gen/codeactions/v1/run_pb.ts";
import { newDatabase } from "./support/database.ts";
import { TestRedis } from "./support/redis.ts";
import {
  type Clients,
  newCode,
  newProject,
  refusalOf,
  type Service,
  startService,
  textOf,
  utf8,
} from "./support/service.ts";
import { Tail } from "./support/tail.ts";

/** Several services on one database: what one learns the others know, and what runs at one is followed at any. */

const KEY = Buffer.alloc(32, 7).toString("base64");
/** Prints its lines one by one, slowly enough for something to happen meanwhile. */
const COUNT = `import time
def Run(engine):
    for n in range(int(engine.body)):
        print('line', n + 1)
        time.sleep(0.002)
`;
const WAIT = "import time\ndef Run(engine):\n    print('begun')\n    time.sleep(600)\n";

let redis: TestRedis;
let settings: Record<string, string>;
let first: Service;
let second: Service;
let a: Clients;
let b: Clients;
let projectId: string;

beforeAll(async () => {
  redis = await TestRedis.start();
  settings = {
    DATABASE_URL: await newDatabase(),
    REDIS_URL: redis.url,
    CODEACTIONS_SECRET_KEY: KEY,
    CODEACTIONS_GO: "/nonexistent/go",
  };
  [first, second] = await Promise.all([startService(settings), startService(settings)]);
  [a, b] = [first.clients("grpc"), second.clients("grpc")];
  projectId = await newProject(a);
});

afterAll(async () => {
  await Promise.all([first, second].map((service) => service?.[Symbol.asyncDispose]()));
  await redis?.[Symbol.asyncDispose]();
});

test("a version that is published at one service is what the next call of another one runs", async () => {
  const { id: codeId } = await newCode(a, projectId, says("0"));
  expect(await answer(b, codeId)).toBe("0");
  for (let n = 1; n <= 5; n++) {
    await a.codes.updateCode({ codeId, source: says(String(n)) });
    expect(await answer(b, codeId)).toBe(String(n));
  }
  await b.codes.activateCodeVersion({ codeId, number: 1 });
  expect(await answer(a, codeId)).toBe("0");
});

test("a version that one service refuses because its workers die is refused by another one, until either lifts it", async () => {
  const { id: codeId } = await newCode(a, projectId, "import os\ndef Run(engine): os._exit(7)\n");
  for (let n = 0; n < 5; n++) await a.runs.runCode({ codeId });
  await expect
    .poll(async () => (await b.runs.getPool({ projectId })).pool?.quarantines.map((one) => one.codeId))
    .toEqual([codeId]);
  expect(await refusalOf(b.runs.runCode({ codeId }))).toMatchObject({ reason: "CODE_QUARANTINED" });
  await b.runs.liftQuarantine({ codeId, version: 1 });
  await expect.poll(async () => (await a.runs.getPool({ projectId })).pool?.quarantines).toEqual([]);
});

test("a code that is deleted at one service is gone from all addresses of another one", async () => {
  const { id: codeId, slug } = await newCode(a, projectId, says("here"));
  const { project } = await a.projects.getProject({ projectId });
  const address = `${second.url}/e/${project!.slug}/${slug}`;
  expect(await (await fetch(address)).text()).toBe("here");
  await a.codes.deleteCode({ codeId });
  expect(await refusalOf(b.runs.runCode({ codeId }))).toMatchObject({ reason: "CODE_NOT_FOUND" });
  expect((await fetch(address)).status).toBe(404);
  await a.codes.undeleteCode({ codeId });
  expect(await (await fetch(address)).text()).toBe("here");
});

test("a token that is revoked at one service is refused by another one that knew it", async () => {
  const { token, secret } = await a.projects.createToken({
    projectId,
    name: "of the test",
    role: Role.VIEWER,
  });
  const known = second.clients("connect", secret);
  await known.projects.getProject({ projectId });
  await a.projects.revokeToken({ projectId, tokenId: token!.id });
  expect(await refusalOf(known.projects.getProject({ projectId }))).toMatchObject({
    reason: "TOKEN_INVALID",
  });
});

test("a secret that is stored at one service is what the next run at another one is given", async () => {
  const { id: codeId } = await newCode(
    a,
    projectId,
    "def Run(engine): return engine.secrets['WORD'][::-1]\n",
  );
  for (const value of ["first", "second"]) {
    await a.codes.putSecret({ projectId, name: "WORD", value });
    expect(await answer(b, codeId)).toBe([...value].reverse().join(""));
  }
});

test("a project that is deleted at one service takes its codes and tokens with it at another one", async () => {
  const doomed = await newProject(a, "doomed");
  const { id: codeId } = await newCode(a, doomed, says("here"));
  const { secret } = await a.projects.createToken({ projectId: doomed, name: "x", role: Role.CONTRIBUTOR });
  const itsOwn = second.clients("connect", secret);
  expect(await answer(itsOwn, codeId)).toBe("here");
  await a.projects.deleteProject({ projectId: doomed });
  expect(await refusalOf(itsOwn.runs.runCode({ codeId }))).toMatchObject({ reason: "TOKEN_INVALID" });
  expect(await refusalOf(b.runs.runCode({ codeId }))).toMatchObject({ reason: "CODE_NOT_FOUND" });
});

test("a run is ended by whichever service is asked to", async () => {
  const { id: codeId } = await newCode(a, projectId, WAIT);
  const stream = a.runs.runCodeStream({ codeId })[Symbol.asyncIterator]();
  const runId = startedOf((await stream.next()).value);
  for (let said = ""; said !== "begun"; ) said = logOf((await stream.next()).value);
  const { run } = await b.runs.cancelRun({ runId });
  expect(run?.status).toBe(RunStatus.CANCELLED);
  // The service that had it knows it by its own doing, with the time that it took.
  expect((await stream.next()).value?.event?.event).toMatchObject({
    case: "finished",
    value: { status: RunStatus.CANCELLED },
  });
  expect((await b.runs.getRun({ runId })).run?.usage?.wall).toBeDefined();
  expect(await refusalOf(b.runs.cancelRun({ runId }))).toMatchObject({ reason: "RUN_ENDED" });
});

test("the same request id at two services at once is one run", async () => {
  const { id: codeId } = await newCode(
    a,
    projectId,
    "import uuid\ndef Run(engine): return str(uuid.uuid4())\n",
  );
  for (let round = 0; round < 10; round++) {
    const requestId = newId();
    const answers = await Promise.all([a, b, a, b].map(({ runs }) => runs.runCode({ codeId, requestId })));
    expect(new Set(answers.map(({ run }) => run?.id)).size).toBe(1);
    expect(new Set(answers.map(({ run }) => textOf(run?.result?.body))).size).toBe(1);
  }
  const { runs } = await b.runs.listRuns({ scope: { case: "codeId", value: codeId } });
  expect(runs.length).toBe(10);
});

test("what runs at one service is followed at another one as it happens, by run, code and project", async () => {
  const { id: codeId } = await newCode(a, projectId, WAIT.replace("'begun'", "engine.body"));
  const byCode = new Tail(b, { scope: { case: "codeId", value: codeId } });
  const byProject = new Tail(b, { scope: { case: "projectId", value: projectId }, codeIds: [codeId] });
  await Promise.all([byCode.started, byProject.started]);
  const stream = a.runs.runCodeStream({ codeId, input: { body: utf8("hello") } })[Symbol.asyncIterator]();
  const runId = startedOf((await stream.next()).value);
  const byRun = new Tail(b, {
    scope: { case: "runId", value: runId },
    from: { case: "beginning", value: true },
  });
  for (const tail of [byCode, byProject, byRun]) {
    await tail.until((entries) => entries.length > 0);
    expect(tail.entries.map(({ text }) => text)).toEqual(["hello"]);
  }
  await a.runs.cancelRun({ runId });
  expect((await byRun.ended)?.status).toBe(RunStatus.CANCELLED);
  await Promise.all([byCode.stop(), byProject.stop(), stream.return?.()]);
});

test("a tail of a project has the log of all services, each run's whole and in order", async () => {
  const { id: codeId } = await newCode(a, projectId, COUNT);
  const scope = { case: "codeId", value: codeId } as const;
  const tails = [new Tail(a, { scope }), new Tail(b, { scope })];
  await Promise.all(tails.map((tail) => tail.started));
  const input = { body: utf8("300") };
  await Promise.all([a, b, a, b].map(({ runs }) => runs.runCode({ codeId, input })));
  for (const tail of tails) {
    await tail.until((entries) => entries.length >= 1200);
    expectWhole(tail.entries, 4, 300);
    // Any cursor goes on at the other service.
    const at = tail.entries[617]!;
    const rest = new Tail(tail === tails[0] ? b : a, { scope, from: { case: "cursor", value: at.cursor } });
    await rest.until((entries) => entries.length >= 582);
    expectWhole([...tail.entries.slice(0, 618), ...rest.entries], 4, 300);
    await Promise.all([tail.stop(), rest.stop()]);
  }
});

test("a limit on calls is one for all services, and its refusal says the same", async () => {
  const { id: codeId } = await newCode(a, projectId, says("x"), {
    rateLimit: { requests: 6, window: { seconds: 60n } },
  } as never);
  const answers: Response[] = [];
  for (let n = 0; n < 8; n++)
    answers.push(await fetch(`${(n % 2 === 0 ? first : second).url}/action/endpoint/${codeId}`));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 429, 429]);
  expect(answers.map(({ headers }) => headers.get("ratelimit-remaining"))).toEqual([
    "5",
    "4",
    "3",
    "2",
    "1",
    "0",
    "0",
    "0",
  ]);
  expect(answers[7]!.headers.get("retry-after")).toMatch(/^\d+$/);
});

test("while Redis is away, killed or just silent, nothing wrong is served for longer than a moment, and all goes on", async () => {
  const { id: codeId } = await newCode(a, projectId, says("old"));
  const { token, secret } = await a.projects.createToken({
    projectId,
    name: "of the test",
    role: Role.CONTRIBUTOR,
  });
  const known = second.clients("connect", secret);
  expect(await answer(known, codeId)).toBe("old");
  await redis.kill();
  await a.codes.updateCode({ codeId, source: says("new") });
  await expect.poll(() => answer(known, codeId), { timeout: 10_000 }).toBe("new");
  await a.projects.revokeToken({ projectId, tokenId: token!.id });
  await expect
    .poll(
      () =>
        refusalOf(known.runs.runCode({ codeId })).then(
          ({ reason }) => reason,
          () => "none",
        ),
      {
        timeout: 10_000,
      },
    )
    .toBe("TOKEN_INVALID");
  const waiting = await newCode(a, projectId, WAIT);
  const stream = a.runs.runCodeStream({ codeId: waiting.id })[Symbol.asyncIterator]();
  const runId = startedOf((await stream.next()).value);
  expect((await b.runs.cancelRun({ runId })).run?.status).toBe(RunStatus.CANCELLED);
  const ready = await fetch(`${second.url}/readyz`);
  expect(ready.status).toBe(200);
  expect(((await ready.json()) as { checks: unknown[] }).checks).toContainEqual(
    expect.objectContaining({ name: "redis", needed: false, ok: false }),
  );
  expect((await fetch(`${second.url}/action/endpoint/${codeId}`)).status).toBe(200);
  await redis.start();
  await untilConnected(first, second);
  await a.codes.updateCode({ codeId, source: says("newest") });
  expect(await answer(b, codeId)).toBe("newest");
  process.kill(redis.pid, "SIGSTOP");
  try {
    await a.codes.updateCode({ codeId, source: says("silent") });
    await expect.poll(() => answer(b, codeId), { timeout: 10_000 }).toBe("silent");
  } finally {
    process.kill(redis.pid, "SIGCONT");
  }
  await untilConnected(first, second);
  await a.codes.updateCode({ codeId, source: says("last") });
  expect(await answer(b, codeId)).toBe("last");
});

test("a tail of what runs elsewhere loses and repeats nothing while Redis is killed and started again", async () => {
  const { id: codeId } = await newCode(a, projectId, COUNT);
  const tails = [
    new Tail(b, { scope: { case: "codeId", value: codeId } }),
    new Tail(b, { scope: { case: "projectId", value: projectId }, codeIds: [codeId] }),
  ];
  await Promise.all(tails.map((tail) => tail.started));
  const lines = 3000;
  const input = { body: utf8(String(lines)) };
  const stream = a.runs.runCodeStream({ codeId, input })[Symbol.asyncIterator]();
  const runId = startedOf((await stream.next()).value);
  const byRun = new Tail(b, {
    scope: { case: "runId", value: runId },
    from: { case: "beginning", value: true },
  });
  const elsewhere = b.runs.runCode({ codeId, input });
  const all = [...tails, byRun];
  const reached = (count: number) =>
    Promise.all(all.map((tail) => tail.until((entries) => entries.length >= count)));
  await reached(300);
  await redis.kill();
  await reached(900);
  await redis.start();
  await reached(1500);
  await redis.kill();
  await redis.start();
  await elsewhere;
  expect((await byRun.ended)?.status).toBe(RunStatus.SUCCEEDED);
  expectWhole(byRun.entries, 1, lines);
  for (const tail of tails) {
    await tail.until((entries) => entries.length >= 2 * lines);
    await tail.stop();
    expectWhole(tail.entries, 2, lines);
  }
  await stream.return?.();
  await untilConnected(first, second);
});

test("a service that would not hear of what others do, or cannot open what they seal, does not start", async () => {
  const start = (changed: Record<string, string>) => startService({ ...settings, ...changed });
  await expect(start({ REDIS_URL: "" })).rejects.toThrow(/another Code Actions.*REDIS_URL/s);
  await expect(start({ CODEACTIONS_SECRET_KEY: Buffer.alloc(32, 8).toString("base64") })).rejects.toThrow(
    /another key.*CODEACTIONS_SECRET_KEY/s,
  );
  await expect(start({ CODEACTIONS_SECRET_KEY: "" })).rejects.toThrow(/another key/);
  const DATABASE_URL = await newDatabase();
  await using _alone = await start({ REDIS_URL: "", DATABASE_URL });
  await expect(start({ DATABASE_URL })).rejects.toThrow(/another Code Actions without REDIS_URL/);
});

test("services that were given different Redis servers say so, and still serve what is so", async () => {
  await using other = await TestRedis.start();
  await using apart = await startService({ ...settings, REDIS_URL: other.url });
  const c = apart.clients("grpc");
  const { id: codeId } = await newCode(a, projectId, says("one"));
  expect(await answer(c, codeId)).toBe("one");
  await a.codes.updateCode({ codeId, source: says("two") });
  await expect.poll(() => answer(c, codeId), { timeout: 10_000 }).toBe("two");
  await c.codes.updateCode({ codeId, source: says("three") });
  await expect.poll(() => answer(a, codeId), { timeout: 10_000 }).toBe("three");
  expect(await (await fetch(`${apart.url}/readyz`)).text()).toContain("is the REDIS_URL of all the same?");
});

function says(text: string): string {
  return `def Run(engine): return '${text}'\n`;
}

async function answer({ runs }: Clients, codeId: string): Promise<string> {
  const { run } = await runs.runCode({ codeId });
  return textOf(run?.result?.body);
}

type Told = { event?: { event: { case?: string | undefined; value?: unknown } } } | undefined;

function startedOf(told: Told): string {
  expect(told?.event?.event.case).toBe("started");
  return (told!.event!.event.value as { id: string }).id;
}

function logOf(told: Told): string {
  return told?.event?.event.case === "log"
    ? (told.event.event.value as { entries: { text: string }[] }).entries[0]!.text
    : "";
}

/** Every run's lines, each once and in order. */
function expectWhole(entries: readonly LogEntry[], runs: number, lines: number): void {
  const byRun = Map.groupBy(entries, ({ runId }) => runId);
  expect(byRun.size).toBe(runs);
  const whole = Array.from({ length: lines }, (_, n) => `line ${n + 1}`);
  for (const own of byRun.values()) expect(own.map(({ text }) => text)).toEqual(whole);
}

async function untilConnected(...services: Service[]): Promise<void> {
  for (const { url } of services) {
    const figures = async () => (await fetch(`${url}/metrics`)).text();
    await expect.poll(figures, { timeout: 20_000 }).toMatch(/^codeactions_news_connected 1$/m);
  }
}
