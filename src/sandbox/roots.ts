import { readFileSync } from "node:fs";
import { access, chmod, constants, mkdir, readdir, rm, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { prepareNode } from "./guests/javascript/root.ts";
import { preparePython } from "./guests/python/root.ts";
import { instanceName, isLeftover } from "./instance.ts";
import { type Libraries, measureLibraries, NO_LIBRARIES } from "./libraries.ts";
import { type Log, SILENT } from "./log.ts";
import type { MissingRuntime, Runtime } from "./runtime.ts";
import { copyFolder, createTree } from "./tree.ts";

const PREFIX = "codeactions-";
const NEEDED_BYTES = 400 * 1024 * 1024;
const MEMORY_FOLDER = "/dev/shm";
const PUBLIC_FOLDER = "/var/lib/codeactions/roots";

/** The read-only trees that jails see as their root; they live as long as the service. */
export class Roots {
  readonly python: Runtime | MissingRuntime;
  readonly node: Runtime;
  /** Without any program: for Go, whose binaries need none. */
  readonly bare: string;
  readonly #folder: string;

  constructor(from: { folder: string; python: Runtime | MissingRuntime; node: Runtime; bare: string }) {
    this.#folder = from.folder;
    this.python = from.python;
    this.node = from.node;
    this.bare = from.bare;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Prepares all trees, after those of services that have ended are removed. */
export async function openRoots(
  dataFolder: string,
  pythonCommand: string,
  libraries: Libraries = NO_LIBRARIES,
  log: Log = SILENT,
): Promise<Roots> {
  const folder = await makeRootsFolder(dataFolder, await measureLibraries(libraries));
  try {
    const bare = join(folder, "bare");
    const [python, node] = await Promise.all([
      preparePython(join(folder, "python"), pythonCommand, libraries, log),
      prepareNode(join(folder, "node"), libraries.node),
      prepareBare(bare),
    ]);
    return new Roots({ folder, python, node, bare });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A new folder that every jail's user can pass through and run programs in. Those of ended processes are removed. */
export async function makeRootsFolder(dataFolder: string, moreBytes = 0): Promise<string> {
  const parent = await findParent(dataFolder, NEEDED_BYTES + moreBytes);
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const instance = name.slice(PREFIX.length);
    if (name.startsWith(PREFIX) && isLeftover(instance))
      await rm(join(parent, name), { recursive: true, force: true });
  }
  const folder = join(parent, PREFIX + instanceName());
  await mkdir(folder);
  await chmod(folder, 0o755);
  return folder;
}

async function prepareBare(tree: string): Promise<void> {
  await createTree(tree);
  await copyFolder("/usr/share/zoneinfo", join(tree, "usr/share/zoneinfo"), ["posix", "right"]).catch(
    () => {},
  );
}

/** In memory where there is room and programs may be run there (containers forbid it), otherwise with the data. */
async function findParent(dataFolder: string, bytes: number): Promise<string> {
  if (await hasRoom(MEMORY_FOLDER, bytes)) return MEMORY_FOLDER;
  return (await isPublic(dataFolder)) ? join(dataFolder, "roots") : PUBLIC_FOLDER;
}

async function hasRoom(folder: string, bytes: number): Promise<boolean> {
  const mounts = readFileSync("/proc/self/mountinfo", "latin1").split("\n");
  // The last one mounted there is the one that is seen.
  const mount = mounts.findLast((line) => line.split(" ")[4] === folder);
  if (!mount?.includes(" - tmpfs ") || mount.split(" ")[5]?.split(",").includes("noexec")) return false;
  const writable = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  const { bavail, bsize } = await statfs(folder);
  return writable && bavail * bsize > bytes;
}

/** Whether any user can pass through a folder: a jail's user is nobody in particular. */
export async function isPublic(folder: string): Promise<boolean> {
  for (let path = folder; ; path = dirname(path)) {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && (found.mode & 0o001) === 0 && process.getuid?.() === 0) return false;
    if (path === dirname(path)) return true;
  }
}
