import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Pool, PoolChange } from "../../src/runner/pool.ts";
import type { Outcome } from "../../src/sandbox/program.ts";
import { type Asked, ask, newPool, ScriptedNode, USAGE, WELL } from "./stage.ts";

const KILLED: Outcome = {
  status: "FAILED",
  error: { kind: "Signal", message: "the code was ended by SIGKILL", traceback: "" },
  usage: USAGE,
};
const OUT_OF_MEMORY: Outcome = {
  status: "OUT_OF_MEMORY",
  error: { kind: "Memory", message: "it needed more", traceback: "" },
  usage: USAGE,
};
const RAISED: Outcome = {
  status: "FAILED",
  error: { kind: "Exit", message: "raised", traceback: "Traceback\nExit: raised" },
  usage: USAGE,
};
const TIMED_OUT: Outcome = { status: "TIMED_OUT", usage: USAGE };
const CODE = { codeId: "c", version: 3, projectId: "p" };

let node: ScriptedNode;
let pool: Pool;
let changes: PoolChange[];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  node = new ScriptedNode("a", { capacity: 100 });
  pool = await newPool([node]);
  changes = [];
  pool.onChange((change) => changes.push(change));
});

afterEach(() => {
  pool[Symbol.dispose]();
  vi.useRealTimers();
});

/** A run that ends as told; what it was refused with where it was. */
async function end(outcome: Outcome, asked: Asked = CODE): Promise<unknown> {
  const before = node.given.length;
  const run = ask(pool, asked);
  if (node.given.length > before) node.given.at(-1)!.end(outcome);
  return run.catch((error: unknown) => error);
}

async function dies(times: number, outcome = KILLED): Promise<void> {
  for (let n = 0; n < times; n += 1) expect(await end(outcome)).toBe(outcome);
}

const REFUSED = { reason: "CODE_QUARANTINED" };

test.each([
  ["kill", KILLED],
  ["memory", OUT_OF_MEMORY],
])("a version whose workers have died five times in a row is refused for 10 s: %s", async (_, outcome) => {
  await dies(5, outcome);
  expect(await end(WELL)).toMatchObject({
    reason: "CODE_QUARANTINED",
    metadata: { codeId: "c", version: "3", reason: outcome.error!.message },
    details: { retryAfterMs: 10_000 },
  });
  expect(pool.describe().quarantines).toEqual([
    {
      projectId: "p",
      codeId: "c",
      version: 3,
      reason: outcome.error!.message,
      beginMs: Date.now(),
      endMs: Date.now() + 10_000,
      round: 1,
    },
  ]);
});

test("its other versions, other codes and tries notice nothing", async () => {
  await dies(5);
  expect(await end(WELL, { ...CODE, version: 4 })).toBe(WELL);
  expect(await end(WELL, { ...CODE, codeId: "d" })).toBe(WELL);
  for (let n = 0; n < 10; n += 1) expect(await end(KILLED, { codeId: "", version: 0 })).toBe(KILLED);
});

test.each([
  ["an answer", WELL],
  ["an exception, whatever it is called", RAISED],
])("%s in between begins the row anew", async (_, outcome) => {
  await dies(4);
  await end(outcome);
  await dies(4);
  expect(await end(WELL)).toBe(WELL);
});

test("a time-out, a cancelled run and a lost node neither count nor begin it anew", async () => {
  for (let n = 0; n < 10; n += 1) await end(TIMED_OUT);
  await dies(2);
  for (const status of ["TIMED_OUT", "CANCELLED", "LOST", "OUTPUT_LIMIT"] as const)
    await end({ ...WELL, status });
  await dies(3);
  expect(await end(WELL)).toMatchObject(REFUSED);
});

test("deaths that lie further apart than a minute do not count together", async () => {
  for (let n = 0; n < 12; n += 1) {
    await dies(1);
    vi.advanceTimersByTime(16_000);
  }
  expect(pool.describe().quarantines).toEqual([]);
});

test("after its time one run at a time is let through, and one that answers ends it", async () => {
  await dies(5);
  vi.advanceTimersByTime(9_999);
  expect(await end(WELL)).toMatchObject({ ...REFUSED, details: { retryAfterMs: 1 } });
  vi.advanceTimersByTime(1);
  const probe = ask(pool, CODE);
  expect(await end(WELL)).toMatchObject({ ...REFUSED, details: { retryAfterMs: 1_000 } });
  node.given.at(-1)!.end();
  expect(await probe).toBe(WELL);
  await dies(4);
  expect(changes.map(({ kind, quarantine }) => [kind, quarantine?.codeId, quarantine?.version])).toEqual([
    ["QUARANTINED", "c", 3],
    ["QUARANTINE_LIFTED", "c", 3],
  ]);
});

test("each further death doubles the time, to ten minutes", async () => {
  await dies(5);
  const times: number[] = [];
  for (let n = 0; n < 8; n += 1) {
    const [{ beginMs, endMs, round }] = pool.describe().quarantines as [never];
    times.push((endMs - beginMs) / 1000);
    expect(round).toBe(n + 1);
    vi.setSystemTime(endMs);
    await dies(1);
  }
  expect(times).toEqual([10, 20, 40, 80, 160, 320, 600, 600]);
});

test("a run let through that does not come to an end of its own leaves the next one to try", async () => {
  await dies(5);
  vi.advanceTimersByTime(10_000);
  expect(await end(TIMED_OUT)).toBe(TIMED_OUT);
  const stop = new AbortController();
  const gone = ask(pool, { ...CODE, signal: stop.signal });
  stop.abort();
  await gone.catch(() => {});
  expect(await end(WELL)).toBe(WELL);
  expect(await end(WELL)).toBe(WELL);
});

test("what was under way when it was refused changes nothing", async () => {
  const early = Array.from({ length: 8 }, () => ask(pool, CODE));
  for (const given of node.given.slice(0, 7)) given.end(KILLED);
  await Promise.all(early.slice(0, 7));
  expect(pool.describe().quarantines).toMatchObject([{ round: 1 }]);
  node.given[7]!.end();
  await early[7];
  expect(await end(WELL)).toMatchObject(REFUSED);
});

test("it can be lifted, once", async () => {
  await dies(5);
  expect(pool.quarantines.lift("c", 4)).toBe(false);
  expect(pool.quarantines.lift("c", 3)).toBe(true);
  expect(pool.quarantines.lift("c", 3)).toBe(false);
  await dies(4);
});

test("what another service has found out holds here, and so does that it was lifted there", async () => {
  const told = {
    ...CODE,
    reason: "it died there",
    beginMs: Date.now(),
    endMs: Date.now() + 40_000,
    round: 3,
  };
  const earlier = { ...told, endMs: Date.now() + 20_000, round: 2 };
  for (const quarantine of [told, earlier]) pool.quarantines.hear({ kind: "QUARANTINED", quarantine });
  expect(await end(WELL)).toMatchObject({ ...REFUSED, details: { retryAfterMs: 40_000 } });
  pool.quarantines.hear({ kind: "QUARANTINE_LIFTED", quarantine: earlier });
  expect(await end(WELL)).toBe(WELL);
  await dies(5);
  expect(changes.map(({ kind, isOurs }) => [kind, isOurs])).toEqual([
    ["QUARANTINED", false],
    ["QUARANTINE_LIFTED", false],
    ["QUARANTINED", true],
  ]);
});

test("one that was lifted does not come back from a service that has not heard of that", async () => {
  await dies(5);
  const { quarantine } = changes[0]!;
  vi.setSystemTime(Date.now() + 1_000);
  const later = { ...quarantine!, beginMs: Date.now(), endMs: Date.now() + 20_000, round: 2 };
  vi.setSystemTime(Date.now() + 1_000);
  expect(pool.quarantines.lift("c", 3)).toBe(true);
  for (const stale of [quarantine!, later]) {
    pool.quarantines.hear({ kind: "QUARANTINED", quarantine: stale });
    expect(pool.quarantines.list()).toEqual([]);
  }
  // Of one that was never known here as well.
  const other = { ...later, codeId: "d" };
  pool.quarantines.hear({ kind: "QUARANTINE_LIFTED", quarantine: other });
  pool.quarantines.hear({ kind: "QUARANTINED", quarantine: other });
  expect(pool.quarantines.list()).toEqual([]);
  vi.setSystemTime(Date.now() + 1_000);
  const anew = { ...later, beginMs: Date.now(), endMs: Date.now() + 10_000 };
  pool.quarantines.hear({ kind: "QUARANTINED", quarantine: anew });
  expect(pool.quarantines.list()).toEqual([anew]);
});

test("one that nobody has called for ten minutes after its time is forgotten", async () => {
  await dies(5);
  vi.advanceTimersByTime(10_000 + 600_001);
  expect(pool.describe().quarantines).toEqual([]);
  expect(pool.quarantines.lift("c", 3)).toBe(false);
  await dies(4);
});

test("there are never more than a thousand", async () => {
  for (let n = 0; n < 1_005; n += 1) {
    const endMs = Date.now() + 10_000;
    const quarantine = { ...CODE, version: n + 1, reason: "", beginMs: Date.now(), endMs, round: 1 };
    pool.quarantines.hear({ kind: "QUARANTINED", quarantine });
  }
  expect(pool.describe().quarantines).toHaveLength(1_000);
  expect(await end(WELL, { ...CODE, version: 1 })).toBe(WELL);
  expect(await end(WELL, { ...CODE, version: 1_005 })).toMatchObject(REFUSED);
});
