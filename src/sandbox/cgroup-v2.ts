import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Group, GroupLimits, Groups } from "./cgroup.ts";
import { isLeftover } from "./instance.ts";
import { KeptFile, readPids, unlessGone } from "./kernel-file.ts";
import { retry } from "./retry.ts";

const CONTROLLERS = ["memory", "pids", "cpu"];
const SERVICE = "codeactions-service";
const KILL_MS = 10_000;

/**
 * Version 2: one tree for all controllers. Undefined where the host's tree does not have them; throws where it has
 * them but this service may not use them.
 */
export async function openGroupsV2(instance: string): Promise<Groups | undefined> {
  const own = findOwn();
  if (own === undefined) return undefined;
  const parent = join(own, "codeactions");
  mkdirSync(parent, { recursive: true });
  passControllersOn(own);
  passControllersOn(parent);
  for (const name of readdirSync(parent).filter(isLeftover)) await removeAll(join(parent, name));
  const folder = join(parent, instance);
  mkdirSync(folder);
  passControllersOn(folder);
  return new GroupsV2(folder);
}

class GroupsV2 implements Groups {
  readonly version = "v2";
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  create(name: string, limits: GroupLimits): Group {
    return new GroupV2(join(this.#folder, name), limits);
  }

  memoryBytes(): number {
    return Number(readFileSync(join(this.#folder, "memory.current"), "latin1"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeAll(this.#folder);
  }
}

class GroupV2 implements Group {
  readonly joins: readonly string[];
  readonly #folder: string;
  readonly #cpu: KeptFile;
  readonly #peak: KeptFile | undefined;
  readonly #kills: KeptFile;
  readonly #tasks: KeptFile;

  constructor(folder: string, limits: GroupLimits) {
    this.#folder = folder;
    mkdirSync(folder);
    this.joins = [join(folder, "cgroup.procs")];
    this.#write("cpu.weight", "20");
    this.#write("memory.oom.group", "1");
    // There is no such file on a host without swap.
    if (existsSync(join(folder, "memory.swap.max"))) this.#write("memory.swap.max", "0");
    this.limit(limits);
    this.#cpu = new KeptFile(join(folder, "cpu.stat"));
    // Kernels before 5.19 do not tell the peak.
    const peak = join(folder, "memory.peak");
    this.#peak = existsSync(peak) ? new KeptFile(peak) : undefined;
    this.#kills = new KeptFile(join(folder, "memory.events"));
    this.#tasks = new KeptFile(join(folder, "pids.current"));
  }

  limit({ memoryBytesMax, pidsMax, cpuMillisMax }: GroupLimits): void {
    this.#write("memory.max", String(memoryBytesMax));
    this.#write("pids.max", String(pidsMax));
    this.#write("cpu.max", `${cpuMillisMax * 100} 100000`);
  }

  memoryBytes(): number {
    return Number(readFileSync(join(this.#folder, "memory.current"), "latin1"));
  }

  cpuUs(): number {
    return this.#cpu.field("usage_usec");
  }

  peakMemoryBytes(): number {
    return this.#peak?.number() ?? 0;
  }

  outOfMemoryKills(): number {
    return this.#kills.field("oom_kill");
  }

  tasks(): number {
    return this.#tasks.number();
  }

  processes(): number[] {
    return readPids(this.joins[0]!);
  }

  freeze(): void {
    this.#write("cgroup.freeze", "1");
  }

  thaw(): void {
    this.#write("cgroup.freeze", "0");
  }

  kill(): Promise<void> {
    return killAll(this.#folder);
  }

  async remove(): Promise<void> {
    for (const file of [this.#cpu, this.#peak, this.#kills, this.#tasks]) file?.close();
    await removeFolder(this.#folder);
  }

  #write(name: string, value: string): void {
    writeFileSync(join(this.#folder, name), value);
  }
}

/** Kernels before 5.14 cannot kill a group: there it is frozen, killed one by one, and thawed. */
async function killAll(folder: string): Promise<void> {
  const killOnce = () => {
    if (readPids(join(folder, "cgroup.procs")).length === 0) return true;
    if (existsSync(join(folder, "cgroup.kill"))) {
      writeFileSync(join(folder, "cgroup.kill"), "1");
    } else {
      writeFileSync(join(folder, "cgroup.freeze"), "1");
      for (const pid of readPids(join(folder, "cgroup.procs"))) sendKill(pid);
      writeFileSync(join(folder, "cgroup.freeze"), "0");
    }
    return false;
  };
  const emptied = await retry(() => unlessGone(killOnce) ?? true, KILL_MS);
  if (!emptied) throw new Error(`processes in ${folder} do not end`);
}

function sendKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

async function removeFolder(folder: string): Promise<void> {
  await retry(() => {
    try {
      rmdirSync(folder);
    } catch {
      // The kernel says busy for a moment after the last process has ended.
    }
    return !existsSync(folder);
  }, KILL_MS);
}

async function removeAll(instance: string): Promise<void> {
  const entries = unlessGone(() => readdirSync(instance, { withFileTypes: true })) ?? [];
  for (const entry of entries.filter((found) => found.isDirectory())) {
    await killAll(join(instance, entry.name));
    await removeFolder(join(instance, entry.name));
  }
  await removeFolder(instance);
}

/** The service's own group; undefined where the tree lacks a controller, as it does beside version 1. */
function findOwn(): string | undefined {
  const mounts = readFileSync("/proc/self/mountinfo", "latin1").split("\n");
  const mount = mounts.find((line) => line.includes(" - cgroup2 "))?.split(" ");
  const path = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "latin1"))?.[1];
  if (mount === undefined || path === undefined) return undefined;
  const [, , , root = "/", folder = "/"] = mount;
  const own = join(folder, path.startsWith(root) ? path.slice(root.length) : path);
  if (!CONTROLLERS.every((name) => words(join(own, "cgroup.controllers")).includes(name))) return undefined;
  return basename(own) === SERVICE ? dirname(own) : own;
}

/**
 * A group passes controllers on to its children only while no process is in itself (but for the topmost, which has
 * no type): those that are move into a child of their own.
 */
function passControllersOn(folder: string): void {
  const control = join(folder, "cgroup.subtree_control");
  if (CONTROLLERS.every((name) => words(control).includes(name))) return;
  if (existsSync(join(folder, "cgroup.type"))) {
    const leaf = join(folder, SERVICE);
    for (const pid of readPids(join(folder, "cgroup.procs"))) {
      mkdirSync(leaf, { recursive: true });
      writeFileSync(join(leaf, "cgroup.procs"), String(pid));
    }
  }
  writeFileSync(control, CONTROLLERS.map((name) => `+${name}`).join(" "));
}

function words(file: string): string[] {
  return existsSync(file) ? readFileSync(file, "latin1").trim().split(" ") : [];
}
