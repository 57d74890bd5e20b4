import { rm } from "node:fs/promises";
import { vi } from "vitest";
import type { Node, NodeDescription } from "../../src/runner/node.ts";
import { RemoteNode } from "../../src/runner/remote-node.ts";
import type { Invocation, Line, Listener, Outcome, Program } from "../../src/sandbox/program.ts";
import { INVOCATION, NEVER, program } from "../sandbox/stage.ts";
import { newDataFolder, type Started, start } from "./processes.ts";

export const NODE_KEY = "the-key-of-the-tests";

/** A node as a process of its own. */
export interface NodeProcess extends Started, AsyncDisposable {
  readonly port: number;
  /** Its name where it is on a list. */
  readonly address: string;
  /** The test's own line to it. */
  readonly line: RemoteNode;
}

let nodes = 0;

/** Starts a node that is cheap: few workers, none in stock, Go's library from where all tests have it. */
export async function startNodeProcess(
  settings: Record<string, string> = {},
  by: readonly string[] = [],
): Promise<NodeProcess> {
  const folder = await newDataFolder();
  nodes += 1;
  const environment = {
    CODEACTIONS_DATA_DIR: folder,
    CODEACTIONS_NODE_KEY: NODE_KEY,
    CODEACTIONS_WORKERS_MAX: "4",
    CODEACTIONS_BLANK_WORKERS: "0",
    CODEACTIONS_BLANK_WORKERS_MAX: "0",
    // Nodes of one host would otherwise give their jails the same users.
    CODEACTIONS_UID_BASE: String(20_000_000 + (process.pid % 10_000) * 10_000 + nodes * 200),
    ...settings,
  };
  const started = await start(["node"], environment, by);
  const { port, host, hostname } = new URL(started.url);
  const line = connectTo(Number(port), environment.CODEACTIONS_NODE_KEY, hostname);
  return {
    ...started,
    port: Number(port),
    address: host,
    line,
    async [Symbol.asyncDispose]() {
      line[Symbol.dispose]();
      // One that stands still hears nothing else.
      await started.end("SIGKILL");
      await rm(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
    },
  };
}

/** The line to a node, on this host unless it is said where. */
export function connectTo(port: number, key = NODE_KEY, host = "127.0.0.1"): RemoteNode {
  return new RemoteNode({ id: `${host}:${port}`, host, port, tls: false }, { key, tls: undefined });
}

/** What a run came to, and what it wrote. */
export async function run(to: Node, ran: Program, more: Partial<Invocation> = {}) {
  const lines: Line[] = [];
  const listener: Listener = { accepted() {}, lines: (some) => void lines.push(...some) };
  const { outcome } = await to.deliver(ran, { ...INVOCATION, ...more }, listener, NEVER);
  return { outcome: await outcome, lines };
}

/** A run that ends by itself after ten minutes, and has written its first line. */
export async function beginSleeper(to: Node) {
  const lines: Line[] = [];
  const stop = new AbortController();
  const first = Promise.withResolvers<void>();
  const listener: Listener = {
    accepted() {},
    lines: (some) => {
      lines.push(...some);
      first.resolve();
    },
  };
  const invocation = { ...INVOCATION, timeoutMs: 600_000 };
  const { outcome } = await to.deliver(sleeper(), invocation, listener, stop.signal);
  await first.promise;
  const cancel = async (): Promise<Outcome["status"]> => {
    stop.abort();
    return (await outcome).status;
  };
  return { outcome, lines, cancel };
}

export function sleeper(): Program {
  return program("python", "import time\ndef Run(engine):\n    print('begun')\n    time.sleep(600)\n");
}

/** Waits until a node says of itself what is waited for. */
export async function until(of: Node, holds: (description: NodeDescription) => boolean): Promise<void> {
  for await (const description of of.watch(NEVER)) if (holds(description)) return;
  throw new Error("the watch ended");
}

export async function nextWhere(
  watched: AsyncIterator<NodeDescription>,
  holds: (description: NodeDescription) => boolean,
): Promise<NodeDescription> {
  for (;;) {
    const { done, value } = await watched.next();
    if (done) throw new Error("the watch ended");
    if (holds(value)) return value;
  }
}

/** Hears a watch to its end. */
export async function hearOut(watched: AsyncIterator<NodeDescription>): Promise<void> {
  while (!(await watched.next()).done);
}

/** Asks until the node answers. */
export async function answered(by: Node): Promise<void> {
  await vi.waitUntil(() => by.describe(NEVER).catch(() => undefined), { timeout: 20_000, interval: 50 });
}
