import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NodeUnreachable } from "../../src/runner/node.ts";
import type { Pool } from "../../src/runner/pool.ts";
import { NotAccepted } from "../../src/sandbox/program.ts";
import { ask, newPool, ScriptedNode, WELL } from "./stage.ts";

const OPEN_MS = 5_000;
const MINUTE_MS = 60_000;
const BROKEN = new NotAccepted("broken", "no jail can be built");
const UNREACHABLE = new NodeUnreachable("connection refused");

let node: ScriptedNode;
let pool: Pool;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] });
  node = new ScriptedNode("a", { capacity: 100 });
  pool = await newPool([node]);
});

afterEach(() => {
  pool[Symbol.dispose]();
  vi.useRealTimers();
});

test("a node that is broken three times is left alone, and its runs are refused with a time to come back", async () => {
  for (let n = 0; n < 3; n += 1) await fail(BROKEN);
  expect(state()).toMatchObject({ breaker: "open", reason: "no jail can be built" });
  expect(node.given).toHaveLength(3);
  await expect(ask(pool)).rejects.toMatchObject({
    reason: "POOL_UNAVAILABLE",
    metadata: { nodes: "a: no jail can be built" },
    details: { retryAfterMs: OPEN_MS },
  });
  expect(node.given).toHaveLength(3);
});

test("three strikes that lie further apart than half a minute do not count together", async () => {
  for (let n = 0; n < 6; n += 1) {
    await fail(BROKEN);
    await vi.advanceTimersByTimeAsync(16_000);
  }
  expect(state().breaker).toBe("closed");
});

test("a node that cannot be reached is left alone at once", async () => {
  await fail(UNREACHABLE);
  expect(state()).toMatchObject({ breaker: "open", reason: "connection refused" });
});

test("a node that will not have this service is left alone, and the reason says that it is so", async () => {
  await fail(new NodeUnreachable("another key", { refused: true }));
  expect(state()).toMatchObject({ breaker: "open", reason: "it refuses this service: another key" });
});

test("a node that was heard and cannot be heard any more is left alone at once", async () => {
  await node.fallSilent(new Error("the stream broke"));
  expect(state()).toMatchObject({
    state: "ready",
    breaker: "open",
    reason: "the stream broke",
    takesRuns: false,
  });
});

test("a node is tried with a question, never with somebody's run, and takes runs again once it has answered", async () => {
  await fail(UNREACHABLE);
  const given = node.given.length;
  await vi.advanceTimersByTimeAsync(OPEN_MS);
  expect(node.asked.filter((question) => question === "describe")).toHaveLength(1);
  expect(state()).toMatchObject({ breaker: "closed", reason: "connection refused", takesRuns: true });
  expect(node.given).toHaveLength(given);
  const run = ask(pool);
  node.given.at(-1)!.end();
  expect(await run).toBe(WELL);
});

test("while it does not answer it is asked less and less often, once a minute in the end", async () => {
  const askedMs: number[] = [];
  const startMs = Date.now();
  node.probe = () => {
    askedMs.push(Date.now() - startMs);
    return Promise.reject(new Error("still not"));
  };
  await fail(UNREACHABLE);
  await vi.advanceTimersByTimeAsync(4 * MINUTE_MS);
  expect(askedMs).toEqual([5_000, 15_000, 35_000, 75_000, 135_000, 195_000]);
  expect(state()).toMatchObject({ breaker: "open", reason: "still not" });
});

test("a node that fails again soon is left alone for longer, and after a quiet minute as at first", async () => {
  await fail(UNREACHABLE);
  await vi.advanceTimersByTimeAsync(OPEN_MS);
  await fail(UNREACHABLE);
  await vi.advanceTimersByTimeAsync(OPEN_MS);
  expect(state().breaker).toBe("open");
  await vi.advanceTimersByTimeAsync(OPEN_MS);
  expect(state().breaker).toBe("closed");
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  await fail(UNREACHABLE);
  await vi.advanceTimersByTimeAsync(OPEN_MS);
  expect(state().breaker).toBe("closed");
});

test("a node whose breaker has closed is listened to again at once", async () => {
  node.isHeard = false;
  await node.fallSilent(new Error("the stream broke"));
  await vi.advanceTimersByTimeAsync(OPEN_MS - 1);
  const watched = node.asked.filter((question) => question === "watch").length;
  node.isHeard = true;
  await node.fallSilent(new Error("again"));
  await vi.advanceTimersByTimeAsync(1);
  expect(node.asked.filter((question) => question === "watch").length).toBeGreaterThan(watched);
  expect(state()).toMatchObject({ takesRuns: true });
});

test("being full, closing or without a language is never held against a node, and neither is how runs end", async () => {
  for (const why of ["full", "closed", "missing", "preparing"] as const) {
    for (let n = 0; n < 10; n += 1) await fail(new NotAccepted(why, why));
  }
  for (const status of ["FAILED", "TIMED_OUT", "OUT_OF_MEMORY", "LOST"] as const) {
    for (let n = 0; n < 10; n += 1) {
      const run = ask(pool);
      node.given.at(-1)!.end({ ...WELL, status });
      expect(await run).toMatchObject({ status });
    }
  }
  expect(state()).toMatchObject({ breaker: "closed", reason: "" });
});

test("a caller that goes away before its run was accepted is not held against a node", async () => {
  for (let n = 0; n < 10; n += 1) {
    const stop = new AbortController();
    const run = ask(pool, { signal: stop.signal });
    stop.abort();
    await expect(run).rejects.toBe(stop.signal.reason);
  }
  expect(state().breaker).toBe("closed");
});

/** A run that the node does not take. */
async function fail(error: Error): Promise<void> {
  const run = ask(pool);
  node.given.at(-1)!.refuse(error);
  await expect(run).rejects.toThrow(error.message);
}

function state() {
  return pool.describe().nodes[0]!;
}
