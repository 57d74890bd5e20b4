import type { Groups } from "./cgroup.ts";
import { type Climb, climbWalls } from "./climbs.ts";
import { FIXES, type Fix, INSTALL } from "./fixes.ts";
import { NO_GROUPS, openGroups } from "./groups.ts";
import { BUBBLEWRAP_WALLS, type JailSpec, type Site, WALL_NAMES, type WallName } from "./jail.ts";
import { Jails } from "./launch.ts";
import type { Log } from "./log.ts";
import { runInJail } from "./one-shot.ts";
import type { SandboxSettings } from "./settings.ts";

/** Whether a wall can be built on this host, why not, and what changes it. */
export interface WallReport {
  readonly wall: WallName;
  readonly held: boolean | "waived";
  readonly detail: string;
  readonly fix: Fix;
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
      reports.push({ wall, held: "waived", detail: "waived by the operator", fix: {} });
    else if (wall === "cgroup") reports.push(groups!);
    else if (whole === undefined) reports.push({ wall, held: true, detail: DETAILS[wall], fix: {} });
    else reports.push(explain(wall, await attempt(neededFor(wall, others))));
  }
  return reports;
}

/** Throws for waivers that make no sense: a wall that there is not, or one whose ground is waived. */
export function checkWaivers(settings: Pick<SandboxSettings, "mode" | "waivedWalls">): void {
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
}

/** Throws, with every wall that does not stand and how to build it; says which ones are waived. */
export async function requireWalls(
  settings: Pick<SandboxSettings, "mode" | "waivedWalls" | "uidBase">,
  log: Log,
): Promise<void> {
  checkWaivers(settings);
  const reports = await probeWalls(settings);
  const failed = reports.filter(({ held }) => held === false);
  if (failed.length > 0) {
    const lines = failed.flatMap(({ wall, detail, fix }) => [`- ${wall}: ${detail}`, ...describeFix(fix)]);
    throw new Error(`this host cannot build every wall around codes:\n${lines.join("\n  ")}`);
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
  fix: {
    Docker:
      "docker run --privileged -p 8050:8050 -v \"$PWD\":/app -w /app node:24-bookworm sh -c 'apt-get update && apt-get install -y bubblewrap python3 && npm ci && npm start'",
  },
};

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
      fix: {},
    };
  } catch (error) {
    const detail = `control groups cannot be made: ${error instanceof Error ? error.message : error}`;
    return { wall: "cgroup", held: false, detail, fix: FIXES.cgroup };
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
  if (complaint === undefined) return { wall, held: true, detail: DETAILS[wall], fix: {} };
  const isMissing = /not found|ENOENT|No such file|Unknown option/i.test(complaint);
  return { wall, held: false, detail: complaint, fix: isMissing ? INSTALL : FIXES[wall] };
}

function describeFix(fix: Fix): string[] {
  return Object.entries(fix).map(([platform, what]) => `${platform}: ${what}`);
}

/** What came of a wall on this host: whether it can be built, and whether it could be climbed. */
export interface Verdict {
  readonly wall: WallName;
  readonly state: "held" | "not held" | "waived";
  readonly why: string;
  readonly fix: Fix;
}

/**
 * Builds every wall, and tries to get over each from inside a jail. Walls that cannot be built and waived ones are tried
 * without: that shows what they would keep from codes. Throws for waivers that make no sense. Takes about a second.
 */
export async function tryWalls(
  settings: Pick<SandboxSettings, "mode" | "waivedWalls" | "uidBase" | "folder">,
): Promise<Verdict[]> {
  checkWaivers(settings);
  const reports = await probeWalls(settings);
  if (process.platform !== "linux")
    return reports.map(({ wall, detail, fix }) => ({ wall, state: "not held", why: detail, fix }));
  const missing = reports.filter(({ held }) => held !== true).map(({ wall }) => wall);
  const tied = missing.includes("namespaces") ? BUBBLEWRAP_WALLS : [];
  const climbs = await climbWalls({
    site: { waivedWalls: [...new Set([...missing, ...tied])], asRoot: process.getuid?.() === 0 },
    uidBase: settings.uidBase,
    dataFolder: settings.folder,
  });
  return reports.map((report, index) => judge(report, climbs[index]!));
}

function judge({ wall, held, detail, fix }: WallReport, { tried, climbed }: Climb): Verdict {
  const got = climbed.length > 0 ? `a code gets: ${climbed.join(", ")}` : "nothing was got, even so";
  if (held === "waived") return { wall, state: "waived", why: got, fix: {} };
  if (!held) return { wall, state: "not held", why: `it cannot be built: ${detail}; ${got}`, fix };
  if (climbed.length > 0) return { wall, state: "not held", why: got, fix: FIXES[wall] };
  const why =
    tried.length > 0 ? `tried in vain: ${tried.join(", ")}` : "built, but there was no way to try it";
  return { wall, state: "held", why, fix: {} };
}
