import { randomUUID } from "node:crypto";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Language, RecordPayloads } from "../../gen/codeactions/v1/code_pb.ts";
import { type RunEvent, RunStatus, RunTrigger } from "../../gen/codeactions/v1/run_pb.ts";
import { RunView } from "../../gen/codeactions/v1/runner_service_pb.ts";
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

const COUNT = "calls = 0\ndef Run(engine):\n    global calls\n    calls += 1\n    return str(calls)\n";
const SLEEP = "import time\ndef Run(engine):\n    print('asleep')\n    time.sleep(600)\n";

let service: Service;
let clients: Clients;
let projectId: string;

beforeAll(async () => {
  service = await startService({ CODEACTIONS_WORKERS_MAX: "4", CODEACTIONS_WAITERS_MAX: "2" });
  clients = service.clients("grpc");
  projectId = await newProject(clients);
});

afterAll(() => service?.[Symbol.asyncDispose]());

test("a warm worker serves the next run of its code; another code never shares it", async () => {
  const [one, two] = [await newCode(clients, projectId, COUNT), await newCode(clients, projectId, COUNT)];
  const answers = [];
  for (const codeId of [one.id, one.id, one.id, two.id])
    answers.push((await clients.runs.runCode({ codeId })).run);
  expect(answers.map((run) => textOf(run?.result?.body))).toEqual(["1", "2", "3", "1"]);
  expect(answers.map((run) => run?.usage?.cold)).toEqual([true, false, false, true]);
});

test("a code that raises is a run that failed, with its traceback in the log, never an error of the call", async () => {
  const { id: codeId } = await newCode(
    clients,
    projectId,
    "def Run(engine):\n    raise ValueError('on purpose')\n",
  );
  const { run } = await clients.runs.runCode({ codeId });
  expect(run).toMatchObject({
    status: RunStatus.FAILED,
    error: { kind: "ValueError", message: "on purpose" },
  });
  expect(run?.error?.traceback).toContain("line 2, in Run");
  const { entries } = await clients.logs.listLogEntries({ scope: { case: "runId", value: run!.id } });
  expect(entries.map(({ text }) => text).join("\n")).toContain("ValueError: on purpose");
});

test.each([
  ["exits", "import os\ndef Run(engine):\n    os._exit(3)\n", RunStatus.FAILED, "Exit"],
  [
    "is killed by its own hand",
    "import os, signal\ndef Run(engine):\n    os.kill(os.getpid(), signal.SIGKILL)\n",
    RunStatus.FAILED,
    "Signal",
  ],
  [
    "uses up its memory",
    "def Run(engine):\n    x = bytearray(600 * 1024 * 1024)\n    for i in range(0, len(x), 4096): x[i] = 1\n",
    RunStatus.OUT_OF_MEMORY,
    "Memory",
  ],
  [
    "writes too much",
    "def Run(engine):\n    while True: print('x' * 1000)\n",
    RunStatus.OUTPUT_LIMIT,
    "Output",
  ],
])("a code that %s ends as what it is, and says so in its log", async (_, source, status, kind) => {
  const { id: codeId } = await newCode(clients, projectId, source);
  const { run } = await clients.runs.runCode({ codeId });
  expect(run?.status).toBe(status);
  expect(run?.error?.kind).toBe(kind);
  const { entries } = await clients.logs.listLogEntries({
    scope: { case: "runId", value: run!.id },
    newestFirst: true,
  });
  expect(entries[0]).toMatchObject({ level: 4, stream: 4 });
  // The next run has a healthy worker.
  const healthy = await newCode(clients, projectId, "def Run(engine): return 'well'\n");
  expect((await clients.runs.runCode({ codeId: healthy.id })).run?.status).toBe(RunStatus.SUCCEEDED);
});

test("a time-out ends the run with everything it started", async () => {
  const source =
    "import subprocess\ndef Run(engine):\n    subprocess.Popen(['/bin/sleep', '600']) if False else None\n    while True: pass\n";
  const { id: codeId } = await newCode(clients, projectId, source, { timeout: durationFromMs(1000) });
  const { run } = await clients.runs.runCode({ codeId });
  expect(run).toMatchObject({ status: RunStatus.TIMED_OUT, error: { kind: "Timeout" } });
});

test("a caller may shorten a code's time-out, not lengthen it", async () => {
  const { id: codeId } = await newCode(clients, projectId, SLEEP, { timeout: durationFromMs(2000) });
  const { run } = await clients.runs.runCode({ codeId, timeout: durationFromMs(1000) });
  expect(run?.status).toBe(RunStatus.TIMED_OUT);
  const refusal = await refusalOf(clients.runs.runCode({ codeId, timeout: durationFromMs(3000) }));
  expect(refusal).toMatchObject({ code: "InvalidArgument", fields: ["timeout"] });
});

test("a run is cancelled with everything it started; one that has ended cannot be", async () => {
  const { id: codeId } = await newCode(clients, projectId, SLEEP);
  let runId = "";
  for await (const { event } of clients.runs.runCodeStream({ codeId })) {
    if (event?.event.case === "started") runId = event.event.value.id;
    if (event?.event.case === "log")
      expect((await clients.runs.cancelRun({ runId })).run?.status).toBe(RunStatus.CANCELLED);
    if (event?.event.case === "finished") expect(event.event.value.status).toBe(RunStatus.CANCELLED);
  }
  const refusal = await refusalOf(clients.runs.cancelRun({ runId }));
  expect(refusal).toMatchObject({
    code: "FailedPrecondition",
    reason: "RUN_ENDED",
    metadata: { status: "CANCELLED" },
  });
});

test("a unary run whose caller hangs up is cancelled", async () => {
  const { id: codeId } = await newCode(clients, projectId, SLEEP);
  const stop = new AbortController();
  const scope = { case: "codeId", value: codeId } as const;
  let call: Promise<unknown> | undefined;
  for await (const { event } of clients.logs.tailLogs({ scope }, { signal: stop.signal })) {
    // A tail begins with a word that it follows: from then on it misses nothing.
    call ??= clients.runs.runCode({ codeId }, { signal: stop.signal });
    if (event?.event.case === "batch") break;
  }
  stop.abort();
  await expect(call).rejects.toThrow();
  await expect.poll(() => lastStatus(codeId), { timeout: 20_000 }).toBe(RunStatus.CANCELLED);
});

test("a streamed run goes on when its caller hangs up, and WatchRun picks it up where it was left", async () => {
  const source =
    "import time\ndef Run(engine):\n    for n in range(30):\n        print(n)\n        time.sleep(0.05)\n    return 'done'\n";
  const { id: codeId } = await newCode(clients, projectId, source);
  const stop = new AbortController();
  const seen: string[] = [];
  let [runId, cursor] = ["", ""];
  try {
    for await (const { event } of clients.runs.runCodeStream({ codeId }, { signal: stop.signal })) {
      if (event?.event.case === "started") runId = event.event.value.id;
      if (event?.event.case === "log") seen.push(...event.event.value.entries.map(({ text }) => text));
      cursor = event!.cursor;
      if (seen.length >= 5) stop.abort();
    }
  } catch {
    // Hung up on purpose.
  }
  let end: RunEvent | undefined;
  for await (const { event } of clients.runs.watchRun({ runId, cursor })) {
    if (event?.event.case === "log") seen.push(...event.event.value.entries.map(({ text }) => text));
    end = event;
  }
  expect(seen).toEqual(Array.from({ length: 30 }, (_, n) => String(n)));
  expect(end?.event.case === "finished" && textOf(end.event.value.result?.body)).toBe("done");
  // Whoever has the end has everything.
  const after = [];
  for await (const { event } of clients.runs.watchRun({ runId, cursor: end!.cursor }))
    after.push(event?.event.case);
  expect(after.filter((kind) => kind !== "heartbeat")).toEqual([]);
});

test("with a request id a run goes on without its caller, and the same id attaches to it", async () => {
  const source =
    "import time\ndef Run(engine):\n    print('begun')\n    time.sleep(1)\n    return engine.body\n";
  const { id: codeId } = await newCode(clients, projectId, source);
  const ask = { codeId, requestId: randomUUID(), input: { body: utf8("mine") } };
  const stop = new AbortController();
  const tail = clients.logs.tailLogs({ scope: { case: "codeId", value: codeId } });
  const entries = tail[Symbol.asyncIterator]();
  await entries.next();
  const first = clients.runs.runCode(ask, { signal: stop.signal });
  await entries.next();
  stop.abort();
  await expect(first).rejects.toThrow();
  const again = await Promise.all([clients.runs.runCode(ask), clients.runs.runCode(ask)]);
  expect(again.map(({ run }) => textOf(run?.result?.body))).toEqual(["mine", "mine"]);
  const later = await clients.runs.runCode(ask);
  expect(new Set([...again, later].map(({ run }) => run?.id)).size).toBe(1);
  expect((await clients.runs.listRuns({ scope: { case: "codeId", value: codeId } })).runs).toHaveLength(1);
  const refusal = await refusalOf(clients.runs.runCode({ ...ask, input: { body: utf8("other") } }));
  expect(refusal).toMatchObject({ code: "AlreadyExists", reason: "REQUEST_ID_REUSED" });
});

test("a request id whose run never came to be, because the service was killed, starts it after all", async () => {
  const { id: codeId } = await newCode(clients, projectId, "def Run(engine): return 'ran'\n");
  const ask = { codeId, requestId: randomUUID() };
  const first = await clients.runs.runCode(ask);
  const database = new Client({ connectionString: service.databaseUrl });
  await database.connect();
  await database.query("delete from runs where id = $1", [first.run?.id]);
  await database.end();
  const second = await clients.runs.runCode(ask);
  expect(textOf(second.run?.result?.body)).toBe("ran");
  expect(second.run?.id).not.toBe(first.run?.id);
});

test("a full pool refuses at once, with a time to come back, and says nothing was run", async () => {
  const { id: codeId } = await newCode(clients, projectId, SLEEP, { maxConcurrency: 100 });
  const stop = new AbortController();
  const calls = Array.from({ length: 6 }, () =>
    clients.runs.runCode({ codeId }, { signal: stop.signal }).catch(() => {}),
  );
  await expect
    .poll(
      async () => (await clients.runs.listRuns({ scope: { case: "codeId", value: codeId } })).runs.length,
      { timeout: 20_000 },
    )
    .toBe(6);
  const refusal = await refusalOf(clients.runs.runCode({ codeId }));
  expect(refusal).toMatchObject({ code: "ResourceExhausted", reason: "POOL_FULL", retry: true });
  const endpoint = await fetch(`${service.url}/action/endpoint/${codeId}`);
  expect(endpoint.status).toBe(503);
  expect(Number(endpoint.headers.get("retry-after"))).toBeGreaterThan(0);
  stop.abort();
  await Promise.all(calls);
  await expect.poll(() => lastStatus(codeId), { timeout: 20_000 }).toBe(RunStatus.CANCELLED);
});

test("a source can be tried without being stored, and is recorded as a try", async () => {
  const events: RunEvent[] = [];
  const ask = {
    projectId,
    language: Language.JAVASCRIPT,
    source: ECHO.javascript,
    input: { body: utf8("tried") },
  };
  for await (const { event } of clients.runs.runSource(ask)) events.push(event!);
  const last = events.at(-1)!.event;
  if (last.case !== "finished") throw new Error("the try did not finish");
  expect(last.value).toMatchObject({
    trigger: RunTrigger.TRY,
    codeId: "",
    version: 0,
    status: RunStatus.SUCCEEDED,
  });
  expect(textOf(last.value.result?.body)).toBe("tried");
  const { runs } = await clients.runs.listRuns({
    scope: { case: "projectId", value: projectId },
    triggers: [RunTrigger.TRY],
  });
  expect(runs.map(({ id }) => id)).toContain(last.value.id);
});

test("a run is read back with its request and result, credentials redacted; without, where payloads are not recorded", async () => {
  const headers = [
    { name: "Authorization", value: "Basic c2VjcmV0" },
    { name: "X-Plain", value: "kept" },
  ];
  const kept = await newCode(clients, projectId, ECHO.python);
  const ran = await clients.runs.runCode({ codeId: kept.id, input: { headers, body: utf8("body") } });
  const { run } = await clients.runs.getRun({ runId: ran.run!.id });
  expect(run?.request?.headers.map(({ value }) => value)).toEqual(["[redacted]", "kept"]);
  expect([textOf(run?.request?.body), textOf(run?.result?.body)]).toEqual(["body", "body"]);
  expect((await clients.runs.getRun({ runId: run!.id, view: RunView.BASIC })).run?.request).toBeUndefined();
  const unkept = await newCode(clients, projectId, ECHO.python, { recordPayloads: RecordPayloads.METADATA });
  const other = await clients.runs.runCode({ codeId: unkept.id, input: { body: utf8("body") } });
  expect(textOf(other.run?.result?.body)).toBe("body");
  const read = (await clients.runs.getRun({ runId: other.run!.id })).run;
  expect([read?.status, read?.request, read?.result]).toEqual([RunStatus.SUCCEEDED, undefined, undefined]);
});

test("runs are listed newest first, by status and trigger, page by page", async () => {
  const { id: codeId } = await newCode(
    clients,
    projectId,
    "def Run(engine):\n    if engine.body: raise ValueError(engine.body)\n",
  );
  for (const body of ["", "x", "", "x", ""])
    await clients.runs.runCode({ codeId, input: { body: utf8(body) } });
  const scope = { case: "codeId", value: codeId } as const;
  const failed = await clients.runs.listRuns({ scope, statuses: [RunStatus.FAILED] });
  expect(failed.runs).toHaveLength(2);
  const first = await clients.runs.listRuns({ scope, pageSize: 3 });
  const rest = await clients.runs.listRuns({ scope, pageSize: 3, pageToken: first.nextPageToken });
  const ids = [...first.runs, ...rest.runs].map(({ id }) => id);
  expect(ids).toEqual(ids.toSorted().toReversed());
  expect(ids).toHaveLength(5);
});

async function lastStatus(codeId: string): Promise<RunStatus | undefined> {
  return (await clients.runs.listRuns({ scope: { case: "codeId", value: codeId } })).runs[0]?.status;
}
