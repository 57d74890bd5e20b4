import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NodeState, PoolChangeKind } from "../../gen/codeactions/v1/pool_pb.ts";
import { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";
import { goFolder } from "../support/go-folder.ts";
import {
  type Clients,
  clientsOver,
  newCode,
  newProject,
  OPERATOR_TOKEN,
  transportFor,
} from "../support/service.ts";
import type { Bench, Figure, Row } from "./figure.ts";
import { Child, NODE } from "./processes.ts";
import { openRelay, type Relay } from "./relay.ts";
import { quantile, spreadOf } from "./rounds.ts";
import { ECHO } from "./service.ts";

const NODES = 3;
const CALLERS = 6;
const KEY = "the-key-of-the-bench";
/** Long enough that finding out is a part of it, and not all of it. */
const WINDOW_SECONDS_MIN = 6;
/** How late a node is that has become slow, in each direction. */
const SLOW_MS = 100;

/** What befalls one of the nodes. */
const FAULTS: Readonly<Record<string, (node: Child, relay: Relay) => void>> = {
  "is killed": (node) => node.process.kill("SIGKILL"),
  "stands still": (node) => node.process.kill("SIGSTOP"),
  "is 200 ms away": (_, relay) => {
    relay.delayMs = SLOW_MS;
  },
};

export const failover: Figure = {
  id: "N1",
  what: "one of three nodes under load is killed, stands still, or is slow",
  async measure(bench) {
    const rows: Row[] = [];
    for (const [what, strike] of Object.entries(FAULTS)) {
      const rounds: Failover[] = [];
      for (let round = 0; round < bench.rounds; round += 1) {
        bench.say(`N1 a node ${what}`);
        rounds.push(await measureFault(bench, strike, rows.length * bench.rounds + round));
      }
      rows.push(rowOf(what, rounds));
    }
    return rows;
  },
};

/** What callers saw of it; they said that their code may run twice. */
interface Failover {
  readonly before: number;
  /** Calls a second from the fault on, finding out included. */
  readonly after: number;
  readonly slowestMs: number;
  readonly failed: number;
  /** From the fault to the open breaker; undefined where it stayed closed. */
  readonly openMs: number | undefined;
}

function rowOf(what: string, rounds: readonly Failover[]): Row {
  const median = (value: (round: Failover) => number) => quantile(rounds.map(value), 0.5);
  const opened = rounds.flatMap(({ openMs }) => (openMs === undefined ? [] : [openMs]));
  const breaker = opened.length === 0 ? "stayed closed" : `open after ${quantile(opened, 0.5).toFixed(0)} ms`;
  return {
    figure: "N1",
    what: `a node ${what}`,
    against: "goodput before",
    ours: `${median(({ after }) => after).toFixed(0)}/s`,
    theirs: `${median(({ before }) => before).toFixed(0)}/s`,
    ratio: spreadOf(rounds.map(({ before, after }) => after / before)),
    target: undefined,
    errors: rounds.reduce((sum, { failed }) => sum + failed, 0),
    note: `breaker ${breaker}; slowest call ${median(({ slowestMs }) => slowestMs).toFixed(0)} ms`,
  };
}

async function measureFault(
  bench: Bench,
  strike: (node: Child, relay: Relay) => void,
  number: number,
): Promise<Failover> {
  await using open = new AsyncDisposableStack();
  const folder = join(bench.folder, `n1-${number}`);
  const nodes = await Promise.all(
    Array.from({ length: NODES }, (_, n) => startNode(join(folder, `${n}`), n)),
  );
  for (const { child } of nodes) open.defer(() => end(child));
  const relays = await Promise.all(nodes.map(({ port }) => openRelay(port)));
  for (const relay of relays) open.use(relay);
  const service = open.use(startApi(join(folder, "api"), relays));
  const [, url] = await service.printed(/answers at (http:\/\/\S+)/);
  const clients = clientsOver(transportFor("grpc", url!, OPERATOR_TOKEN));
  const projectId = await newProject(clients, "failover");
  await ready(clients, NODES);
  const { id: codeId } = await newCode(clients, projectId, ECHO.python);
  const load = new Load(clients, codeId);
  const seconds = Math.max(WINDOW_SECONDS_MIN, bench.seconds);
  await load.run(1); // Warm everywhere.
  const before = await load.run(seconds);
  const breaker = new AbortController();
  const opened = breakerOpening(clients, breaker.signal);
  const struckMs = Date.now();
  const during = load.run(seconds);
  strike(nodes[0]!.child, relays[0]!);
  const after = await during;
  breaker.abort();
  const openedMs = await opened;
  return {
    before: before.calls / seconds,
    after: after.calls / seconds,
    slowestMs: after.slowestMs,
    failed: before.failed + after.failed,
    openMs: openedMs === undefined ? undefined : openedMs - struckMs,
  };
}

/** Callers who call again as soon as they are answered. */
class Load {
  readonly #clients: Clients;
  readonly #codeId: string;

  constructor(clients: Clients, codeId: string) {
    this.#clients = clients;
    this.#codeId = codeId;
  }

  async run(seconds: number): Promise<{ calls: number; failed: number; slowestMs: number }> {
    const told = { calls: 0, failed: 0, slowestMs: 0 };
    const endMs = performance.now() + seconds * 1000;
    const caller = async () => {
      while (performance.now() < endMs) {
        const beganMs = performance.now();
        const call = this.#clients.runs.runCode({ codeId: this.#codeId, idempotent: true });
        const well = await call.then(({ run }) => run?.status === RunStatus.SUCCEEDED).catch(() => false);
        if (well) told.calls += 1;
        else told.failed += 1;
        told.slowestMs = Math.max(told.slowestMs, performance.now() - beganMs);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    return told;
  }
}

/** When a breaker opened, in milliseconds since the epoch; undefined where none did until the signal. */
async function breakerOpening(clients: Clients, signal: AbortSignal): Promise<number | undefined> {
  try {
    for await (const { event } of clients.runs.watchPool({}, { signal })) {
      if (event.case === "change" && event.value.kind === PoolChangeKind.BREAKER_OPENED) return Date.now();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return undefined;
}

async function ready(clients: Clients, count: number): Promise<void> {
  for await (const { event } of clients.runs.watchPool({})) {
    if (
      event.case === "pool" &&
      event.value.nodes.filter(({ state }) => state === NodeState.READY).length === count
    )
      return;
  }
}

function startApi(folder: string, relays: readonly Relay[]): Child {
  return new Child("the service", NODE, [MAIN, "api"], {
    ...COMMON,
    CODEACTIONS_DATA_DIR: folder,
    CODEACTIONS_NODES: relays.map(({ port }) => `127.0.0.1:${port}`).join(","),
    CODEACTIONS_BOOTSTRAP_TOKEN: OPERATOR_TOKEN,
    CODEACTIONS_DEMO: "false",
    DATABASE_URL: "",
  });
}

async function startNode(folder: string, number: number): Promise<{ child: Child; port: number }> {
  const child = new Child("a node", NODE, [MAIN, "node"], {
    ...COMMON,
    CODEACTIONS_DATA_DIR: folder,
    CODEACTIONS_GO_DIR: goFolder,
    CODEACTIONS_WORKERS_MAX: "8",
    CODEACTIONS_BLANK_WORKERS: "1",
    CODEACTIONS_UID_BASE: String(400_000 + number * 1_000),
  });
  const [, port] = await child.printed(/answers at http:\/\/[\d.]+:(\d+)/);
  return { child, port: Number(port) };
}

/** Also one that stands still. */
async function end(child: Child): Promise<void> {
  child.process.kill("SIGCONT");
  await child[Symbol.asyncDispose]();
}

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const COMMON = {
  CODEACTIONS_PORT: "0",
  CODEACTIONS_NODE_KEY: KEY,
  CODEACTIONS_LOG_LEVEL: "error",
  NO_COLOR: "1",
};
