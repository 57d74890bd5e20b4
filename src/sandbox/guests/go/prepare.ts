import { type ChildProcess, spawn } from "node:child_process";
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
import { setPriority } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

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
const BUILD_FLAGS = ["-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false"];
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
  for (const file of files.filter((name) => name.endsWith(".go") || name === "prepare.ts").sort()) {
    hash.update(`\0${file}\0`).update(await readFile(join(GUEST, file)));
  }
  return join(folder, `${go.version}-${hash.digest("hex").slice(0, 16)}`);
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
  const staging = await mkdtemp(`${target}.staging-`);
  try {
    await fill(staging, cache, go, progress, signal);
    await rename(staging, target);
  } catch (error) {
    if (!(await isPrepared(target))) throw error;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  await rm(cache, { recursive: true, force: true });
  await removeUnused(target);
}

async function fill(
  staging: string,
  cache: string,
  go: Go,
  progress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  const environment = {
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
  const runGo = (command: string[], stdout: (line: string) => void, stderr?: (line: string) => void) =>
    run({ command: go.command, arguments: command, folder: GUEST, environment, stdout, stderr }, signal);

  const overlay = await writeOverlay(staging, join(go.root, "src"));
  const names = new Set<string>();
  await runGo(["list", "std", "./engine"], (line) => names.add(line));
  const compiled = new Set<string>();
  const archives: [path: string, file: string][] = [];
  const format = "{{if .Export}}{{.ImportPath}} {{.Export}}{{end}}";
  await runGo(
    ["list", "-v", "-export", "-overlay", overlay, ...BUILD_FLAGS, "-f", format, "std", "./engine"],
    (line) => {
      const [path, file] = line.split(" ");
      if (path && file) archives.push([path, file]);
    },
    (line) => {
      if (names.has(line)) progress({ done: compiled.add(line).size, total: names.size });
    },
  );
  await runGo(["build", ...BUILD_FLAGS, "-ldflags=-s -w", "-o", join(staging, "build"), "./build"], () => {});

  for (const [path, file] of archives) {
    const kept = join(staging, "packages", `${path}.a`);
    await mkdir(dirname(kept), { recursive: true });
    await link(file, kept);
  }
  for (const tool of ["compile", "link"]) await copyFile(join(go.toolFolder, tool), join(staging, tool));
  await copyFile(join(GUEST, "main/main.go"), join(staging, "main.go"));
  const paths = archives.map(([path]) => path);
  await writeFile(join(staging, "all.importcfg"), importConfig(paths));
  await writeFile(join(staging, "code.importcfg"), importConfig(paths.filter(isPublic)));
  await chmod(staging, 0o755);
}

/**
 * What the codes' standard library has that Go's does not: see std/os/intercept.go. Lines are extended, not added, so
 * that positions in package os are the same as everywhere.
 */
const PATCHES = [
  {
    file: "os/file.go",
    line: "func (f *File) Write(b []byte) (n int, err error) {",
    more: " if interceptWrite != nil && interceptWrite(f, b) { return len(b), nil }",
  },
  {
    file: "os/proc.go",
    line: "func Exit(code int) {",
    more: " if interceptExit != nil { interceptExit() }",
  },
];

/** Tells the go command to read other files in place of some of the standard library's, which stay as they are. */
async function writeOverlay(staging: string, sources: string): Promise<string> {
  const replace: Record<string, string> = {
    [join(sources, "os/intercept.go")]: join(GUEST, "std/os/intercept.go"),
  };
  for (const { file, line, more } of PATCHES) {
    const original = await readFile(join(sources, file), "utf8");
    if (!original.includes(line)) throw new Error(`${file} of this Go version has no line "${line}"`);
    const patched = join(staging, file.replace("/", "-"));
    await writeFile(patched, original.replace(line, line + more));
    replace[join(sources, file)] = patched;
  }
  const overlay = join(staging, "overlay.json");
  await writeFile(overlay, JSON.stringify({ Replace: replace }));
  return overlay;
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
    const found = await stat(other).catch(() => undefined);
    if (other === target || found === undefined || Date.now() - found.mtimeMs < UNUSED_MS) continue;
    await rm(other, { recursive: true, force: true });
  }
}

interface Command {
  readonly command: string;
  readonly arguments: string[];
  readonly folder: string;
  readonly environment: Record<string, string>;
  readonly stdout: (line: string) => void;
  readonly stderr?: ((line: string) => void) | undefined;
}

/** Runs a command to its end; throws with the end of what it said. Everything it started ends with the signal. */
async function run(command: Command, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const child = spawn(command.command, command.arguments, {
    cwd: command.folder,
    env: command.environment,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  // The service goes on answering meanwhile.
  if (child.pid !== undefined) setPriority(child.pid, 10);
  const end = () => endGroup(child);
  signal.addEventListener("abort", end, { once: true });
  const said: string[] = [];
  createInterface({ input: child.stdout }).on("line", command.stdout);
  createInterface({ input: child.stderr }).on("line", (line) => {
    said.push(line);
    if (said.length > 20) said.shift();
    command.stderr?.(line);
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    signal.throwIfAborted();
    if (code !== 0)
      throw new Error(`${command.command} ${command.arguments[0]} ended with ${code}: ${said.join("\n")}`);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group has ended by itself.
  }
}
