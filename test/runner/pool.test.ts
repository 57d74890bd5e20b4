import { afterEach, expect, test, vi } from "vitest";
import { NodeUnreachable } from "../../src/runner/node.ts";
import type { Pool, PoolChange } from "../../src/runner/pool.ts";
import { type Invocation, NotAccepted } from "../../src/sandbox/program.ts";
import { type Asked, ask, LOST, newPool, ScriptedNode, settled, WELL } from "./stage.ts";

let pool: Pool;
afterEach(() => pool[Symbol.dispose]());

test("a node that has not been heard of takes no runs, and the refusal names it", async () => {
  const silent = new ScriptedNode("a");
  silent.isHeard = false;
  pool = await newPool([silent]);
  expect(pool.describe().nodes).toMatchObject([{ id: "a", state: "connecting", takesRuns: false }]);
  await expect(ask(pool)).rejects.toMatchObject({
    reason: "POOL_UNAVAILABLE",
    metadata: { nodes: "a: connecting" },
    details: { retryAfterMs: 5_000 },
  });
  await silent.tell({});
  const run = ask(pool);
  silent.given[0]!.end();
  expect(await run).toBe(WELL);
});

test("why a node cannot be heard is told, and named where it is that it refuses this service", async () => {
  const stranger = new ScriptedNode("a");
  stranger.isHeard = false;
  pool = await newPool([stranger]);
  await stranger.fallSilent(new NodeUnreachable("the key is another one", { refused: true }));
  await expect(ask(pool)).rejects.toMatchObject({
    metadata: { nodes: "a: it refuses this service: the key is another one" },
  });
});

test("a node that drains takes no new runs, without its breaker, and its runs go on", async () => {
  const [a, b] = [new ScriptedNode("a"), new ScriptedNode("b")];
  pool = await newPool([a]);
  const run = ask(pool);
  a.given[0]!.accept();
  pool.setNodes([a, b]);
  await settled();
  await a.tell({ draining: true });
  for (let n = 0; n < 2; n += 1) ask(pool);
  expect([a.given.length, b.given.length]).toEqual([1, 2]);
  expect(pool.describe().nodes[0]).toMatchObject({ state: "draining", breaker: "closed", inFlightHere: 1 });
  a.given[0]!.end();
  expect(await run).toBe(WELL);
  await a.fallSilent(new Error("it has ended"));
  expect(pool.describe().nodes[0]).toMatchObject({ state: "connecting", breaker: "closed" });
});

test("a node that is no longer on the list gets no new runs; one that is still there is the same one", async () => {
  const [a, b] = [new ScriptedNode("a"), new ScriptedNode("b")];
  pool = await newPool([a]);
  const run = ask(pool);
  a.given[0]!.accept();
  pool.setNodes([b]);
  await settled();
  expect(pool.describe().nodes.map(({ id }) => id)).toEqual(["b"]);
  ask(pool);
  expect([a.given.length, b.given.length]).toEqual([1, 1]);
  pool.setNodes([b, new ScriptedNode("a")]);
  await settled();
  expect(pool.describe().nodes.map(({ id, inFlightHere }) => [id, inFlightHere])).toEqual([
    ["b", 1],
    ["a", 0],
  ]);
  expect(b.asked.filter((question) => question === "watch")).toHaveLength(1);
  a.given[0]!.end();
  expect(await run).toBe(WELL);
});

test("runs of a program go where it is warm, until that is more than its share", async () => {
  const warm = (idle: number) => ({
    warm: [{ key: "k", codeId: "", version: 0, idle, busy: 0 }],
    capacity: 8,
  });
  const [a, b] = [new ScriptedNode("a", warm(0)), new ScriptedNode("b", warm(8))];
  pool = await newPool([a, b]);
  ask(pool);
  expect([a.given.length, b.given.length]).toEqual([0, 1]);
  for (let n = 0; n < 7; n += 1) ask(pool);
  expect(a.given.length).toBeGreaterThanOrEqual(2);
  expect(b.given.length).toBeGreaterThanOrEqual(4);
});

test("what a node was given since it told of its workers is no longer counted as idle there", async () => {
  const warm = { warm: [{ key: "k", codeId: "", version: 0, idle: 1, busy: 0 }], capacity: 100 };
  const [a, b] = [new ScriptedNode("a", warm), new ScriptedNode("b", { capacity: 100 })];
  pool = await newPool([a, b]);
  ask(pool);
  expect(a.given).toHaveLength(1);
  // Now chance decides between an empty node and one that has a run.
  ask(pool);
  expect(b.given).toHaveLength(1);
  a.given[0]!.end();
  await settled();
  ask(pool);
  expect(a.given).toHaveLength(2);
});

test("a run goes to a node that has its language, and is refused by one that has not only where none has", async () => {
  const go = { languages: [{ language: "go", state: "ready", runtime: "go 1.19" }] as const };
  const [a, b] = [new ScriptedNode("a"), new ScriptedNode("b", go)];
  pool = await newPool([a, b]);
  for (let n = 0; n < 3; n += 1) ask(pool, { language: "go" });
  expect([a.given.length, b.given.length, pool.describe().queue.depth]).toEqual([0, 2, 1]);
  const run = ask(pool, { language: "javascript" });
  a.given[0]!.refuse(new NotAccepted("missing", "no node was found"));
  await expect(run).rejects.toMatchObject({
    reason: "LANGUAGE_UNAVAILABLE",
    metadata: { language: "javascript" },
  });
});

test.each([
  ["cannot be reached", new NodeUnreachable("connection refused")],
  ["cannot build a jail", new NotAccepted("broken", "no jail")],
  ["is closing", new NotAccepted("closed", "shutting down")],
  ["is full", new NotAccepted("full", "full", 1000)],
])("a run that one node did not take because it %s is taken by another one", async (_, error) => {
  const [a, b] = [new ScriptedNode("a"), new ScriptedNode("b")];
  pool = await newPool([a, b]);
  const run = ask(pool);
  const [first, second] = a.given.length === 1 ? [a, b] : [b, a];
  first.given[0]!.refuse(error);
  await settled();
  second.given[0]!.end();
  expect(await run).toBe(WELL);
});

test("what no node has taken is refused for what the last one said", async () => {
  const [a, b] = [new ScriptedNode("a"), new ScriptedNode("b")];
  pool = await newPool([a, b]);
  const run = ask(pool);
  for (let n = 0; n < 2; n += 1) {
    for (const { given } of [a, b]) given[0]?.refuse(new NotAccepted("full", "no room", 700));
    await settled();
  }
  await expect(run).rejects.toMatchObject({
    reason: "POOL_FULL",
    message: "no room",
    details: { retryAfterMs: 700 },
  });
  expect([a.given.length, b.given.length]).toEqual([1, 1]);
});

test("what a node has accepted and cannot begin after all is given to another one, and is nobody's loss", async () => {
  const [one, other] = [new ScriptedNode("one"), new ScriptedNode("other", { capacity: 1 })];
  pool = await newPool([one, other]);
  const again = vi.fn();
  const outcome = ask(pool, { again });
  await settled();
  const [first, second] = one.given.length > 0 ? [one, other] : [other, one];
  first.given[0]!.refuseLate(new NotAccepted("broken", "the input did not come"));
  await settled();
  second.given[0]!.end();
  expect((await outcome).status).toBe("SUCCEEDED");
  expect(again).not.toHaveBeenCalled();
  const refused = ask(pool);
  for (let given = 0; given < 2; given += 1) {
    await settled();
    for (const node of [one, other]) node.given[1]?.refuseLate(new NotAccepted("broken", "nor did that"));
  }
  await expect(refused).rejects.toMatchObject({ reason: "POOL_UNAVAILABLE", message: "nor did that" });
});

test("what was not accepted yet is taken from a node whose breaker opens and given to another one", async () => {
  const [a, b] = [new ScriptedNode("a"), new ScriptedNode("b", { capacity: 4 })];
  pool = await newPool([a]);
  const [accepted, pending] = [ask(pool), ask(pool)];
  a.given[0]!.accept();
  pool.setNodes([a, b]);
  await settled();
  await a.fallSilent(new Error("the stream broke"));
  expect(a.given[1]!.signal.aborted).toBe(true);
  expect(a.given[0]!.signal.aborted).toBe(false);
  b.given[0]!.end();
  expect(await pending).toBe(WELL);
  a.given[0]!.end();
  expect(await accepted).toBe(WELL);
});

test("a run that is cancelled is cancelled on its node, before it was accepted and after", async () => {
  const node = new ScriptedNode("a");
  pool = await newPool([node]);
  for (const isAccepted of [false, true]) {
    const stop = new AbortController();
    const run = ask(pool, { signal: stop.signal });
    const given = node.given.at(-1)!;
    if (isAccepted) given.accept();
    await settled();
    stop.abort(new Error("enough"));
    expect(given.signal.reason).toBe(stop.signal.reason);
    if (isAccepted) given.end({ ...WELL, status: "CANCELLED" });
    const end = await run.catch((error: unknown) => error);
    expect(end).toEqual(isAccepted ? { ...WELL, status: "CANCELLED" } : stop.signal.reason);
  }
});

test("a run whose node was lost with it is not run again", async () => {
  const [a, b] = [new ScriptedNode("a"), new ScriptedNode("b")];
  pool = await newPool([a, b]);
  const run = ask(pool);
  for (const { given } of [a, b]) given[0]?.end(LOST);
  expect(await run).toBe(LOST);
  expect(a.given.length + b.given.length).toBe(1);
});

test("one that may be repeated is given to another node each time, as what it is then", async () => {
  const nodes = [new ScriptedNode("a"), new ScriptedNode("b"), new ScriptedNode("c")];
  pool = await newPool(nodes);
  const run = ask(pool, { again: again(2) });
  const order: string[] = [];
  for (let n = 0; n < 3; n += 1) {
    const node = nodes.find(({ id, given }) => given.length > 0 && !order.includes(id))!;
    order.push(node.id);
    expect(node.given[0]!.invocation.context.attempt ?? 1).toBe(n + 1);
    node.given[0]!.end(LOST);
    await settled();
  }
  expect(await run).toBe(LOST);
  expect(order.toSorted()).toEqual(["a", "b", "c"]);
  expect(nodes.map(({ given }) => given.length)).toEqual([1, 1, 1]);
});

test("it is given to the same node where there is no other, and its end is that of the last attempt", async () => {
  const node = new ScriptedNode("a");
  pool = await newPool([node]);
  const run = ask(pool, { again: again(2) });
  node.given[0]!.end(LOST);
  await settled();
  node.given[1]!.end();
  expect(await run).toBe(WELL);
  expect(node.given).toHaveLength(2);
});

test("it is lost where no node takes another attempt", async () => {
  const node = new ScriptedNode("a");
  pool = await newPool([node]);
  const run = ask(pool, { again: again(2) });
  node.given[0]!.accept();
  await node.fallSilent(new Error("the node is gone"));
  node.given[0]!.end(LOST);
  expect(await run).toBe(LOST);
});

test("it is cancelled when that happens between its attempts", async () => {
  const node = new ScriptedNode("a", { capacity: 1 });
  pool = await newPool([node]);
  const stop = new AbortController();
  const run = ask(pool, { again: again(2), signal: stop.signal, projectId: "one" });
  const other = ask(pool, { projectId: "two" });
  node.given[0]!.end(LOST);
  await settled();
  expect(node.given[1]!.invocation.context.projectId).toBe("two");
  stop.abort();
  expect(await run).toMatchObject({ status: "CANCELLED" });
  node.given[1]!.end();
  await other;
});

/** Lets a run be repeated so often, and tells it which attempt it is. */
function again(times: number): NonNullable<Asked["again"]> {
  let attempt = 1;
  return () => {
    attempt += 1;
    if (attempt > times + 1) return undefined;
    return { context: { projectId: "one", codeId: "", version: 0, attempt } } as Invocation;
  };
}

test("a source is checked on a node that is well, and on another one where that fails", async () => {
  const [a, b] = [new ScriptedNode("a"), new ScriptedNode("b", { busy: 1 })];
  pool = await newPool([a, b]);
  const { signal } = new AbortController();
  const problem = { kind: "syntax", message: "no", line: 1, column: 1 } as const;
  a.problems = () => Promise.reject(new NodeUnreachable("connection refused"));
  b.problems = async () => [problem];
  expect(await pool.check("python", "x", signal)).toEqual([problem]);
  expect(pool.describe().nodes).toMatchObject([
    { breaker: "open", reason: "connection refused" },
    { breaker: "closed" },
  ]);
  expect(a.asked.filter((question) => question === "check")).toHaveLength(1);
  b.problems = () => Promise.reject(new NotAccepted("preparing", "in a moment", 500));
  await expect(pool.check("python", "x", signal)).rejects.toMatchObject({ reason: "LANGUAGE_PREPARING" });
  expect(a.asked.filter((question) => question === "check")).toHaveLength(1);
});

test("whoever listens hears what happens to nodes, in order", async () => {
  const node = new ScriptedNode("a");
  pool = await newPool([]);
  const heard: PoolChange[] = [];
  const listening = pool.onChange((change) => heard.push(change));
  pool.setNodes([node]);
  await settled();
  await node.fallSilent(new Error("the stream broke"));
  pool.setNodes([]);
  listening[Symbol.dispose]();
  pool.setNodes([node]);
  expect(heard.map(({ kind, nodeId, reason }) => [kind, nodeId, reason])).toEqual([
    ["NODE_ADDED", "a", ""],
    ["NODE_READY", "a", ""],
    ["BREAKER_OPENED", "a", "the stream broke"],
    ["NODE_REMOVED", "a", "the stream broke"],
  ]);
});
