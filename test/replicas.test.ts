import { v7 as newId } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Role } from "../gen/codeactions/v1/project_pb.ts";
import { RunStatus } from "../gen/codeactions/v1/run_pb.ts";
import { TestRedis } from "./support/redis.ts";
import {
  answer,
  COUNT,
  expectWhole,
  logOf,
  says,
  sharedSettings,
  startedOf,
  WAIT,
} from "./support/replicas.ts";
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

let redis: TestRedis;
let settings: Record<string, string>;
let first: Service;
let second: Service;
let a: Clients;
let b: Clients;
let projectId: string;

beforeAll(async () => {
  redis = await TestRedis.start();
  settings = await sharedSettings(redis);
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

test("a version that one service refuses because its workers die is refused by all, also by one that comes later, until any lifts it", async () => {
  const { id: codeId } = await newCode(a, projectId, "import os\ndef Run(engine): os._exit(7)\n");
  for (let n = 0; n < 5; n++) await a.runs.runCode({ codeId });
  await expect
    .poll(async () => (await b.runs.getPool({ projectId })).pool?.quarantines.map((one) => one.codeId))
    .toEqual([codeId]);
  expect(await refusalOf(b.runs.runCode({ codeId }))).toMatchObject({ reason: "CODE_QUARANTINED" });
  await using third = await startService(settings);
  const c = third.clients("grpc");
  await expect
    .poll(async () => (await c.runs.getPool({ projectId })).pool?.quarantines.map((one) => one.codeId))
    .toEqual([codeId]);
  await c.runs.liftQuarantine({ codeId, version: 1 });
  for (const { runs } of [a, b])
    await expect.poll(async () => (await runs.getPool({ projectId })).pool?.quarantines).toEqual([]);
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

test("a durable run is followed to its end from anywhere, whichever service takes it", async () => {
  const { id: codeId } = await newCode(a, projectId, COUNT);
  const input = { body: utf8("20") };
  const started = await Promise.all([a, b, a, b].map(({ runs }) => runs.startRun({ codeId, input })));
  for (const [n, { run }] of started.entries()) {
    for (const { runs } of [a, b]) {
      const texts: string[] = [];
      let status: RunStatus | undefined;
      for await (const { event } of runs.watchRun({ runId: run!.id })) {
        if (event?.event.case === "log") texts.push(...event.event.value.entries.map(({ text }) => text));
        if (event?.event.case === "finished") status = event.event.value.status;
      }
      expect([n, status]).toEqual([n, RunStatus.SUCCEEDED]);
      expect(texts).toEqual(Array.from({ length: 20 }, (_, line) => `line ${line + 1}`));
    }
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
