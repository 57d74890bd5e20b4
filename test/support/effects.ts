import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { startNameServer } from "./name-server.ts";

/** The world outside: counts what runs do to it, by run and attempt. */
export interface Effects extends AsyncDisposable {
  /** Host and port, as a code's `egress_hosts` wants them. */
  readonly host: string;
  /** What a node needs to let codes get there. */
  readonly settings: Record<string, string>;
  /** How often something came, by `<run id> <attempt>`. */
  readonly counts: ReadonlyMap<string, number>;
  /** How many came from each address. */
  readonly from: ReadonlyMap<string, number>;
  /** A JavaScript code that logs, has its effect once, logs again and answers with its attempt. */
  readonly source: string;
}

/** Starts it at an address of this host that every node can reach. */
export async function startEffects(address = "127.0.0.1"): Promise<Effects> {
  const counts = new Map<string, number>();
  const from = new Map<string, number>();
  const server = createServer((request, response) => {
    addOne(counts, decodeURIComponent(request.url!.slice(1)));
    addOne(from, request.socket.remoteAddress!);
    request.resume();
    response.end("noted");
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  // By a name: what codes ask of 127.0.0.1 they ask of their jail.
  const names = await startNameServer(address);
  const host = `effects.example.org:${(server.address() as AddressInfo).port}`;
  return {
    host,
    settings: {
      CODEACTIONS_EGRESS_RANGES: `${address}/32`,
      CODEACTIONS_EGRESS_NAME_SERVERS: names.address,
    },
    counts,
    from,
    source: `export async function Run(engine) {
  const { runId, attempt } = engine.context;
  console.log("attempt " + attempt + " begins");
  await fetch("http://${host}/" + encodeURIComponent(runId + " " + attempt), { method: "POST" });
  await new Promise((resolve) => setTimeout(resolve, Number(engine.params.get("ms") ?? 0)));
  console.log("attempt " + attempt + " is done");
  return String(attempt);
}
`,
    async [Symbol.asyncDispose]() {
      names[Symbol.dispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function addOne(to: Map<string, number>, name: string): void {
  to.set(name, (to.get(name) ?? 0) + 1);
}
