import { afterAll, beforeAll, expect, test } from "vitest";
import type { LogEntry } from "../../gen/codeactions/v1/log_pb.ts";
import { LogLevel, LogStream } from "../../gen/codeactions/v1/log_pb.ts";
import type { TailLogsRequest } from "../../gen/codeactions/v1/log_service_pb.ts";
import { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";
import {
  type Clients,
  newCode,
  newProject,
  refusalOf,
  type Service,
  startService,
  utf8,
} from "../support/service.ts";
import { Tail } from "../support/tail.ts";

const SAY = "def Run(engine):\n    for line in engine.body.split(','): print(line)\n";

let service: Service;
let clients: Clients;
let projectId: string;

beforeAll(async () => {
  service = await startService({ CODEACTIONS_OUTPUT_BYTES: String(16 * 1024 * 1024) });
  clients = service.clients("grpc");
  projectId = await newProject(clients);
});

afterAll(() => service?.[Symbol.asyncDispose]());

test("a tail shows a line while the code that wrote it is still running", async () => {
  const source = "import time\ndef Run(engine):\n    print('first')\n    while True: time.sleep(0.01)\n";
  const { id: codeId } = await newCode(clients, projectId, source);
  const tail = new Tail(clients, { scope: { case: "codeId", value: codeId } });
  await tail.started;
  const stop = new AbortController();
  const call = clients.runs.runCode({ codeId }, { signal: stop.signal }).catch(() => {});
  await tail.until((entries) => entries.length === 1);
  expect(tail.entries[0]).toMatchObject({ text: "first", sequence: 1n });
  const { runs } = await clients.runs.listRuns({ scope: { case: "codeId", value: codeId } });
  expect(runs[0]?.status).toBe(RunStatus.RUNNING);
  stop.abort();
  await call;
  await tail.stop();
});

test("100,000 lines arrive complete and in order, live and from history", async () => {
  const source = "def Run(engine):\n    for n in range(100000): print('line', n)\n";
  const { id: codeId } = await newCode(clients, projectId, source);
  const live = new Tail(clients, { scope: { case: "codeId", value: codeId } });
  await live.started;
  const { run } = await clients.runs.runCode({ codeId });
  expect(run).toMatchObject({ status: RunStatus.SUCCEEDED, usage: { logEntries: 100000n } });
  await live.until((entries) => entries.length >= 100_000);
  await live.stop();
  const history = new Tail(clients, {
    scope: { case: "runId", value: run!.id },
    from: { case: "beginning", value: true },
  });
  await history.ended;
  for (const { entries } of [live, history]) {
    expect(entries.length).toBe(100_000);
    expect(entries.every((entry, n) => entry.text === `line ${n}` && entry.sequence === BigInt(n + 1))).toBe(
      true,
    );
  }
});

test.each(["runId", "codeId", "projectId"] as const)(
  "a tail by %s goes on from any entry's cursor without gap or double",
  async (kind) => {
    const { id: codeId } = await newCode(clients, projectId, SAY);
    const lines = Array.from({ length: 40 }, (_, n) => `${kind} ${n}`);
    const { run } = await clients.runs.runCode({ codeId, input: { body: utf8(lines.join(",")) } });
    const value = { runId: run!.id, codeId, projectId }[kind];
    const scope = { case: kind, value } as TailLogsRequest["scope"];
    const mine = (entries: LogEntry[]) =>
      entries.filter((entry) => entry.runId === run!.id).map(({ text }) => text);
    const whole = new Tail(clients, { scope, from: { case: "beginning", value: true } });
    await whole.until((entries) => mine(entries).length === 40);
    await whole.stop();
    const own = whole.entries.filter((entry) => entry.runId === run!.id);
    for (const at of [0, 17, 38]) {
      const rest = new Tail(clients, { scope, from: { case: "cursor", value: own[at]!.cursor } });
      await rest.until((entries) => mine(entries).length === 39 - at);
      await rest.stop();
      expect(mine(rest.entries)).toEqual(lines.slice(at + 1));
    }
  },
);

test("a tail that is cut off again and again while a code writes loses nothing", async () => {
  const source =
    "import time\ndef Run(engine):\n    for n in range(400):\n        print(n)\n        time.sleep(0.002)\n";
  const { id: codeId } = await newCode(clients, projectId, source);
  const scope = { case: "codeId", value: codeId } as const;
  let tail = new Tail(clients, { scope });
  await tail.started;
  const running = clients.runs.runCode({ codeId });
  const seen: string[] = [];
  while (seen.length < 400) {
    await tail.until((entries) => entries.length > 0);
    await tail.stop();
    seen.push(...tail.entries.map(({ text }) => text));
    tail = new Tail(clients, { scope, from: { case: "cursor", value: tail.cursor } });
  }
  await tail.stop();
  await running;
  expect(seen).toEqual(Array.from({ length: 400 }, (_, n) => String(n)));
});

test("a tail begins now, at the beginning, or with the last n", async () => {
  const { id: codeId } = await newCode(clients, projectId, SAY);
  const scope = { case: "codeId", value: codeId } as const;
  await clients.runs.runCode({ codeId, input: { body: utf8("a,b,c") } });
  const [now, last] = [
    new Tail(clients, { scope }),
    new Tail(clients, { scope, from: { case: "last", value: 2 } }),
  ];
  await Promise.all([now.started, last.started]);
  await clients.runs.runCode({ codeId, input: { body: utf8("d") } });
  await now.until((entries) => entries.length === 1);
  await last.until((entries) => entries.length === 3);
  await Promise.all([now.stop(), last.stop()]);
  expect(now.entries.map(({ text }) => text)).toEqual(["d"]);
  expect(last.entries.map(({ text }) => text)).toEqual(["b", "c", "d"]);
});

test("a tail that begins now shows nothing older, also when the service has just been started", async () => {
  const first = await startService({ CODEACTIONS_GO: "/nonexistent/go" });
  const { databaseUrl } = first;
  const project = await newProject(first.clients());
  const { id: codeId } = await newCode(first.clients(), project, SAY);
  await first.clients().runs.runCode({ codeId, input: { body: utf8("old") } });
  await first[Symbol.asyncDispose]();
  await using second = await startService({ CODEACTIONS_GO: "/nonexistent/go", DATABASE_URL: databaseUrl });
  const { logs, runs } = second.clients("grpc");
  const leaving = new AbortController();
  const tail = logs.tailLogs({ scope: { case: "codeId", value: codeId } }, { signal: leaving.signal });
  const events = tail[Symbol.asyncIterator]();
  const started = (await events.next()).value?.event;
  expect(started?.event.case).toBe("started");
  await runs.runCode({ codeId, input: { body: utf8("new") } });
  const onlyNew = { case: "batch", value: { entries: [{ text: "new" }] } };
  expect((await events.next()).value?.event?.event).toMatchObject(onlyNew);
  // Nor does one that goes on from where the first began.
  const from = { case: "cursor", value: started!.cursor } as const;
  const again = logs.tailLogs({ scope: { case: "codeId", value: codeId }, from }, { signal: leaving.signal });
  const resumed = again[Symbol.asyncIterator]();
  await resumed.next();
  expect((await resumed.next()).value?.event?.event).toMatchObject(onlyNew);
  leaving.abort();
});

test("a tail of a run ends with the run, and says how it ended", async () => {
  const { id: codeId } = await newCode(clients, projectId, SAY);
  const { run } = await clients.runs.runCode({ codeId, input: { body: utf8("x") } });
  const tail = new Tail(clients, {
    scope: { case: "runId", value: run!.id },
    from: { case: "beginning", value: true },
  });
  expect((await tail.ended)?.status).toBe(RunStatus.SUCCEEDED);
});

test("a project's tail can be held to some of its codes", async () => {
  const [one, two] = [await newCode(clients, projectId, SAY), await newCode(clients, projectId, SAY)];
  const tail = new Tail(clients, { scope: { case: "projectId", value: projectId }, codeIds: [two.id] });
  await tail.started;
  await clients.runs.runCode({ codeId: one.id, input: { body: utf8("no") } });
  await clients.runs.runCode({ codeId: two.id, input: { body: utf8("yes") } });
  await tail.until((entries) => entries.length === 1);
  await tail.stop();
  expect(tail.entries.map(({ text }) => text)).toEqual(["yes"]);
});

test("a project's tail cannot be held to a code of another project", async () => {
  const stranger = await newCode(clients, await newProject(clients, "another"), SAY);
  const tail = clients.logs.tailLogs({
    scope: { case: "projectId", value: projectId },
    codeIds: [stranger.id],
  });
  expect(await refusalOf(tail)).toMatchObject({ code: "NotFound", reason: "CODE_NOT_FOUND" });
});

test("entries are found by level, stream and text, in both orders, page by page", async () => {
  const source = [
    "import sys",
    "def Run(engine):",
    "    engine.log.debug('Debugging')",
    "    print('to stdout')",
    "    print('to stderr', file=sys.stderr)",
    "    engine.log.warning('Careful')",
    "    engine.log.error('Wrong')",
  ].join("\n");
  const { id: codeId } = await newCode(clients, projectId, source);
  const { run } = await clients.runs.runCode({ codeId });
  const scope = { case: "runId", value: run!.id } as const;
  const texts = async (filter: object) =>
    (await clients.logs.listLogEntries({ scope, ...filter })).entries.map(({ text }) => text);
  expect(await texts({})).toEqual(["Debugging", "to stdout", "to stderr", "Careful", "Wrong"]);
  expect(await texts({ newestFirst: true })).toEqual([
    "Wrong",
    "Careful",
    "to stderr",
    "to stdout",
    "Debugging",
  ]);
  expect(await texts({ minimumLevel: LogLevel.WARNING })).toEqual(["to stderr", "Careful", "Wrong"]);
  expect(await texts({ streams: [LogStream.STDOUT, LogStream.STDERR] })).toEqual(["to stdout", "to stderr"]);
  expect(await texts({ text: "TO STD" })).toEqual(["to stdout", "to stderr"]);
  for (const newestFirst of [false, true]) {
    const pages: string[] = [];
    for (let pageToken = ""; ; ) {
      const page = await clients.logs.listLogEntries({ scope, pageSize: 2, pageToken, newestFirst });
      pages.push(...page.entries.map(({ text }) => text));
      pageToken = page.nextPageToken;
      if (pageToken === "") break;
    }
    expect(pages).toEqual(await texts({ newestFirst }));
  }
});

test.each([
  ["a cursor of another scope", "r.1.abcdef"],
  ["a cursor that is none", "nonsense"],
])("%s is refused", async (_, cursor) => {
  const { id: codeId } = await newCode(clients, projectId, SAY);
  const tail = clients.logs.tailLogs({
    scope: { case: "codeId", value: codeId },
    from: { case: "cursor", value: cursor },
  });
  expect(await refusalOf(tail)).toMatchObject({
    code: "InvalidArgument",
    reason: "CURSOR_INVALID",
    fields: ["cursor"],
  });
});
