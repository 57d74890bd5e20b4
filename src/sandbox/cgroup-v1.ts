import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { Group, GroupLimits, Groups } from "./cgroup.ts";
import { isLeftover } from "./instance.ts";
import { KeptFile, readPids, unlessGone } from "./kernel-file.ts";
import { retry } from "./retry.ts";

/** Version 1: one tree of folders for each controller, and a group is a folder in each of them. */
const CONTROLLERS = ["memory", "pids", "cpu", "cpuacct", "freezer"] as const;
type Controller = (typeof CONTROLLERS)[number];
type Folders = Readonly<Record<Controller, string>>;

const KILL_MS = 10_000;

/** Throws where a controller is not mounted or its folder cannot be written. */
export async function openGroupsV1(instance: string): Promise<Groups> {
  const parents = findParents();
  for (const parent of Object.values(parents)) {
    mkdirSync(parent, { recursive: true });
  }
  for (const name of readdirSync(parents.memory).filter(isLeftover)) await removeInstance(parents, name);
  const folders = inEach(parents, instance);
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
  return new GroupsV1(folders);
}

class GroupsV1 implements Groups {
  readonly version = "v1";
  readonly #folders: Folders;
  readonly #thawer: ChildProcess;

  constructor(folders: Folders) {
    this.#folders = folders;
    this.#thawer = startThawer(folders.freezer);
  }

  create(name: string, limits: GroupLimits): Group {
    return new GroupV1(inEach(this.#folders, name), limits);
  }

  memoryBytes(): number {
    return Number(readFileSync(join(this.#folders.memory, "memory.usage_in_bytes"), "latin1"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#thawer.stdin?.end();
    await removeAll(this.#folders);
  }
}

/**
 * A frozen process of version 1 does not die before it is thawed, not even when its parent does. This one waits for the
 * end of the service, however it comes, and thaws what it has left.
 */
function startThawer(freezer: string): ChildProcess {
  const script =
    'while read -r _; do :; done; for state in "$1"/*/freezer.state; do echo THAWED >"$state"; done';
  const thawer = spawn("/bin/sh", ["-c", script, "thaw", freezer], {
    cwd: "/",
    env: {},
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  // Without it everything works but that.
  thawer.on("error", () => {});
  thawer.stdin?.on("error", () => {});
  thawer.unref();
  (thawer.stdin as Socket | null)?.unref();
  return thawer;
}

class GroupV1 implements Group {
  readonly joins: readonly string[];
  readonly #folders: Folders;
  readonly #cpu: KeptFile;
  readonly #peak: KeptFile;
  readonly #kills: KeptFile;
  readonly #tasks: KeptFile;
  #limits: GroupLimits = { memoryBytesMax: Number.POSITIVE_INFINITY, pidsMax: 0, cpuMillisMax: 0 };

  constructor(folders: Folders, limits: GroupLimits) {
    this.#folders = folders;
    // Controllers may share a tree, as cpu and cpuacct often do.
    const distinct = [...new Set(Object.values(folders))];
    for (const folder of distinct) mkdirSync(folder, { recursive: true });
    this.joins = distinct.map((folder) => join(folder, "cgroup.procs"));
    writeFileSync(join(folders.cpu, "cpu.shares"), "128");
    writeFileSync(join(folders.cpu, "cpu.cfs_period_us"), "100000");
    this.limit(limits);
    this.#cpu = new KeptFile(join(folders.cpuacct, "cpuacct.usage"));
    this.#peak = new KeptFile(join(folders.memory, "memory.max_usage_in_bytes"));
    this.#kills = new KeptFile(join(folders.memory, "memory.oom_control"));
    this.#tasks = new KeptFile(join(folders.pids, "pids.current"));
  }

  limit(limits: GroupLimits): void {
    const { memoryBytesMax, pidsMax, cpuMillisMax } = limits;
    if (pidsMax !== this.#limits.pidsMax)
      writeFileSync(join(this.#folders.pids, "pids.max"), String(pidsMax));
    if (cpuMillisMax !== this.#limits.cpuMillisMax)
      writeFileSync(join(this.#folders.cpu, "cpu.cfs_quota_us"), String(cpuMillisMax * 100));
    if (memoryBytesMax !== this.#limits.memoryBytesMax) this.#limitMemory(memoryBytesMax);
    this.#limits = limits;
  }

  cpuUs(): number {
    return this.#cpu.number() / 1000;
  }

  memoryBytes(): number {
    return Number(readFileSync(join(this.#folders.memory, "memory.usage_in_bytes"), "latin1"));
  }

  peakMemoryBytes(): number {
    return this.#peak.number();
  }

  outOfMemoryKills(): number {
    return this.#kills.field("oom_kill");
  }

  tasks(): number {
    return this.#tasks.number();
  }

  processes(): number[] {
    return readPids(join(this.#folders.pids, "cgroup.procs"));
  }

  freeze(): void {
    writeFileSync(join(this.#folders.freezer, "freezer.state"), "FROZEN");
  }

  thaw(): void {
    writeFileSync(join(this.#folders.freezer, "freezer.state"), "THAWED");
  }

  kill(): Promise<void> {
    return killAll(this.#folders);
  }

  async remove(): Promise<void> {
    for (const file of [this.#cpu, this.#peak, this.#kills, this.#tasks]) file.close();
    await removeGroup(this.#folders);
  }

  /** The limit with swap can never be the lower one, not even between two writes. */
  #limitMemory(bytesMax: number): void {
    const files = ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"];
    if (bytesMax > this.#limits.memoryBytesMax) files.reverse();
    for (const file of files.map((name) => join(this.#folders.memory, name))) {
      if (existsSync(file)) writeFileSync(file, String(bytesMax));
    }
  }
}

/** A group that is killed one by one can fork faster than it is killed: it is frozen first. */
async function killAll(folders: Folders): Promise<void> {
  const state = join(folders.freezer, "freezer.state");
  const processes = join(folders.freezer, "cgroup.procs");
  const killOnce = () => {
    if (readPids(processes).length === 0) return true;
    writeFileSync(state, "FROZEN");
    for (const pid of readPids(processes)) sendKill(pid);
    writeFileSync(state, "THAWED");
    return false;
  };
  const emptied = await retry(() => unlessGone(killOnce) ?? true, KILL_MS);
  if (!emptied) throw new Error(`processes in ${folders.freezer} do not end`);
}

function sendKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

async function removeGroup(folders: Folders): Promise<void> {
  for (const folder of new Set(Object.values(folders))) {
    // The kernel says busy for a moment after the last process has ended.
    await retry(() => !existsSync(folder) || removeFolder(folder), KILL_MS);
  }
}

function removeFolder(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

async function removeInstance(parents: Folders, name: string): Promise<void> {
  await removeAll(inEach(parents, name));
}

async function removeAll(instance: Folders): Promise<void> {
  const names = new Set(Object.values(instance).flatMap(subfolders));
  for (const name of names) {
    const group = inEach(instance, name);
    await killAll(group);
    await removeGroup(group);
  }
  await removeGroup(instance);
}

function subfolders(folder: string): string[] {
  const entries = unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? [];
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

function inEach(folders: Folders, name: string): Folders {
  return mapControllers((controller) => join(folders[controller], name));
}

function mapControllers(folderOf: (controller: Controller) => string): Folders {
  return Object.fromEntries(
    CONTROLLERS.map((controller) => [controller, folderOf(controller)]),
  ) as unknown as Folders;
}

/** Below the service's own group, so that limits around the service hold for its jails too. */
function findParents(): Folders {
  const mounts = readFileSync("/proc/self/mountinfo", "latin1").split("\n").map(parseMount);
  const own = readFileSync("/proc/self/cgroup", "latin1")
    .split("\n")
    .map((line) => line.split(":"));
  return mapControllers((controller) => {
    const mount = mounts.find((found) => found?.controllers.includes(controller));
    if (!mount) throw new Error(`neither cgroup v2 nor the v1 controller ${controller} is mounted`);
    const path = own.find(([, controllers]) => controllers?.split(",").includes(controller))?.[2] ?? "/";
    const inside = path.startsWith(mount.root) ? path.slice(mount.root.length) : path;
    const folder = join(mount.folder, inside);
    return join(existsSync(folder) ? folder : mount.folder, "codeactions");
  });
}

function parseMount(line: string): { root: string; folder: string; controllers: string[] } | undefined {
  const [before = "", after = ""] = line.split(" - ");
  const [, , , root = "/", folder = "/"] = before.split(" ");
  const [type, , options = ""] = after.split(" ");
  if (type !== "cgroup") return undefined;
  return { root: root === "/" ? "" : root, folder, controllers: options.split(",") };
}
