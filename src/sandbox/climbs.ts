import { randomUUID } from "node:crypto";
import { chmod, copyFile, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { Groups } from "./cgroup.ts";
import { NO_GROUPS, openGroups } from "./groups.ts";
import { prepareNode } from "./guests/javascript/root.ts";
import { type JailSpec, type Site, WALL_NAMES, type WallName } from "./jail.ts";
import { Jails } from "./launch.ts";
import { runInJail } from "./one-shot.ts";
import { makeRootsFolder } from "./roots.ts";

/** What came of trying to get over a wall from inside a jail. */
export interface Climb {
  readonly wall: WallName;
  /** What was tried, by the name of what was to be got; nothing where a jail could not be started. */
  readonly tried: readonly string[];
  /** What was got. */
  readonly climbed: readonly string[];
}

const MIB = 1024 * 1024;
const LIMITS = {
  memoryBytesMax: 160 * MIB,
  pidsMax: 48,
  cpuMillisMax: 1000,
  openFilesMax: 96,
  tmpBytesMax: 4 * MIB,
};
const CLIMB_MS = 20_000;

/** One jail with a climber in it, and what it tries there. */
interface Expedition {
  readonly walls: readonly (WallName | "memory")[];
  /** Walls that hide the one that is tried: they are left out, so that it has to hold by itself. */
  readonly without: readonly WallName[];
}

const EXPEDITIONS: readonly Expedition[] = [
  { walls: WALL_NAMES.filter((wall) => wall !== "nesting"), without: [] },
  // Its end is what is expected of it.
  { walls: ["memory"], without: [] },
  // The filter of system calls would forbid what the wall is to forbid.
  { walls: ["nesting"], without: ["seccomp"] },
];

/**
 * Tries to get over every wall of this host's jails, also over those that the site does without: that shows what they
 * would keep from codes. Takes about a second, the memory of three small jails, and a port on the loopback interface.
 * Leaves nothing behind.
 */
export async function climbWalls(from: {
  readonly site: Site;
  readonly uidBase: number;
  /** The service's data folder; it need not exist. */
  readonly dataFolder: string;
}): Promise<Climb[]> {
  const { site, uidBase, dataFolder } = from;
  await using opened = new AsyncDisposableStack();
  const groups: Groups = opened.use(site.waivedWalls.includes("cgroup") ? NO_GROUPS : await openGroups());
  const folder = await makeRootsFolder(dataFolder);
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const prey = opened.use(await Prey.lay(dataFolder, join(folder, "node")));
  const spec = await prepare(folder);
  const found: Found[] = [];
  for (const { walls, without } of EXPEDITIONS) {
    const waivedWalls = [...site.waivedWalls, ...without];
    await using jails = new Jails({ site: { ...site, waivedWalls }, groups, uidBase });
    found.push(await climb(jails, spec, prey, walls));
  }
  return WALL_NAMES.map((wall) => {
    const parts = found.map((each) => each[wall] ?? NOTHING);
    if (wall === "cgroup") parts.push(...found.map(({ memory = NOTHING }) => memory));
    return {
      wall,
      tried: parts.flatMap(({ tried }) => tried),
      climbed: parts.flatMap(({ climbed }) => climbed),
    };
  });
}

type Tried = Pick<Climb, "tried" | "climbed">;
type Found = Partial<Record<WallName | "memory", Tried>>;
const NOTHING: Tried = { tried: [], climbed: [] };

async function climb(jails: Jails, spec: JailSpec, prey: Prey, walls: Expedition["walls"]): Promise<Found> {
  const token = randomUUID();
  const straggler = walls.includes("cgroup") ? token : "";
  // In the jail's own /tmp, unless it has none: then it is the host's.
  const folder = `/tmp/climb-${token}`;
  const variables = Object.keys(spec.environment);
  const asked = { walls, limits: LIMITS, host: prey.marks, variables, straggler, folder };
  const order = { input: Buffer.from(JSON.stringify(asked)), timeoutMs: CLIMB_MS, outputBytesMax: 64 * 1024 };
  const signal = AbortSignal.timeout(2 * CLIMB_MS);
  const { ended, stdout, stderr } = await runInJail(jails, spec, order, signal).finally(() =>
    rm(folder, { recursive: true, force: true }),
  );
  const [begun, told = ""] = stdout.toString().split("\n");
  if (begun !== "begun") throw new Error(`nobody could climb: ${stderr.toString().trim() || "no answer"}`);
  // Whoever takes more memory than there is does not live to tell.
  if (told === "" && walls.includes("memory") && ended !== "timeout") {
    return { memory: { tried: ["more memory"], climbed: [] } };
  }
  if (told === "") throw new Error(`a climber fell: ${ended}, ${stderr.toString().trim()}`);
  const found = JSON.parse(told) as Found;
  if (straggler !== "" && found.cgroup) {
    const survivors = await endStragglers(token);
    const climbed = survivors > 0 ? [OUTLIVING] : [];
    found.cgroup = {
      tried: [...found.cgroup.tried, OUTLIVING],
      climbed: [...found.cgroup.climbed, ...climbed],
    };
  }
  return found;
}

const OUTLIVING = "outliving its jail";

/** Ends what goes on although its jail has ended; how many there were. */
async function endStragglers(token: string): Promise<number> {
  let survivors = 0;
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const words = await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "");
    if (!words.split("\0").includes(token)) continue;
    survivors += 1;
    process.kill(Number(pid), "SIGKILL");
  }
  return survivors;
}

async function prepare(folder: string): Promise<JailSpec> {
  const tree = join(folder, "node");
  const { root, command, environment } = await prepareNode(tree);
  for (const name of ["climb.mjs", "climb-calls.mjs"])
    await copyFile(join(import.meta.dirname, name), join(tree, "guest", name));
  await writeFile(join(tree, "of-root"), "only root may read this", { mode: 0o600 });
  return {
    name: "climb",
    root,
    binds: [],
    files: [],
    command: [command[0]!, "--no-warnings", "/guest/climb.mjs"],
    environment,
    limits: LIMITS,
  };
}

/** What there is to be got on the host: everything that a climber without walls would find. */
class Prey {
  readonly marks: Readonly<Record<string, unknown>>;
  readonly #servers: readonly AsyncDisposable[];
  readonly #folder: string;

  constructor(marks: Readonly<Record<string, unknown>>, servers: readonly AsyncDisposable[], folder: string) {
    this.marks = marks;
    this.#servers = servers;
    this.#folder = folder;
  }

  static async lay(dataFolder: string, tree: string): Promise<Prey> {
    const open = await mkdtemp(join(tmpdir(), "codeactions-climb-"));
    await chmod(open, 0o777);
    await writeFile(join(open, "file"), "everybody may read this", { mode: 0o644 });
    const abstractSocket = `codeactions-climb-${randomUUID()}`;
    const [tcp, local] = [createServer(), createServer()];
    const listening = [
      new Promise<void>((resolve) => tcp.listen(0, "127.0.0.1", resolve)),
      new Promise<void>((resolve) => local.listen(`\0${abstractSocket}`, resolve)),
    ];
    await Promise.all(listening);
    const address = tcp.address();
    const marks = {
      ...{ pid: process.pid, name: hostname(), namespaces: await ownNamespaces() },
      ...{ port: typeof address === "object" ? address?.port : 0, abstractSocket },
      ...{ folder: open, file: join(open, "file") },
      dataFolder: { path: dataFolder, identity: await identify(dataFolder) },
      // A service that is not root has no other user to give to its jails.
      filesOfRoot: process.getuid?.() === 0 ? ["/of-root", join(tree, "of-root")] : [],
    };
    return new Prey(marks, [tcp, local], open);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server[Symbol.asyncDispose]()));
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function identify(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? "" : `${found.dev}:${found.ino}`;
}

const NAMESPACES = ["user", "pid", "ipc", "uts", "cgroup", "mnt"];

async function ownNamespaces(): Promise<Record<string, string>> {
  const links = NAMESPACES.map(async (name) => [name, await readlink(`/proc/self/ns/${name}`)] as const);
  return Object.fromEntries(await Promise.all(links));
}
