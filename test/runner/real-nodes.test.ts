import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunOrder } from "../../src/runner/order.ts";
import { Pool, type PoolChange, type PoolNode } from "../../src/runner/pool.ts";
import type { RemoteNode } from "../../src/runner/remote-node.ts";
import type { Line, Outcome, Program } from "../../src/sandbox/program.ts";
import { INVOCATION, NEVER, program } from "../sandbox/stage.ts";
import { connectTo, type NodeProcess, sleeper, startNodeProcess } from "../support/nodes.ts";
import { silent } from "../support/silent-log.ts";

/** The pool over nodes in processes of their own, which are killed, stopped and told to go. */

let processes: NodeProcess[];
let nodes: RemoteNode[];
let pool: Pool;
let changes: PoolChange[];

beforeEach(async () => {
  processes = await Promise.all([startNodeProcess(), startNodeProcess()]);
  nodes = processes.map(({ port }) => connectTo(port));
  pool = new Pool({ settings: { waitersMax: 100, waitMs: 30_000 }, log: silent });
  changes = [];
  pool.onChange((change) => changes.push(change));
  pool.setNodes(nodes);
  await expect.poll(() => pool.describe().capacity, { timeout: 20_000 }).toBe(8);
});

afterEach(async () => {
  pool[Symbol.dispose]();
  for (const node of nodes) node[Symbol.dispose]();
  await Promise.all(processes.map((process) => process[Symbol.asyncDispose]()));
});

const SLEEPER = sleeper();
const QUICK = program("python", "def Run(engine): return 'well'\n", { key: "c 1 x" });

interface UnderWay {
  readonly outcome: Promise<Outcome>;
  /** The number of the node that was given it. */
  readonly place: number;
  /** Resolves once its first line is there. */
  readonly begun: Promise<void>;
}

function begin(ran: Program, more: Partial<RunOrder> = {}): UnderWay {
  const first = Promise.withResolvers<void>();
  const inFlight = () => pool.describe().nodes.map(({ inFlightHere }) => inFlightHere);
  const before = inFlight();
  const invocation = { ...INVOCATION, timeoutMs: 600_000 };
  const listener = { accepted() {}, lines: (_: readonly Line[]) => first.resolve() };
  const order = { program: ran, invocation, listener, deadlineMs: undefined, again: undefined, ...more };
  const outcome = pool.run(order, NEVER);
  outcome.catch(() => {});
  // Where there is a slot, it is taken at once.
  const place = inFlight().findIndex((count, n) => count > before[n]!);
  return { outcome, place, begun: first.promise };
}

function nodeAt(index: number): PoolNode {
  return pool.describe().nodes[index]!;
}

test("runs of a version stay on the node where it is warm, and spread once that has enough to do", async () => {
  await begin(QUICK).outcome;
  const isWarm = () =>
    pool.describe().nodes.map(({ description }) => description!.warm.some(({ idle }) => idle > 0));
  await expect.poll(isWarm, { timeout: 10_000 }).toContain(true);
  for (let n = 0; n < 20; n += 1) expect((await begin(QUICK).outcome).usage.cold).toBe(false);
  const sleepers = Array.from({ length: 4 }, () => begin(SLEEPER));
  await Promise.all(sleepers.map(({ begun }) => begun));
  expect(pool.describe().nodes.every(({ inFlightHere }) => inFlightHere > 0)).toBe(true);
});

test("when a node is killed its runs are lost, but for one that may be repeated; new ones go elsewhere", async () => {
  const once = begin(SLEEPER);
  const victim = once.place;
  let asked = 0;
  const again = () => {
    asked += 1;
    return INVOCATION;
  };
  const repeated = Array.from({ length: 3 }, () => begin(SLEEPER, { again }));
  await Promise.all([once, ...repeated].map(({ begun }) => begun));
  const lost = repeated.filter(({ place }) => place === victim).length;
  await processes[victim]!.end("SIGKILL");
  expect(await once.outcome).toMatchObject({ status: "LOST", error: { kind: "NodeLost" } });
  await expect.poll(() => nodeAt(victim).breaker).toBe("open");
  expect(nodeAt(victim).reason).not.toBe("");
  expect((await begin(QUICK).outcome).status).toBe("SUCCEEDED");
  await expect.poll(() => asked).toBe(lost);
  expect(lost).toBeGreaterThan(0);
  expect(nodeAt(1 - victim).inFlightHere).toBe(3);
  expect(changes.filter(({ kind }) => kind === "BREAKER_OPENED").map(({ nodeId }) => nodeId)).toEqual([
    nodes[victim]!.id,
  ]);
});

test("a node that stands still is left alone, what it has not accepted goes elsewhere, and later it is used again", async () => {
  const [stopped] = processes;
  stopped!.process.kill("SIGSTOP");
  const runs = Array.from({ length: 8 }, () => begin(QUICK));
  for (const { outcome } of runs) expect((await outcome).status).toBe("SUCCEEDED");
  expect(nodeAt(0)).toMatchObject({ breaker: expect.stringMatching("open"), inFlightHere: 0 });
  stopped!.process.kill("SIGCONT");
  await expect.poll(() => nodeAt(0).takesRuns, { timeout: 30_000 }).toBe(true);
  expect(changes.map(({ kind }) => kind)).toContain("BREAKER_CLOSED");
});

test("a node that is told to go takes nothing new, finishes what it has, and its breaker says nothing", async () => {
  const nap = program("python", "import time\ndef Run(engine):\n    print('begun')\n    time.sleep(2)\n");
  const last = begin(nap);
  const leaving = last.place;
  await last.begun;
  processes[leaving]!.process.kill("SIGTERM");
  await expect.poll(() => nodeAt(leaving).state, { timeout: 10_000 }).toBe("draining");
  for (let n = 0; n < 5; n += 1) expect((await begin(QUICK).outcome).status).toBe("SUCCEEDED");
  expect((await last.outcome).status).toBe("SUCCEEDED");
  await processes[leaving]!.code;
  await expect.poll(() => nodeAt(leaving).state, { timeout: 10_000 }).toBe("connecting");
  expect(changes.filter(({ kind }) => kind.startsWith("BREAKER"))).toEqual([]);
});
