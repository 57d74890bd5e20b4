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
  /** A JavaScript code that logs, has its effect once, logs again and answers with its attempt. */
  readonly source: string;
}

export async function startEffects(): Promise<Effects> {
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const name = decodeURIComponent(request.url!.slice(1));
    counts.set(name, (counts.get(name) ?? 0) + 1);
    request.resume();
    response.end("noted");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // By a name: what codes ask of 127.0.0.1 they ask of their jail.
  const names = await startNameServer("127.0.0.1");
  const host = `effects.example.org:${(server.address() as AddressInfo).port}`;
  return {
    host,
    settings: {
      CODEACTIONS_EGRESS_RANGES: "127.0.0.1/32",
      CODEACTIONS_EGRESS_NAME_SERVERS: names.address,
    },
    counts,
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
