import { rm } from "node:fs/promises";
import { RemoteNode } from "../../src/runner/remote-node.ts";
import { newDataFolder, type Started, start } from "./processes.ts";

export const NODE_KEY = "the-key-of-the-tests";

/** A node as a process of its own. */
export interface NodeProcess extends Started, AsyncDisposable {
  readonly port: number;
  /** Its name where it is on a list. */
  readonly address: string;
}

let nodes = 0;

/** Starts a node that is cheap: few workers, none in stock, Go's library from where all tests have it. */
export async function startNodeProcess(settings: Record<string, string> = {}): Promise<NodeProcess> {
  const folder = await newDataFolder();
  nodes += 1;
  const started = await start(["node"], {
    CODEACTIONS_DATA_DIR: folder,
    CODEACTIONS_NODE_KEY: NODE_KEY,
    CODEACTIONS_WORKERS_MAX: "4",
    CODEACTIONS_BLANK_WORKERS: "0",
    CODEACTIONS_BLANK_WORKERS_MAX: "0",
    // Nodes of one host would otherwise give their jails the same users.
    CODEACTIONS_UID_BASE: String(20_000_000 + (process.pid % 10_000) * 10_000 + nodes * 200),
    ...settings,
  });
  const { port, host } = new URL(started.url);
  return {
    ...started,
    port: Number(port),
    address: host,
    async [Symbol.asyncDispose]() {
      // One that stands still hears nothing else.
      await started.end("SIGKILL");
      await rm(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
    },
  };
}

/** The line to a node on this host. */
export function connectTo(port: number, key = NODE_KEY): RemoteNode {
  const address = { id: `127.0.0.1:${port}`, host: "127.0.0.1", port, tls: false };
  return new RemoteNode(address, { key, tls: undefined });
}
