import { createHash } from "node:crypto";
import {
  chmod,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "./command.ts";
import { writeOverlay } from "./overlay.ts";

/**
 * Makes the folder that Go codes are compiled with: the compiler and the linker, the whole standard library and
 * package engine as compiled archives, the lists that say where each package is, and the builder that runs in the
 * jail. No user code is involved, so the host's own go command does it, once per Go version; afterwards nothing
 * runs the go command any more.
 */

/** The host's Go, as its own command describes it. */
export interface Go {
  readonly command: string;
  readonly version: string;
  readonly os: string;
  readonly architecture: string;
  readonly root: string;
  readonly toolFolder: string;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
}

const GUEST = import.meta.dirname;
// Where Go is usually installed; the service's own PATH does not matter.
const PATH = "/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin";
// What `preparedFolder` makes, and what `prepare` puts beside it.
const NAME = /-[0-9a-f]{16}(\.|$)/;
const UNUSED_MS = 7 * 24 * 3600 * 1000;

/** Asks the go command who it is; throws when there is none. */
export async function findGo(command: string, signal: AbortSignal): Promise<Go> {
  const names = ["GOVERSION", "GOOS", "GOARCH", "GOROOT", "GOTOOLDIR"];
  const environment = { PATH, HOME: "/nonexistent", GOCACHE: "off", GOENV: "off", GOTOOLCHAIN: "local" };
  const lines: string[] = [];
  await run(
    { command, arguments: ["env", ...names], folder: "/", environment, stdout: (line) => lines.push(line) },
    signal,
  );
  const [version = "", os = "", architecture = "", root = "", toolFolder = ""] = lines;
  return { command, version, os, architecture, root, toolFolder };
}

/** Where the folder for this Go is, once it is prepared: everything that goes into it goes into its name. */
export async function preparedFolder(folder: string, go: Go): Promise<string> {
  const hash = createHash("sha256").update(`${go.version} ${go.os} ${go.architecture}`);
  const files = await readdir(GUEST, { recursive: true });
  for (const file of files
    .filter((name) => name.endsWith(".go") || ["prepare.ts", "overlay.ts"].includes(name))
    .sort()) {
    hash.update(`\0${file}\0`).update(await readFile(join(GUEST, file)));
  }
  return join(folder, `${go.version.replaceAll(/[^\w.]+/g, "_")}-${hash.digest("hex").slice(0, 16)}`);
}

/** Whether the folder is there; it is then marked as in use. */
export async function isPrepared(target: string): Promise<boolean> {
  const now = new Date();
  return utimes(target, now, now).then(
    () => true,
    () => false,
  );
}

/**
 * Fills the target, which appears whole or not at all. The compiler's cache is kept until then, so that a preparation
 * that was cut short goes on where it was, and that two at a time share their work; the first to finish wins.
 */
export async function prepare(
  target: string,
  go: Go,
  progress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  const cache = `${target}.cache`;
  await mkdir(dirname(target), { recursive: true });
  await chmod(dirname(target), 0o755);
  const staging = await mkdtemp(`${target}.staging-`);
  try {
    await fill(staging, cache, go, progress, signal);
    await rename(staging, target);
  } catch (error) {
    if (!(await isPrepared(target))) throw error;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  // Another preparation may still be filling it: then it is that one's to remove, or the next week's.
  await rm(cache, { recursive: true, force: true }).catch(() => {});
  await removeUnused(target);
}

async function fill(
  staging: string,
  cache: string,
  go: Go,
  progress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  const overlay = await writeOverlay(join(staging, "overlay"), join(go.root, "src"));
  const environment = buildEnvironment(staging, cache);
  const runGo = (words: string[], stdout: (line: string) => void, stderr?: (line: string) => void) =>
    run({ command: go.command, arguments: words, folder: GUEST, environment, stdout, stderr }, signal);

  const names = new Set<string>();
  await runGo(["list", "std", "./engine"], (line) => names.add(line));
  const compiled = new Set<string>();
  const archives = new Map<string, string>();
  const flags = ["-overlay", overlay, "-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false"];
  const format = "{{if .Export}}{{.ImportPath}} {{.Export}}{{end}}";
  await runGo(
    ["list", "-v", "-export", ...flags, "-f", format, "std", "./engine"],
    (line) => {
      const [path, file] = line.split(" ");
      if (path && file) archives.set(path, file);
    },
    (line) => {
      if (names.has(line)) progress({ done: compiled.add(line).size, total: names.size });
    },
  );
  await runGo(["build", ...flags, "-ldflags=-s -w", "-o", join(staging, "build"), "./build"], () => {});
  await keep(staging, archives);
  for (const tool of ["compile", "link"]) await copyFile(join(go.toolFolder, tool), join(staging, tool));
  await copyFile(join(GUEST, "main/main.go"), join(staging, "main.go"));
  // The jails' users read it, whatever the service's umask is.
  for (const name of [".", ...(await readdir(staging, { recursive: true }))])
    await chmod(join(staging, name), 0o755);
}

/** Everything that could make the go command do something else is left out; cgo is off, so programs are static. */
function buildEnvironment(staging: string, cache: string): Record<string, string> {
  return {
    PATH,
    HOME: staging,
    GOCACHE: cache,
    GOPATH: join(cache, "none"),
    CGO_ENABLED: "0",
    GO111MODULE: "on",
    GOENV: "off",
    GOPROXY: "off",
    GOTOOLCHAIN: "local",
    GOWORK: "off",
  };
}

/** Takes the archives out of the cache, by import path, and lists them for the compiler and for the linker. */
async function keep(staging: string, archives: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, file] of archives) {
    const kept = join(staging, "packages", `${path}.a`);
    await mkdir(dirname(kept), { recursive: true });
    await link(file, kept);
  }
  const paths = [...archives.keys()];
  await writeFile(join(staging, "all.importcfg"), importConfig(paths));
  await writeFile(join(staging, "code.importcfg"), importConfig(paths.filter(isPublic)));
}

function importConfig(paths: string[]): string {
  return paths.map((path) => `packagefile ${path}=packages/${path}.a\n`).join("");
}

/** What code may import: as the go command has it, nothing internal and nothing vendored. */
function isPublic(path: string): boolean {
  return !path.split("/").includes("internal") && !path.startsWith("vendor/");
}

/** Other versions' folders, and what was left of preparations, once nobody has used them for a week. */
async function removeUnused(target: string): Promise<void> {
  const folder = dirname(target);
  for (const name of await readdir(folder)) {
    const other = join(folder, name);
    if (!NAME.test(name)) continue;
    const found = await stat(other).catch(() => undefined);
    if (other === target || found === undefined || Date.now() - found.mtimeMs < UNUSED_MS) continue;
    await rm(other, { recursive: true, force: true });
  }
}
