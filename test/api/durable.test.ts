import { randomUUID } from "node:crypto";
import { durationFromMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RecordPayloads } from "../../gen/codeactions/v1/code_pb.ts";
import { LogStream } from "../../gen/codeactions/v1/log_pb.ts";
import { Role } from "../../gen/codeactions/v1/project_pb.ts";
import { type Run, RunStatus, RunTrigger } from "../../gen/codeactions/v1/run_pb.ts";
import {
  type Clients,
  ECHO,
  LANGUAGE_NUMBERS,
  newCode,
  newProject,
  refusalOf,
  type Service,
  startService,
  textOf,
  utf8,
} from "../support/service.ts";

/** Fails as often as the run's body says, then answers with its attempt. */
const FLAKY = `def Run(engine):
    print(f"attempt {engine.context.attempt}")
    if engine.context.attempt <= int(engine.body):
        raise ValueError("not yet")
    return str(engine.context.attempt)
`;
const SLEEP = "import time\ndef Run(engine):\n    print('asleep')\n    time.sleep(600)\n";
const QUICK = { backoff: durationFromMs(10), maxBackoff: durationFromMs(20) };

/** Durable runs that a project may have waiting. */
const QUEUED_MAX = 200;

let service: Service;
let clients: Clients;
let projectId: string;

beforeAll(async () => {
  service = await startService({
    CODEACTIONS_WORKERS_MAX: "4",
    CODEACTIONS_WAITERS_MAX: "8",
    CODEACTIONS_QUEUED_RUNS_MAX: String(QUEUED_MAX),
  });
  clients = service.clients("grpc");
  projectId = await newProject(clients);
});

afterAll(() => service?.[Symbol.asyncDispose]());

test("StartRun answers with the run QUEUED and on record; it runs by itself, and its result can be read", async () => {
  const { id: codeId } = await newCode(clients, projectId, ECHO.python);
  const { run } = await clients.runs.startRun({ codeId, input: { body: utf8("kept") } });
  expect(run).toMatchObject({ trigger: RunTrigger.ASYNC, attempt: 1, codeId, projectId });
  expect(run?.durable?.retryPolicy).toMatchObject({
    maxAttempts: 1,
    backoff: durationFromMs(1_000),
    multiplier: 2,
    maxBackoff: durationFromMs(300_000),
  });
  const ended = await endOf(run!);
  expect(ended).toMatchObject({ status: RunStatus.SUCCEEDED, version: 1, result: { statusCode: 201 } });
  const kept = (await clients.runs.getRun({ runId: run!.id })).run!;
  expect([textOf(kept.request?.body), textOf(kept.result?.body)]).toEqual(["kept", "kept"]);
  expect(kept.durable?.dueTime).toBeUndefined();
});

test("a body above the limit is refused, and one at the limit is kept byte for byte", async () => {
  const { id: codeId } = await newCode(clients, projectId, ECHO.javascript, {
    language: LANGUAGE_NUMBERS.javascript,
  });
  const body = new Uint8Array(3 * 1024 * 1024).fill(7);
  expect(
    await refusalOf(clients.runs.startRun({ codeId, input: { body: new Uint8Array(body.byteLength + 1) } })),
  ).toMatchObject({ code: "InvalidArgument", reason: "FIELD_INVALID", fields: ["input.body"] });
  const { run } = await clients.runs.startRun({ codeId, input: { body } });
  const ended = await endOf(run!);
  expect(Buffer.from(ended.result!.body).equals(Buffer.from(body))).toBe(true);
});

test("a project has so many runs waiting and no more; a request that came before is answered all the same", async () => {
  const crowded = await newProject(clients, "crowded");
  const { id: codeId } = await newCode(clients, crowded, ECHO.python);
  const notBefore = timestampFromDate(new Date(Date.now() + 3_600_000));
  const first = { codeId, notBefore, requestId: randomUUID() };
  const asks = [first, ...Array.from({ length: QUEUED_MAX - 1 }, () => ({ codeId, notBefore }))];
  const started = await Promise.all(asks.map((ask) => clients.runs.startRun(ask)));
  expect(await refusalOf(clients.runs.startRun({ codeId, notBefore }))).toMatchObject({
    code: "ResourceExhausted",
    reason: "QUOTA_EXCEEDED",
    retry: true,
  });
  expect((await clients.runs.startRun(first)).run?.id).toBe(started[0]?.run?.id);
  await clients.runs.cancelRun({ runId: started[1]!.run!.id });
  const again = () => clients.runs.startRun({ codeId, notBefore }).then(({ run }) => run?.status);
  await expect.poll(() => again().catch(() => undefined), { timeout: 20_000 }).toBe(RunStatus.QUEUED);
});

test("a failed attempt is repeated as often as the policy says, and the log goes on without a hole", async () => {
  const { id: codeId } = await newCode(clients, projectId, FLAKY);
  const { run } = await clients.runs.startRun({
    codeId,
    input: { body: utf8("2") },
    retryPolicy: { maxAttempts: 3, ...QUICK },
  });
  const ended = await endOf(run!);
  expect(ended).toMatchObject({ status: RunStatus.SUCCEEDED, attempt: 3 });
  expect(textOf(ended.result?.body)).toBe("3");
  expect(ended.durable?.earlierAttempts).toMatchObject([
    { attempt: 1, status: RunStatus.FAILED, error: { kind: "ValueError", message: "not yet" } },
    { attempt: 2, status: RunStatus.FAILED },
  ]);
  const { entries } = await clients.logs.listLogEntries({
    scope: { case: "runId", value: run!.id },
    pageSize: 100,
  });
  expect(entries.map(({ sequence }) => Number(sequence))).toEqual(entries.map((_, index) => index + 1));
  expect([...new Set(entries.map(({ attempt }) => attempt))]).toEqual([1, 2, 3]);
  const ofOurs = entries.filter(({ stream }) => stream === LogStream.SYSTEM).map(({ text }) => text);
  expect(ofOurs.join("\n")).toMatch(/Attempt 1 of 3 ended as FAILED; the next one may begin at 20\d\d-/);
});

test("a run that may begin later waits, shows when it is due, and is cancelled at once while it waits", async () => {
  const { id: codeId } = await newCode(clients, projectId, ECHO.python);
  const notBefore = timestampFromDate(new Date(Date.now() + 3_600_000));
  const { run } = await clients.runs.startRun({ codeId, notBefore });
  expect(run).toMatchObject({ status: RunStatus.QUEUED, durable: { dueTime: notBefore } });
  const { runs } = await clients.runs.listRuns({
    scope: { case: "codeId", value: codeId },
    statuses: [RunStatus.QUEUED],
    triggers: [RunTrigger.ASYNC],
  });
  expect(runs.map(({ id }) => id)).toEqual([run!.id]);
  const watched = endOf(run!);
  const cancelled = await clients.runs.cancelRun({ runId: run!.id });
  expect(cancelled.run).toMatchObject({ status: RunStatus.CANCELLED, error: { kind: "Cancelled" } });
  expect((await watched).status).toBe(RunStatus.CANCELLED);
  expect(await refusalOf(clients.runs.cancelRun({ runId: run!.id }))).toMatchObject({
    reason: "RUN_ENDED",
    metadata: { status: "CANCELLED" },
  });
});

test("a run is cancelled while it is under way, and while it waits for its next attempt", async () => {
  const asleep = await newCode(clients, projectId, SLEEP);
  const { run: first } = await clients.runs.startRun({ codeId: asleep.id });
  await said(first!, "asleep");
  expect((await clients.runs.cancelRun({ runId: first!.id })).run?.status).toBe(RunStatus.CANCELLED);
  const flaky = await newCode(clients, projectId, FLAKY);
  const { run: second } = await clients.runs.startRun({
    codeId: flaky.id,
    input: { body: utf8("9") },
    retryPolicy: {
      maxAttempts: 9,
      backoff: durationFromMs(3_600_000),
      maxBackoff: durationFromMs(3_600_000),
    },
  });
  await said(second!, "may begin at");
  const { run } = await clients.runs.cancelRun({ runId: second!.id });
  expect(run).toMatchObject({ status: RunStatus.CANCELLED, attempt: 2 });
});

test.each([
  [
    "more than a week ahead",
    { notBefore: timestampFromDate(new Date(Date.now() + 8 * 86_400_000)) },
    "not_before",
  ],
  [
    "a longest wait below the first",
    { retryPolicy: { backoff: durationFromMs(5_000), maxBackoff: durationFromMs(1_000) } },
    "retry_policy.max_backoff",
  ],
  ["waits that become shorter", { retryPolicy: { multiplier: 0.5 } }, "retry_policy.multiplier"],
  ["too many attempts", { retryPolicy: { maxAttempts: 101 } }, "retry_policy.max_attempts"],
  ["a repeat after success", { retryPolicy: { retryOn: [RunStatus.SUCCEEDED] } }, "retry_policy.retry_on[0]"],
  ["a time-out longer than the code's", { timeout: durationFromMs(900_000) }, "timeout"],
])("%s is refused by its field", async (_, fields, field) => {
  const { id: codeId } = await newCode(clients, projectId, ECHO.python);
  expect(await refusalOf(clients.runs.startRun({ codeId, ...fields }))).toMatchObject({
    reason: "FIELD_INVALID",
    fields: [field],
  });
});

test("only who may run a code may start, replay or cancel its runs", async () => {
  const { id: codeId } = await newCode(clients, projectId, ECHO.python);
  const notBefore = timestampFromDate(new Date(Date.now() + 3_600_000));
  const { run } = await clients.runs.startRun({ codeId, notBefore });
  const viewer = await clientsAs(projectId, Role.VIEWER);
  const stranger = await clientsAs(await newProject(clients), Role.ADMIN);
  const reasonsFor = ({ runs }: Clients) => {
    const calls = [
      runs.startRun({ codeId }),
      runs.replayRun({ runId: run!.id }),
      runs.cancelRun({ runId: run!.id }),
    ];
    return Promise.all(calls.map(async (call) => (await refusalOf(call)).reason));
  };
  expect(new Set(await reasonsFor(viewer))).toEqual(new Set(["ROLE_INSUFFICIENT"]));
  expect(await reasonsFor(stranger)).toEqual(["CODE_NOT_FOUND", "RUN_NOT_FOUND", "RUN_NOT_FOUND"]);
  expect((await refusalOf(clients.runs.startRun({ codeId: randomUUID() }))).reason).toBe("CODE_NOT_FOUND");
  expect((await refusalOf(clients.runs.startRun({ codeId, version: 7 }))).reason).toBe("VERSION_NOT_FOUND");
});

test("the same request id is one run, however often and at once it is sent; with another body it is refused", async () => {
  const { id: codeId } = await newCode(clients, projectId, ECHO.python);
  const ask = { codeId, requestId: randomUUID(), input: { body: utf8("once") } };
  const answers = await Promise.all(Array.from({ length: 10 }, () => clients.runs.startRun(ask)));
  const [runId, ...others] = new Set(answers.map(({ run }) => run!.id));
  expect(others).toEqual([]);
  await endOf(answers[0]!.run!);
  expect((await clients.runs.startRun(ask)).run).toMatchObject({ id: runId, status: RunStatus.SUCCEEDED });
  const { runs } = await clients.runs.listRuns({ scope: { case: "codeId", value: codeId } });
  expect(runs.length).toBe(1);
  const reused = clients.runs.startRun({ ...ask, input: { body: utf8("twice") } });
  expect((await refusalOf(reused)).reason).toBe("REQUEST_ID_REUSED");
});

test("a replay has the input of the earlier run and the version that is active when it begins", async () => {
  const { id: codeId } = await newCode(clients, projectId, "def Run(engine): return 'one ' + engine.body\n");
  const { run: first } = await clients.runs.runCode({ codeId, input: { body: utf8("input") } });
  await clients.codes.updateCode({ codeId, source: "def Run(engine): return 'two ' + engine.body\n" });
  const answers = [];
  for (const version of [0, 1]) {
    const { run } = await clients.runs.replayRun({ runId: first!.id, version });
    expect(run?.durable?.replayOf).toBe(first!.id);
    const ended = await endOf(run!);
    answers.push([ended.version, textOf(ended.result?.body)]);
  }
  expect(answers).toEqual([
    [2, "two input"],
    [1, "one input"],
  ]);
});

test("a run whose input is not recorded is given it all the same, keeps nothing after its end, and cannot be replayed", async () => {
  const { id: codeId } = await newCode(clients, projectId, "def Run(engine): print(len(engine.raw_body))\n", {
    recordPayloads: RecordPayloads.METADATA,
  });
  const notBefore = timestampFromDate(new Date(Date.now() + 500));
  const { run } = await clients.runs.startRun({ codeId, input: { body: utf8("not kept") }, notBefore });
  expect((await clients.runs.getRun({ runId: run!.id })).run?.request).toBeUndefined();
  expect((await refusalOf(clients.runs.replayRun({ runId: run!.id }))).reason).toBe("INPUT_NOT_KEPT");
  expect((await endOf(run!)).status).toBe(RunStatus.SUCCEEDED);
  await said(run!, "8");
  expect(await stored("select 1 from run_payloads where run_id = $1", run!.id)).toEqual([]);
});

test("a code gets the credentials it is sent; readers never see them, and they are gone with the run's end", async () => {
  const source = "def Run(engine): return engine.header.get('authorization')\n";
  const { id: codeId } = await newCode(clients, projectId, source);
  const input = { headers: [{ name: "Authorization", value: "Basic secret" }] };
  const ask = { codeId, input, notBefore: timestampFromDate(new Date(Date.now() + 500)) };
  const [{ run: ran }, { run: cancelled }] = [
    await clients.runs.startRun(ask),
    await clients.runs.startRun(ask),
  ];
  const shown = (await clients.runs.getRun({ runId: ran!.id })).run?.request;
  expect(shown?.headers.map(({ value }) => value)).toEqual(["[redacted]"]);
  await clients.runs.cancelRun({ runId: cancelled!.id });
  expect(textOf((await endOf(ran!)).result?.body)).toBe("Basic secret");
  for (const { id } of [ran!, cancelled!]) {
    expect(await stored("select headers from run_payloads where run_id = $1", id)).toEqual([
      { headers: [["Authorization", "[redacted]"]] },
    ]);
  }
});

test("deleting a code cancels its runs that wait", async () => {
  const { id: codeId } = await newCode(clients, projectId, ECHO.python);
  const notBefore = timestampFromDate(new Date(Date.now() + 3_600_000));
  const started = await Promise.all(
    Array.from({ length: 20 }, () => clients.runs.startRun({ codeId, notBefore })),
  );
  const watched = started.map(({ run }) => endOf(run!));
  await clients.codes.deleteCode({ codeId });
  for (const ended of await Promise.all(watched)) {
    expect(ended).toMatchObject({ status: RunStatus.CANCELLED, error: { message: "the code was deleted" } });
  }
});

test("more durable runs than the pool takes all run, each once, and a call that waits for its answer has it meanwhile", async () => {
  const slow = await newCode(clients, projectId, "import time\ndef Run(engine): time.sleep(0.05)\n");
  const quick = await newCode(clients, projectId, ECHO.python);
  const started = await Promise.all(
    Array.from({ length: 100 }, () => clients.runs.startRun({ codeId: slow.id })),
  );
  const { run } = await clients.runs.runCode({ codeId: quick.id });
  expect(run?.status).toBe(RunStatus.SUCCEEDED);
  for (const { run: one } of started) {
    expect(await endOf(one!)).toMatchObject({ status: RunStatus.SUCCEEDED, attempt: 1 });
  }
});

async function endOf({ id }: Run): Promise<Run> {
  for await (const { event } of clients.runs.watchRun({ runId: id })) {
    if (event?.event.case === "finished") return event.event.value;
  }
  throw new Error("the run has no end");
}

/** Waits until the run's log has a line with this text. */
async function said({ id }: Run, text: string): Promise<void> {
  for await (const { event } of clients.runs.watchRun({ runId: id })) {
    if (event?.event.case !== "log") continue;
    if (event.event.value.entries.some((entry) => entry.text.includes(text))) return;
  }
  throw new Error(`the run has ended without saying ${text}`);
}

async function clientsAs(ofProject: string, role: Role): Promise<Clients> {
  const { secret } = await clients.projects.createToken({ projectId: ofProject, name: "a token", role });
  return service.clients("grpc", secret);
}

async function stored(query: string, runId: string): Promise<unknown[]> {
  const client = new Client({ connectionString: service.databaseUrl });
  await client.connect();
  try {
    return (await client.query(query, [runId])).rows;
  } finally {
    await client.end();
  }
}
