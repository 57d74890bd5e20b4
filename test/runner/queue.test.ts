import { afterEach, expect, test, vi } from "vitest";
import type { Pool } from "../../src/runner/pool.ts";
import { NotAccepted, type Program } from "../../src/sandbox/program.ts";
import { ask, newPool, ScriptedNode, settled, WELL } from "./stage.ts";

let pool: Pool;
afterEach(() => {
  pool[Symbol.dispose]();
  vi.useRealTimers();
});

/** Of the runs that the node has been given: whose they are. */
function projectsOf({ given }: ScriptedNode): string[] {
  return given.map(({ invocation }) => invocation.context.projectId);
}

test("a run for which there is no slot waits, and the wait is part of what it tells", async () => {
  const node = new ScriptedNode("a", { capacity: 1 });
  pool = await newPool([node]);
  const first = ask(pool);
  const second = ask(pool);
  expect(node.given).toHaveLength(1);
  expect(pool.describe()).toMatchObject({ capacity: 1, inFlight: 1, queue: { depth: 1, limit: 10 } });
  node.given[0]!.end();
  expect(await first).toBe(WELL);
  await settled();
  expect(node.given).toHaveLength(2);
  node.given[1]!.end();
  expect((await second).usage.queueMs).toBeGreaterThan(0);
  expect(pool.describe()).toMatchObject({ inFlight: 0, queue: { depth: 0, oldestWaitMs: 0, shares: [] } });
});

test("the next run is of the project that has the fewest under way, then of the one whose turn is the longest ago", async () => {
  const node = new ScriptedNode("a", { capacity: 4 });
  pool = await newPool([node], { waitersMax: 100, waitMs: 60_000 });
  for (let n = 0; n < 20; n += 1) ask(pool, { projectId: "greedy", key: `greedy ${n % 2}` });
  for (let n = 0; n < 3; n += 1) ask(pool, { projectId: "modest" });
  for (let n = 0; n < 2; n += 1) ask(pool, { projectId: "late" });
  expect(pool.describe().queue.shares).toEqual([
    { projectId: "modest", waiting: 3, inFlight: 0 },
    { projectId: "late", waiting: 2, inFlight: 0 },
    { projectId: "greedy", waiting: 16, inFlight: 4 },
  ]);
  for (let n = 0; n < 8; n += 1) {
    node.given[n]!.end();
    await settled();
  }
  expect(projectsOf(node).slice(4)).toEqual([
    "modest",
    "late",
    "greedy",
    "modest",
    "late",
    "greedy",
    "modest",
    "greedy",
  ]);
  // Those of one project in the order in which they came, whatever their programs.
  const keys = node.given.slice(4).map(({ program }) => program.key);
  expect(keys.filter((key) => key.startsWith("greedy"))).toEqual(["greedy 0", "greedy 1", "greedy 0"]);
});

test("where there is but one slot, projects take turns, however many runs one of them has", async () => {
  const node = new ScriptedNode("a", { capacity: 1 });
  pool = await newPool([node], { waitersMax: 100, waitMs: 60_000 });
  for (let n = 0; n < 50; n += 1) ask(pool, { projectId: "greedy" });
  for (let n = 0; n < 3; n += 1) ask(pool, { projectId: "modest" });
  for (let n = 0; n < 6; n += 1) {
    node.given[n]!.end();
    await settled();
  }
  expect(projectsOf(node).slice(1)).toEqual(["greedy", "modest", "greedy", "modest", "greedy", "modest"]);
});

test("no project holds more than its share while others wait", async () => {
  const node = new ScriptedNode("a", { capacity: 6 });
  pool = await newPool([node], { waitersMax: 1000, waitMs: 60_000 });
  const projects = ["a", "b", "c"];
  for (let n = 0; n < 60; n += 1) for (const projectId of projects) ask(pool, { projectId });
  for (let n = 0; n < 120; n += 1) {
    node.given[n]!.end();
    await settled();
    if (n < 12) continue;
    const underWay = projectsOf(node).slice(n + 1);
    for (const projectId of projects) expect(underWay.filter((one) => one === projectId)).toHaveLength(2);
  }
});

test("a run whose code is at its limit takes no slot while it waits", async () => {
  const node = new ScriptedNode("a", { capacity: 2 });
  pool = await newPool([node]);
  for (let n = 0; n < 3; n += 1) ask(pool, { key: "narrow", concurrencyMax: 1 });
  ask(pool, { key: "wide" });
  expect(node.given.map(({ program }) => program.key)).toEqual(["narrow", "wide"]);
  node.given[1]!.end();
  await settled();
  expect(node.given).toHaveLength(2);
  node.given[0]!.end();
  await settled();
  expect(node.given.map(({ program }) => program.key)).toEqual(["narrow", "wide", "narrow"]);
});

test("a full queue refuses at once, says so, and when to come back", async () => {
  const node = new ScriptedNode("a", { capacity: 1 });
  pool = await newPool([node], { waitersMax: 2, waitMs: 60_000 });
  for (let n = 0; n < 3; n += 1) ask(pool);
  await expect(ask(pool)).rejects.toMatchObject({
    reason: "POOL_FULL",
    message: expect.stringContaining("2 runs are waiting already"),
    details: { retryAfterMs: 1_000 },
  });
  expect(pool.refused).toEqual({ full: 1, late: 0, waited: 0 });
});

test("in a full queue a project with many waiting gives its last place to one with fewer", async () => {
  const node = new ScriptedNode("a", { capacity: 1 });
  pool = await newPool([node], { waitersMax: 3, waitMs: 60_000 });
  const greedy = Array.from({ length: 4 }, () => ask(pool, { projectId: "greedy" }));
  const modest = ask(pool, { projectId: "modest" });
  await expect(greedy[3]).rejects.toMatchObject({ reason: "POOL_FULL" });
  // Two of one and one of the other are as even as it gets.
  await expect(ask(pool, { projectId: "modest" })).rejects.toMatchObject({ reason: "POOL_FULL" });
  for (let n = 0; n < 3; n += 1) {
    node.given[n]!.end();
    await settled();
  }
  expect(await modest).toMatchObject({ status: "SUCCEEDED" });
});

test("whether there is room can be asked before: for those who could neither begin nor wait there is none", async () => {
  const node = new ScriptedNode("a", { capacity: 2 });
  pool = await newPool([node], { waitersMax: 2, waitMs: 60_000 });
  const requireRoom = (key: string, projectId: string) => () =>
    pool.requireRoom({ key, language: "python", concurrencyMax: 1 } as Program, projectId);
  for (let n = 0; n < 2; n += 1) ask(pool, { key: "narrow", concurrencyMax: 1 });
  expect(requireRoom("narrow", "p")).not.toThrow();
  ask(pool, { key: "narrow", concurrencyMax: 1 });
  expect(requireRoom("narrow", "p")).toThrow("2 runs are waiting already");
  // There is a slot for another program, and a place for another project that has none.
  expect(requireRoom("other", "p")).not.toThrow();
  ask(pool, { key: "wide" });
  expect(requireRoom("other", "p")).toThrow("2 runs are waiting already");
  expect(requireRoom("other", "another")).not.toThrow();
  expect(pool.refused.full).toBe(2);
});

test("with a queue of none, what finds no slot is refused", async () => {
  const node = new ScriptedNode("a", { capacity: 1 });
  pool = await newPool([node], { waitersMax: 0, waitMs: 60_000 });
  ask(pool);
  await expect(ask(pool)).rejects.toMatchObject({ reason: "POOL_FULL" });
});

test("a run whose turn would come after its deadline is refused at once, and that is why", async () => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"],
  });
  const node = new ScriptedNode("a", { capacity: 2 });
  pool = await newPool([node]);
  // Runs take 2 s.
  for (let n = 0; n < 4; n += 1) {
    const run = ask(pool);
    vi.advanceTimersByTime(2_000);
    node.given.at(-1)!.end();
    await run;
  }
  for (let n = 0; n < 2; n += 1) ask(pool, { projectId: "other" });
  for (let n = 0; n < 3; n += 1) ask(pool);
  // The fourth waits for two slots to become free twice.
  await expect(ask(pool, { deadlineMs: Date.now() + 3_999 })).rejects.toMatchObject({
    reason: "POOL_FULL",
    message: expect.stringContaining("in about 4.0 s, after the call's deadline"),
    details: { retryAfterMs: 4_000 },
  });
  expect(pool.refused.late).toBe(1);
  ask(pool, { deadlineMs: Date.now() + 4_000 });
  expect(pool.describe().queue.depth).toBe(4);
});

test("what waits for its code's own limit is judged by that code's time, not by everybody's", async () => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"],
  });
  const node = new ScriptedNode("a", { capacity: 9 });
  pool = await newPool([node]);
  const narrow = { key: "narrow", concurrencyMax: 1 };
  for (let n = 0; n < 6; n += 1) ask(pool, narrow);
  // Others take a minute; these take 10 ms each.
  for (let n = 0; n < 5; n += 1) {
    vi.advanceTimersByTime(10);
    node.given.at(-1)!.end();
    await settled();
  }
  for (let n = 0; n < 8; n += 1) ask(pool, { key: "slow" });
  vi.advanceTimersByTime(60_000);
  for (const given of node.given.slice(6)) given.end();
  await settled();
  const run = ask(pool, { ...narrow, deadlineMs: Date.now() + 100 });
  await settled();
  expect(pool.describe().queue.depth).toBe(1);
  node.given[5]!.end();
  await settled();
  node.given.at(-1)!.end();
  expect(await run).toMatchObject({ status: "SUCCEEDED" });
});

test("a run waits no longer than it may", async () => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"],
  });
  const node = new ScriptedNode("a", { capacity: 1 });
  pool = await newPool([node], { waitersMax: 10, waitMs: 3_000 });
  const timers = vi.getTimerCount();
  ask(pool);
  const waiting = ask(pool);
  await vi.advanceTimersByTimeAsync(2_900);
  expect(pool.describe().queue).toMatchObject({ depth: 1, oldestWaitMs: 2_900 });
  await vi.advanceTimersByTimeAsync(200);
  await expect(waiting).rejects.toMatchObject({
    reason: "POOL_FULL",
    message: expect.stringContaining("no node came free within 3 s"),
  });
  expect(pool.refused.waited).toBe(1);
  expect(vi.getTimerCount()).toBe(timers);
});

test("whoever goes away leaves the queue", async () => {
  const node = new ScriptedNode("a", { capacity: 1 });
  pool = await newPool([node]);
  ask(pool);
  const stop = new AbortController();
  const waiting = ask(pool, { signal: stop.signal });
  const behind = ask(pool);
  stop.abort(new Error("enough"));
  await expect(waiting).rejects.toBe(stop.signal.reason);
  expect(pool.describe().queue.depth).toBe(1);
  node.given[0]!.end();
  await settled();
  node.given[1]!.end();
  expect(await behind).toMatchObject({ status: "SUCCEEDED" });
  expect(node.given).toHaveLength(2);
});

test("whoever waits is refused when the pool closes", async () => {
  const node = new ScriptedNode("a", { capacity: 1 });
  pool = await newPool([node]);
  ask(pool);
  const waiting = ask(pool);
  pool[Symbol.dispose]();
  await expect(waiting).rejects.toMatchObject({ reason: "SHUTTING_DOWN" });
  await expect(ask(pool)).rejects.toMatchObject({ reason: "SHUTTING_DOWN" });
});

test("whoever waits is refused when no node takes runs any more, and served by one that comes", async () => {
  const [a, b] = [new ScriptedNode("a", { capacity: 1 }), new ScriptedNode("b", { capacity: 1 })];
  pool = await newPool([a]);
  ask(pool);
  a.given[0]!.accept();
  const waiting = ask(pool);
  pool.setNodes([a, b]);
  await settled();
  b.given[0]!.end();
  expect(await waiting).toMatchObject({ status: "SUCCEEDED" });
  ask(pool);
  b.given[1]!.accept();
  const unlucky = ask(pool);
  await a.fallSilent(new Error("the stream broke"));
  expect(pool.describe().queue.depth).toBe(1);
  await b.fallSilent(new Error("this one too"));
  await expect(unlucky).rejects.toMatchObject({
    reason: "POOL_UNAVAILABLE",
    metadata: { nodes: "a: the stream broke; b: this one too" },
  });
});

test("a run that a full node did not take waits for another one", async () => {
  const [a, b] = [new ScriptedNode("a", { capacity: 1 }), new ScriptedNode("b", { capacity: 1 })];
  pool = await newPool([a, b]);
  const [one, two] = [ask(pool), ask(pool)];
  a.given[0]!.refuse(new NotAccepted("full", "no room"));
  await settled();
  expect(pool.describe().queue.depth).toBe(1);
  b.given[0]!.end();
  await settled();
  b.given[1]!.end();
  expect(await Promise.all([one, two])).toMatchObject([{ status: "SUCCEEDED" }, { status: "SUCCEEDED" }]);
});

test("a node that tells of more room takes those who wait at once", async () => {
  const node = new ScriptedNode("a", { capacity: 1 });
  pool = await newPool([node]);
  for (let n = 0; n < 3; n += 1) ask(pool);
  await node.tell({ capacity: 2 });
  expect(node.given).toHaveLength(2);
});

test("thousands that wait are served in time that grows with them, not with their square", async () => {
  const node = new ScriptedNode("a", { capacity: 50 });
  pool = await newPool([node], { waitersMax: 20_000, waitMs: 600_000 });
  const runs = Array.from({ length: 10_000 }, (_, n) =>
    ask(pool, { projectId: `p${n % 100}`, key: `k${n % 100}` }),
  );
  for (let n = 0; n < runs.length; n += 1) {
    if (node.given[n] === undefined) await settled();
    node.given[n]!.end();
  }
  await Promise.all(runs);
  expect(pool.describe()).toMatchObject({ inFlight: 0, queue: { depth: 0 } });
});
