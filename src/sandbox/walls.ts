import type { Groups } from "./cgroup.ts";
import { NO_GROUPS, openGroups } from "./groups.ts";
import { BUBBLEWRAP_WALLS, type JailSpec, type Site, WALL_NAMES, type WallName } from "./jail.ts";
import { Jails } from "./launch.ts";
import type { Log } from "./log.ts";
import { runInJail } from "./one-shot.ts";
import type { SandboxSettings } from "./settings.ts";

/** Whether a wall can be built on this host, why not, and the command that changes it. */
export interface WallReport {
  readonly wall: string;
  readonly held: boolean | "waived";
  readonly detail: string;
  readonly fix: string;
}

/** Tries every wall on this host. Takes a few hundredths of a second where all of them hold. */
export async function probeWalls(
  settings: Pick<SandboxSettings, "mode" | "waivedWalls" | "uidBase">,
): Promise<WallReport[]> {
  if (process.platform !== "linux") return [NOT_LINUX];
  const waivedWalls = settings.mode === "none" ? WALL_NAMES : settings.waivedWalls;
  const asRoot = process.getuid?.() === 0;
  const wanted = WALL_NAMES.filter((wall) => !waivedWalls.includes(wall));
  const groups = wanted.includes("cgroup") ? await probeGroups() : undefined;
  const others = wanted.filter((wall) => wall !== "cgroup");
  const attempt = (walls: readonly WallName[]) => {
    const without = WALL_NAMES.filter((wall) => !walls.includes(wall));
    return tryJail({ asRoot, waivedWalls: without }, settings.uidBase);
  };
  const whole = await attempt(others);
  const reports: WallReport[] = [];
  for (const wall of WALL_NAMES) {
    if (!wanted.includes(wall))
      reports.push({ wall, held: "waived", detail: "waived by the operator", fix: "" });
    else if (wall === "cgroup") reports.push(groups!);
    else if (whole === undefined) reports.push({ wall, held: true, detail: DETAILS[wall], fix: "" });
    else reports.push(explain(wall, await attempt(neededFor(wall, others))));
  }
  return reports;
}

/** Throws, with every wall that does not stand and how to build it; says which ones are waived. */
export async function requireWalls(
  settings: Pick<SandboxSettings, "mode" | "waivedWalls" | "uidBase">,
  log: Log,
): Promise<void> {
  const unknown = settings.waivedWalls.filter((name) => !WALL_NAMES.some((wall) => wall === name));
  if (unknown.length > 0) {
    throw new Error(`there is no wall named ${unknown.join(", ")}; the walls are ${WALL_NAMES.join(", ")}`);
  }
  const tied = BUBBLEWRAP_WALLS.filter((wall) => !settings.waivedWalls.includes(wall));
  if (settings.mode === "jail" && settings.waivedWalls.includes("namespaces") && tied.length > 0) {
    throw new Error(
      `without namespaces there is no bubblewrap to build these walls; waive them too: ${tied.join(", ")}`,
    );
  }
  const reports = await probeWalls(settings);
  const failed = reports.filter(({ held }) => held === false);
  if (failed.length > 0) {
    const lines = failed.map(({ wall, detail, fix }) => `- ${wall}: ${detail}\n  ${fix}`);
    throw new Error(`this host cannot build every wall around codes:\n${lines.join("\n")}`);
  }
  if (settings.mode === "none")
    log.warn({}, "codes run without any wall around them; this is for trusted code only");
  else if (settings.waivedWalls.length > 0)
    log.warn({ walls: settings.waivedWalls }, "walls around codes are waived");
}

const DETAILS: Readonly<Record<WallName, string>> = {
  cgroup: "memory, processes and processor time are limited and killed together",
  rlimits: "open files, file size and core dumps are limited",
  user: "each jail has an unprivileged user of its own, no capabilities and cannot gain any",
  namespaces: "user, process, mount, ipc, uts and cgroup namespaces",
  nesting: "no further user namespaces inside",
  network: "no network",
  root: "a read-only root with what the interpreter needs, and limited temporary files",
  processes: "only its own processes are seen; files about the host are masked",
  devices: "a minimal, read-only /dev",
  environment: "nothing of the service's environment",
  seccomp: "system calls that no code needs are refused",
};

const NOT_LINUX: WallReport = {
  wall: "namespaces",
  held: false,
  detail: `walls are made of Linux, and this is ${process.platform}`,
  fix: "run the service in a Debian container: docker run --privileged -p 8050:8050 -v \"$PWD\":/app -w /app node:24-bookworm sh -c 'apt-get update && apt-get install -y bubblewrap python3 && npm ci && npm start'",
};

const INSTALL = "apt-get install -y bubblewrap util-linux";
const CONTAINER = "in a container: docker run --privileged --cgroupns=private, or waive the wall";

async function probeGroups(): Promise<WallReport> {
  try {
    await using groups: Groups = await openGroups();
    const group = groups.create("probe", {
      memoryBytesMax: 64 * 1024 * 1024,
      pidsMax: 16,
      cpuMillisMax: 1000,
    });
    await group.remove();
    return {
      wall: "cgroup",
      held: true,
      detail: `version ${groups.version.slice(1)}: ${DETAILS.cgroup}`,
      fix: "",
    };
  } catch (error) {
    const detail = `control groups cannot be made: ${error instanceof Error ? error.message : error}`;
    const service = "run as root, or under systemd with Delegate=yes (systemd-run --property=Delegate=yes …)";
    return { wall: "cgroup", held: false, detail, fix: `${service}; ${CONTAINER}` };
  }
}

/** Undefined when the jail stands; otherwise what was said against it. */
async function tryJail(site: Site, uidBase: number): Promise<string | undefined> {
  await using jails = new Jails({ site, groups: NO_GROUPS, uidBase });
  try {
    const order = { input: new Uint8Array(), timeoutMs: 10_000, outputBytesMax: 64 * 1024 };
    const finished = await runInJail(jails, PROBE, order, AbortSignal.timeout(15_000));
    if (finished.exitCode === 0) return undefined;
    return finished.stderr.toString().trim() || `it ended with ${finished.exitCode ?? finished.ended}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const PROBE: JailSpec = {
  name: "probe",
  root: "/",
  binds: [],
  files: [],
  command: ["/bin/true"],
  environment: {},
  limits: {
    memoryBytesMax: 64 * 1024 * 1024,
    pidsMax: 16,
    cpuMillisMax: 1000,
    openFilesMax: 64,
    tmpBytesMax: 1024 * 1024,
  },
};

/** A wall of bubblewrap's is tried with what any bubblewrap needs. */
function neededFor(wall: WallName, wanted: readonly WallName[]): WallName[] {
  const base: WallName[] =
    BUBBLEWRAP_WALLS.includes(wall) || wall === "namespaces" ? ["user", "namespaces"] : [];
  // Nested namespaces are forbidden by a file in /proc.
  if (wall === "nesting") base.push("processes");
  return wanted.filter((name) => name === wall || base.includes(name));
}

function explain(wall: WallName, complaint: string | undefined): WallReport {
  if (complaint === undefined) return { wall, held: true, detail: DETAILS[wall], fix: "" };
  return { wall, held: false, detail: complaint, fix: fixFor(wall, complaint) };
}

function fixFor(wall: WallName, complaint: string): string {
  if (/not found|ENOENT|No such file/.test(complaint)) return INSTALL;
  if (/Unknown option/i.test(complaint)) return `bubblewrap 0.8 or newer is needed: ${INSTALL}`;
  if (wall === "processes")
    return `in a container: docker run --security-opt systempaths=unconfined; ${CONTAINER}`;
  if (wall === "user") return `run the service as root, or as the user that codes may run as; ${INSTALL}`;
  const debian = "sysctl -w kernel.unprivileged_userns_clone=1 (Debian)";
  const ubuntu = "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu)";
  return `${debian}, ${ubuntu}; ${CONTAINER}`;
}
