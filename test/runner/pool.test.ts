import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Node, NodeDescription } from "../../src/runner/node.ts";
import { Pool } from "../../src/runner/pool.ts";
import { type Invocation, NotAccepted, type Outcome, type Program } from "../../src/sandbox/program.ts";
import { silent } from "../support/silent-log.ts";

/** The pool over a node that does as it is told; what a real one does is tested through the doors. */

const RESET_MS = 5_000;
const OUTCOME = { status: "FAILED" } as Outcome;
const WELL = { capacity: 1, busy: 0, waiting: 0 } as NodeDescription;
const LISTENER = { accepted() {}, lines() {} };

let answer: () => Promise<{ outcome: Promise<Outcome> }>;
let describe: () => Promise<NodeDescription>;
let asked: string[];
let pool: Pool;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  answer = async () => ({ outcome: Promise.resolve(OUTCOME) });
  describe = async () => WELL;
  const node: Node = {
    id: "the node",
    deliver: () => {
      asked.push("deliver");
      return answer();
    },
    describe: () => {
      asked.push("describe");
      return describe();
    },
    check: async () => [],
    async *watch() {},
  };
  pool = new Pool({ nodes: [node], log: silent });
});

afterEach(() => {
  pool[Symbol.dispose]();
  vi.useRealTimers();
});

test("a node that is broken three times is left alone, and its runs are refused with a time to come back", async () => {
  answer = () => Promise.reject(new NotAccepted("broken", "no jail can be built"));
  for (let n = 0; n < 3; n++) await expect(run()).rejects.toMatchObject({ reason: "POOL_UNAVAILABLE" });
  expect(pool.describe()).toEqual([{ node: "the node", state: "open", reason: "no jail can be built" }]);
  asked = [];
  await expect(run()).rejects.toMatchObject({
    reason: "POOL_UNAVAILABLE",
    metadata: { nodes: "the node: no jail can be built" },
    details: { retryAfterMs: RESET_MS },
  });
  expect(asked).toEqual([]);
});

test("a node that flaps is tried with a question, never with somebody's run", async () => {
  answer = () => Promise.reject(new NotAccepted("broken", "no jail can be built"));
  for (let n = 0; n < 3; n++) await run().catch(() => {});
  asked = [];
  describe = () => Promise.reject(new Error("still not"));
  for (let n = 0; n < 4; n++) await vi.advanceTimersByTimeAsync(RESET_MS);
  expect(asked).toEqual(["describe", "describe", "describe", "describe"]);
  expect(pool.describe()).toMatchObject([{ state: "open", reason: "still not" }]);
  describe = async () => WELL;
  await vi.advanceTimersByTimeAsync(RESET_MS);
  expect(pool.describe()).toEqual([{ node: "the node", state: "closed", reason: "" }]);
  answer = async () => ({ outcome: Promise.resolve(OUTCOME) });
  expect(await run()).toBe(OUTCOME);
});

test("being full, closing or without a language is never held against a node, and neither is how runs end", async () => {
  for (const why of ["full", "closed", "missing", "preparing"] as const) {
    answer = () => Promise.reject(new NotAccepted(why, why));
    for (let n = 0; n < 10; n++) await run().catch(() => {});
  }
  answer = async () => ({ outcome: Promise.resolve(OUTCOME) });
  for (let n = 0; n < 10; n++) await run();
  expect(pool.describe()).toMatchObject([{ state: "closed" }]);
});

function run(): Promise<Outcome> {
  return pool.run(
    { language: "python" } as Program,
    {} as Invocation,
    LISTENER,
    new AbortController().signal,
  );
}
