import { timestampMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BreakerState, NodeState, PoolChangeKind } from "../../gen/codeactions/v1/pool_pb.ts";
import { Role } from "../../gen/codeactions/v1/project_pb.ts";
import { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";
import type { RunCodeResponse, WatchPoolResponse } from "../../gen/codeactions/v1/runner_service_pb.ts";
import {
  type Clients,
  newCode,
  newProject,
  refusalOf,
  type Service,
  startService,
  textOf,
} from "../support/service.ts";

const UNKNOWN = "0198c0de-0000-7000-8000-000000000000";
const ANSWER = "def Run(engine): return 'well'\n";
const DIES = "import os\ndef Run(engine):\n    os._exit(7)\n";
const SLEEP = "import time\ndef Run(engine):\n    print('asleep')\n    time.sleep(600)\n";
const NAP = "import time\ndef Run(engine): time.sleep(0.3)\n";

let service: Service;
let operator: Clients;

beforeAll(async () => {
  service = await startService({ CODEACTIONS_WORKERS_MAX: "3", CODEACTIONS_WAITERS_MAX: "8" });
  operator = service.clients("grpc");
});

afterAll(() => service?.[Symbol.asyncDispose]());

async function as(role: Role, projectId: string): Promise<Clients> {
  const { secret } = await operator.projects.createToken({ projectId, name: `role ${role}`, role });
  return service.clients("connect", secret);
}

/** Runs a code that does not end by itself until its log says that it is under way; answers with how to end it. */
async function keepBusy(codeId: string): Promise<() => Promise<unknown>> {
  const stop = new AbortController();
  const events = operator.runs.runCodeStream({ codeId }, { signal: stop.signal })[Symbol.asyncIterator]();
  let runId = "";
  for (;;) {
    const { event } = ((await events.next()) as IteratorYieldResult<{ event?: never }>).value as {
      event?: { event: { case?: string; value?: { id?: string } } };
    };
    if (event?.event.case === "started") runId = event.event.value?.id ?? "";
    if (event?.event.case === "log") break;
  }
  return async () => {
    await operator.runs.cancelRun({ runId });
    stop.abort();
  };
}

test("the operator sees the node inside the service, what it runs and what is warm there", async () => {
  const projectId = await newProject(operator);
  const { id: codeId } = await newCode(operator, projectId, ANSWER);
  for (let n = 0; n < 3; n += 1) await operator.runs.runCode({ codeId });
  const look = async () => (await operator.runs.getPool({})).pool!;
  await expect
    .poll(async () => (await look()).nodes[0], { timeout: 20_000 })
    .toMatchObject({ warmStarts: 2n, warmVersions: [{ codeId, version: 1, idle: 1, busy: 0 }] });
  const pool = await look();
  expect(pool).toMatchObject({
    capacity: 3,
    inFlight: 0,
    queue: { depth: 0, limit: 8, shares: [] },
    quarantines: [],
  });
  expect(pool.instanceId).toMatch(/^[0-9a-f-]{36}$/);
  expect(pool.nodes).toHaveLength(1);
  const [node] = pool.nodes;
  expect(node).toMatchObject({
    id: "local",
    state: NodeState.READY,
    breaker: BreakerState.CLOSED,
    breakerReason: "",
    capacity: 3,
    warmStarts: 2n,
    coldStarts: 1n,
  });
  expect(node?.runtimes.join(" ")).toMatch(/^python: Python 3\.\d+/);
  expect(timestampMs(node!.startTime!)).toBeLessThanOrEqual(Date.now());
});

test("a project sees the nodes and of what is on them only its own; nobody but the operator sees all", async () => {
  const [mine, theirs] = [await newProject(operator, "mine"), await newProject(operator, "theirs")];
  const myCode = await newCode(operator, mine, ANSWER);
  const theirCode = await newCode(operator, theirs, ANSWER);
  for (const { id } of [myCode, theirCode]) await operator.runs.runCode({ codeId: id });
  const theirFailing = await newCode(operator, theirs, DIES);
  for (let n = 0; n < 5; n += 1) await operator.runs.runCode({ codeId: theirFailing.id });
  const viewer = await as(Role.VIEWER, mine);
  const seenBy = async (clients: Clients, projectId: string) => {
    const { pool } = await clients.runs.getPool({ projectId });
    return {
      warm: pool!.nodes.flatMap(({ warmVersions }) => warmVersions.map(({ codeId }) => codeId)),
      quarantined: pool!.quarantines.map(({ codeId }) => codeId),
    };
  };
  await expect
    .poll(async () => (await seenBy(operator, "")).warm, { timeout: 20_000 })
    .toEqual(expect.arrayContaining([myCode.id, theirCode.id]));
  // The workers of the one that dies are gone a moment later.
  await expect
    .poll(() => seenBy(operator, theirs), { timeout: 20_000 })
    .toEqual({ warm: [theirCode.id], quarantined: [theirFailing.id] });
  expect(await seenBy(viewer, mine)).toEqual({ warm: [myCode.id], quarantined: [] });
  expect((await viewer.runs.getPool({ projectId: mine })).pool?.nodes).toMatchObject([
    { id: "local", capacity: 3 },
  ]);
  expect(await refusalOf(viewer.runs.getPool({}))).toMatchObject({ reason: "ROLE_INSUFFICIENT" });
  expect(await refusalOf(viewer.runs.watchPool({}))).toMatchObject({ reason: "ROLE_INSUFFICIENT" });
  expect(await refusalOf(viewer.runs.getPool({ projectId: theirs }))).toMatchObject({
    reason: "PROJECT_NOT_FOUND",
  });
  expect(await refusalOf(operator.runs.getPool({ projectId: UNKNOWN }))).toMatchObject({
    reason: "PROJECT_NOT_FOUND",
  });
  await operator.runs.liftQuarantine({ codeId: theirFailing.id, version: 1 });
});

test("a version whose workers keep dying is refused and says why, until an editor lifts it; the next one runs", async () => {
  const projectId = await newProject(operator, "quarantine");
  const { id: codeId } = await newCode(operator, projectId, DIES);
  const neighbour = await newCode(operator, projectId, ANSWER);
  for (let n = 0; n < 5; n += 1) {
    expect((await operator.runs.runCode({ codeId })).run).toMatchObject({ status: RunStatus.FAILED });
  }
  expect(await refusalOf(operator.runs.runCode({ codeId }))).toMatchObject({
    code: "Unavailable",
    reason: "CODE_QUARANTINED",
    retry: true,
    metadata: { codeId, version: "1", reason: "the code exited with status 7" },
  });
  const endpoint = await fetch(`${service.url}/action/endpoint/${codeId}`);
  expect([endpoint.status, Number(endpoint.headers.get("retry-after")) > 0]).toEqual([503, true]);
  expect((await operator.runs.runCode({ codeId: neighbour.id })).run?.status).toBe(RunStatus.SUCCEEDED);
  const { pool } = await operator.runs.getPool({ projectId });
  expect(pool?.quarantines).toMatchObject([
    { codeId, version: 1, projectId, round: 1, reason: "the code exited with status 7" },
  ]);
  const [quarantine] = pool!.quarantines;
  expect(timestampMs(quarantine!.endTime!) - timestampMs(quarantine!.beginTime!)).toBe(10_000);
  // What was refused has left no run behind.
  const { runs } = await operator.runs.listRuns({ scope: { case: "codeId", value: codeId }, pageSize: 100 });
  expect(runs).toHaveLength(5);

  const lift = { codeId, version: 1 };
  const contributor = await as(Role.CONTRIBUTOR, projectId);
  expect(await refusalOf(contributor.runs.liftQuarantine(lift))).toMatchObject({
    reason: "ROLE_INSUFFICIENT",
  });
  const editor = await as(Role.EDITOR, projectId);
  await editor.runs.liftQuarantine(lift);
  expect(await refusalOf(editor.runs.liftQuarantine(lift))).toMatchObject({
    code: "FailedPrecondition",
    reason: "NOT_QUARANTINED",
  });
  expect(await refusalOf(editor.runs.liftQuarantine({ ...lift, codeId: UNKNOWN }))).toMatchObject({
    reason: "CODE_NOT_FOUND",
  });
  expect((await editor.runs.runCode({ codeId })).run?.status).toBe(RunStatus.FAILED);
  await editor.codes.updateCode({ codeId, source: ANSWER });
  expect((await editor.runs.runCode({ codeId })).run?.status).toBe(RunStatus.SUCCEEDED);
});

test("a watcher is shown the pool, then each change at once and the figures as they change", async () => {
  const [projectId, otherId] = [await newProject(operator, "watched"), await newProject(operator, "other")];
  const { id: codeId } = await newCode(operator, projectId, DIES);
  const other = await newCode(operator, otherId, DIES);
  const sleeper = await newCode(operator, projectId, SLEEP);
  const viewer = await as(Role.VIEWER, projectId);
  const stop = new AbortController();
  const events = viewer.runs.watchPool({ projectId }, { signal: stop.signal })[Symbol.asyncIterator]();
  const next = async () => ((await events.next()).value as WatchPoolResponse).event;
  const until = async (isIt: (event: WatchPoolResponse["event"]) => boolean) => {
    for (;;) {
      const event = await next();
      if (isIt(event)) return event;
    }
  };
  expect(await next()).toMatchObject({ case: "pool", value: { capacity: 3, inFlight: 0 } });

  const release = await keepBusy(sleeper.id);
  await until((event) => event.case === "pool" && event.value.inFlight === 1);
  await release();
  await until((event) => event.case === "pool" && event.value.inFlight === 0);

  // The other project's is not told here, although it comes first.
  for (const id of [other.id, codeId])
    for (let n = 0; n < 5; n += 1) await operator.runs.runCode({ codeId: id });
  expect(await until(({ case: kind }) => kind === "change")).toMatchObject({
    value: { kind: PoolChangeKind.QUARANTINED, codeId, version: 1, reason: "the code exited with status 7" },
  });
  await until((event) => event.case === "pool" && event.value.quarantines.length === 1);
  await operator.runs.liftQuarantine({ codeId, version: 1 });
  expect(await until(({ case: kind }) => kind === "change")).toMatchObject({
    value: { kind: PoolChangeKind.QUARANTINE_LIFTED, codeId, version: 1 },
  });
  stop.abort();
  await expect(events.next()).rejects.toThrow();
});

test("runs that wait are shown to their project, in its share; one whose deadline cannot be met is refused at once", async () => {
  const [projectId, otherId] = [await newProject(operator, "waiting"), await newProject(operator, "idle")];
  const { id: codeId } = await newCode(operator, projectId, NAP);
  for (let n = 0; n < 5; n += 1) await operator.runs.runCode({ codeId });
  const sleeper = await newCode(operator, projectId, SLEEP);
  const releases = await Promise.all(Array.from({ length: 3 }, () => keepBusy(sleeper.id)));
  const waiting: Promise<RunCodeResponse>[] = [];
  const wait = async (count: number) => {
    while (waiting.length < count) waiting.push(operator.runs.runCode({ codeId }));
    await expect
      .poll(async () => (await operator.runs.getPool({ projectId })).pool?.queue, { timeout: 20_000 })
      .toMatchObject({ depth: count, shares: [{ projectId, waiting: count, inFlight: 3 }] });
  };
  await wait(7);
  expect((await operator.runs.getPool({ projectId: otherId })).pool?.queue).toMatchObject({
    depth: 7,
    shares: [],
  });
  const { pool } = await operator.runs.getPool({ projectId });
  expect(pool?.queue?.oldestWait).toBeDefined();
  expect(await refusalOf(operator.runs.runCode({ codeId }, { timeoutMs: 200 }))).toMatchObject({
    code: "ResourceExhausted",
    reason: "POOL_FULL",
    retry: true,
    message: expect.stringContaining("after the call's deadline"),
  });
  await wait(8);
  expect(await refusalOf(operator.runs.runCode({ codeId }))).toMatchObject({
    reason: "POOL_FULL",
    message: expect.stringContaining("8 runs are waiting already"),
  });
  for (const release of releases) await release();
  const ended = await Promise.all(waiting);
  expect(ended.map(({ run }) => run?.status)).toEqual(Array(8).fill(RunStatus.SUCCEEDED));
  expect(ended[7]?.run?.usage?.queue?.seconds ?? -1n).toBeGreaterThanOrEqual(0n);
});

test("a code at its own limit holds up nobody else", async () => {
  const projectId = await newProject(operator, "narrow");
  const narrow = await newCode(operator, projectId, SLEEP, { maxConcurrency: 1 });
  const neighbour = await newCode(operator, projectId, ANSWER);
  const release = await keepBusy(narrow.id);
  const stop = new AbortController();
  const waiting = Array.from({ length: 4 }, () =>
    operator.runs.runCode({ codeId: narrow.id }, { signal: stop.signal }).catch(() => "gone"),
  );
  await expect
    .poll(async () => (await operator.runs.getPool({ projectId })).pool?.queue?.depth, { timeout: 20_000 })
    .toBe(4);
  const { run } = await operator.runs.runCode({ codeId: neighbour.id });
  expect(textOf(run?.result?.body)).toBe("well");
  stop.abort();
  expect(await Promise.all(waiting)).toEqual(Array(4).fill("gone"));
  await release();
  await expect.poll(async () => (await operator.runs.getPool({})).pool?.queue?.depth).toBe(0);
});

test("the metrics tell of the pool, and readiness how many nodes take runs", async () => {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  const figure = (name: string) =>
    new RegExp(`^${name.replaceAll(/[{}"]/g, "\\$&")} (\\S+)$`, "m").exec(text)?.[1];
  expect(figure('codeactions_node_breaker{node="local"}')).toBe("0");
  expect(figure('codeactions_node_breaker_changes_total{node="local",state="open"}')).toBe("0");
  expect(figure('codeactions_node_ready{node="local"}')).toBe("1");
  expect(figure('codeactions_node_capacity{node="local"}')).toBe("3");
  expect(figure("codeactions_pool_capacity")).toBe("3");
  expect(figure("codeactions_queue_depth")).toBe("0");
  expect(figure("codeactions_queue_oldest_wait_seconds")).toBe("0");
  expect(Number(figure('codeactions_node_starts_total{node="local",start="cold"}'))).toBeGreaterThan(0);
  expect(Number(figure("codeactions_start_seconds_count"))).toBeGreaterThan(0);
  expect(Number(figure('codeactions_pool_refusals_total{why="full"}'))).toBeGreaterThan(0);
  const ready = (await (await fetch(`${service.url}/readyz`)).json()) as { dependencies: { name: string }[] };
  expect(JSON.stringify(ready)).toContain("1 of 1 nodes take runs");
});
