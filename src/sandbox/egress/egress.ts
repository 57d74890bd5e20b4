import { execFile, spawn } from "node:child_process";
import { closeSync, existsSync, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { retry } from "../retry.ts";
import { type Lookup, openLookup } from "./lookup.ts";
import { EgressProxy, PROXY_PORT } from "./proxy.ts";
import { type HostPattern, parseRanges, type Ranges } from "./rules.ts";
import type { EgressLimits, EgressReport } from "./run.ts";

/** What an operator decides about connections of codes to the outside. */
export interface EgressSettings extends EgressLimits {
  /** Networks that codes may reach although they are not public, as `10.1.0.0/16`. */
  readonly allowedRanges: readonly string[];
  /** Who is asked for addresses, as `10.0.0.53` or `10.0.0.53:5353`; the host's own name servers where it is empty. */
  readonly nameServers: readonly string[];
}

/** For an owner that has no opinion. */
export const DEFAULT_EGRESS: EgressSettings = {
  allowedRanges: [],
  nameServers: [],
  connectionsMax: 32,
  connectionsPerRunMax: 1000,
  bytesPerRunMax: 256 * 1024 * 1024,
  connectMs: 10_000,
  idleMs: 60_000,
};

const PROXY_URL = `http://127.0.0.1:${PROXY_PORT}`;
const DIRECT = "localhost,127.0.0.1,::1";

/** What a guest has to have in its environment, so that what it uses for HTTP finds its door. */
export const PROXY_ENVIRONMENT: Readonly<Record<string, string>> = {
  HTTP_PROXY: PROXY_URL,
  HTTPS_PROXY: PROXY_URL,
  NO_PROXY: DIRECT,
  http_proxy: PROXY_URL,
  https_proxy: PROXY_URL,
  no_proxy: DIRECT,
};

/** One worker's way out. */
export interface Door extends AsyncDisposable {
  /**
   * A run begins that may reach these hosts. Every tunnel and every plain request is reported once, when it is over;
   * `report` is called in the middle of things and must not throw.
   */
  begin(rules: readonly HostPattern[], report: (report: EgressReport) => void): void;
  /** The run ends: what is open is cut and reported before this returns. Until the next one nothing is let in. */
  end(): void;
}

const run = promisify(execFile);

/** Throws `RuleProblem` for a range that is none, and an error with a fix where the host cannot open doors. */
export async function openEgress(from: {
  settings: EgressSettings;
  pythonCommand: string;
  lookup?: Lookup;
}): Promise<Egress> {
  const { settings, pythonCommand, lookup = openLookup({ servers: settings.nameServers }) } = from;
  const allowedRanges = parseRanges(settings.allowedRanges);
  // The command may be a script that finds the real one: that costs more than everything else about a door.
  const question = "import ctypes, fcntl, socket, sys; socket.send_fds; print(sys.executable)";
  const { stdout } = await run(pythonCommand, ["-I", "-c", question]).catch((error: unknown) => {
    throw new Error(
      `egress needs Python 3.9 or newer, and ${pythonCommand} is not that; install it with \`apt-get install -y python3\``,
      { cause: error },
    );
  });
  return new Egress({ settings, allowedRanges, lookup, python: stdout.trim() });
}

interface Parts {
  readonly settings: EgressSettings;
  readonly allowedRanges: Ranges;
  readonly lookup: Lookup;
  readonly python: string;
}

/** Opens doors in jails. */
export class Egress {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Opens the door of a jail whose first process has this id: a proxy at 127.0.0.1:3128 of the jail's own network.
   * Nobody but this service has any part of it, and the jail does not have to know. To be closed with the jail, whose
   * network lives until then.
   */
  async openDoor(jailPid: number): Promise<Door> {
    const { settings, python, allowedRanges, lookup } = this.#parts;
    const namespace = await openNetwork(jailPid);
    try {
      const listener = await listenInside(python, namespace);
      return new EgressProxy(listener, { lookup, allowedRanges, connectMs: settings.connectMs }, settings);
    } finally {
      closeSync(namespace);
    }
  }
}

const JAIL_MS = 5000;
const LISTEN_MS = 10_000;

/** A descriptor of a jail's network namespace, as soon as it has one. */
async function openNetwork(jailPid: number): Promise<number> {
  const ours = statSync("/proc/self/ns/net").ino;
  let descriptor: number | undefined;
  const attempt = (): boolean => {
    if (!existsSync(`/proc/${jailPid}`)) return true;
    const pid = childOf(jailPid);
    if (pid === undefined) return false;
    try {
      const opened = openSync(`/proc/${pid}/ns/net`, "r");
      // A number can be given to somebody else at any time, but not to another child of this parent.
      if (fstatSync(opened).ino !== ours && childOf(jailPid) === pid) descriptor = opened;
      else closeSync(opened);
    } catch {
      // It ended meanwhile.
    }
    return descriptor !== undefined;
  };
  await retry(attempt, JAIL_MS);
  if (descriptor === undefined)
    throw new Error(`jail ${jailPid} has no network namespace of its own, or has ended`);
  return descriptor;
}

/** Bubblewrap takes the place of what started it; its only child is the first process inside. */
function childOf(pid: number): number | undefined {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ");
    return child ? Number(child) : undefined;
  } catch {
    return undefined;
  }
}

const STDERR_CHARACTERS_MAX = 2000;

/** A listening socket at the proxy's place in a network. Resolves when who listened first has ended. */
async function listenInside(python: string, namespace: number): Promise<object> {
  const file = join(import.meta.dirname, "listen.py");
  const child = spawn(python, ["-I", "-S", "-B", file], {
    cwd: "/",
    env: {},
    stdio: ["ignore", "ignore", "pipe", "ipc", namespace],
    timeout: LISTEN_MS,
    killSignal: "SIGKILL",
  });
  let listener: { close(): void } | undefined;
  let stderr = "";
  child.once("message", (_message, handle) => {
    listener = handle as unknown as { close(): void };
  });
  child.stderr!.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-STDERR_CHARACTERS_MAX);
  });
  const ending = await new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(String(signal ?? code)));
  });
  if (listener !== undefined) return listener;
  throw new Error(`nobody could listen in the jail (${ending}): ${stderr.trim().split("\n").at(-1)}`);
}
