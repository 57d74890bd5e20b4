import { Resolver } from "node:dns/promises";
import { readFile } from "node:fs/promises";

/** Finds all addresses of a host, which is no address itself. */
export type Lookup = (host: string, signal: AbortSignal) => Promise<readonly string[]>;

const HOSTS_FILE = "/etc/hosts";
const ATTEMPT_MS = 2000;
const TRIES = 3;

/**
 * Looks a name up in the host's hosts file and, where it is not there, with the host's name servers; it is taken as it
 * is and never completed with the host's own domain. The system's getaddrinfo would have one of the service's four
 * threads wait for every answer, and codes choose the names: slow ones would stop everything that needs a thread.
 */
export function openLookup(of: { hostsFile?: string; servers?: readonly string[] } = {}): Lookup {
  const { hostsFile = HOSTS_FILE, servers = [] } = of;
  return async (host, signal) => {
    const known = readHosts(await readFile(hostsFile, "utf8").catch(() => ""), host);
    if (known.length > 0) return known;
    const resolver = new Resolver({ timeout: ATTEMPT_MS, tries: TRIES });
    if (servers.length > 0) resolver.setServers(servers);
    const cancel = () => resolver.cancel();
    signal.addEventListener("abort", cancel);
    try {
      const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
      const addresses = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
      const [first] = answers;
      // One of the two kinds is enough.
      if (addresses.length === 0 && first.status === "rejected") throw new Error(explain(first.reason));
      return addresses;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  };
}

function readHosts(text: string, host: string): string[] {
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim().split(/\s+/));
  return lines.flatMap(([address = "", ...names]) =>
    names.some((name) => name.toLowerCase() === host) ? [address] : [],
  );
}

function explain(error: { code?: string; message?: string }): string {
  if (error.code === "ENOTFOUND" || error.code === "ENODATA") return "its name has no address";
  return `its name could not be looked up (${error.code ?? error.message})`;
}
