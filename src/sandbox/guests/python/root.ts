import { execFile } from "node:child_process";
import { access, readdir, symlink } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { promisify } from "node:util";
import { copyLibraryFolders, type Libraries, NO_LIBRARIES } from "../../libraries.ts";
import { type Log, SILENT } from "../../log.ts";
import type { MissingRuntime, Runtime } from "../../runtime.ts";
import { copyExecutable, copyFolder, copyIfThere, copyLibraries, createTree } from "../../tree.ts";

const run = promisify(execFile);

/** What the interpreter says of itself; a `python3` on the path may be a script that finds the real one. */
interface Python {
  readonly executable: string;
  readonly prefix: string;
  readonly libraries: readonly string[];
  readonly version: readonly [major: number, minor: number, micro: number];
  readonly certificates: string | null;
}

const QUESTION = `
import json, os, sys, sysconfig
try:
    import ssl
    certificates = ssl.get_default_verify_paths().openssl_cafile
except ImportError:
    certificates = None
print(json.dumps({
    "executable": os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable),
    "prefix": sys.base_prefix,
    "libraries": sorted({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"),
                         sysconfig.get_config_var("DESTSHARED") or sysconfig.get_path("stdlib")}),
    "version": sys.version_info[:3],
    "certificates": certificates,
}))`;

const OLDEST_MINOR = 9;
// Large, and of no use without a screen, a test runner or an installer.
const LEFT_OUT = [
  ...[
    "site-packages",
    "dist-packages",
    "test",
    "tests",
    "idlelib",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "lib2to3",
  ],
  ...[
    "config-*",
    "*.opt-1.pyc",
    "*.opt-2.pyc",
    "_tkinter.*",
    "_test*.so",
    "_ctypes_test.*",
    "xxlimited*",
    "pydoc_data",
  ],
];
const PREFIX = "/python";
const FIX = `install Python 3.${OLDEST_MINOR} or newer with \`apt-get install -y python3\` and start again`;

/** Copies the host's Python, without what was installed into it, into a tree of its own. */
export async function preparePython(
  tree: string,
  command: string,
  libraries: Libraries = NO_LIBRARIES,
  log: Log = SILENT,
): Promise<Runtime | MissingRuntime> {
  let python: Python;
  try {
    python = JSON.parse((await run(command, ["-I", "-c", QUESTION])).stdout) as Python;
  } catch (error) {
    return { why: `${command} cannot be run: ${error instanceof Error ? error.message : error}`, fix: FIX };
  }
  const version = python.version.join(".");
  if (python.version[0] !== 3 || python.version[1] < OLDEST_MINOR) {
    return { why: `${command} is Python ${version}; needed is 3.${OLDEST_MINOR} or newer`, fix: FIX };
  }
  await createTree(tree);
  const executable = join(PREFIX, "bin", basename(python.executable));
  const modules = python.libraries.map((library) => join(library, "lib-dynload"));
  await Promise.all([
    copyExecutable(python.executable, join(tree, executable)),
    copyLibraries(tree, [python.executable, ...(await sharedObjects([...python.libraries, ...modules]))]),
    copyOutermost(python, tree),
    copyFolder("/usr/share/zoneinfo", join(tree, "usr/share/zoneinfo"), ["posix", "right"]).catch(() => {}),
    copyFolder(import.meta.dirname, join(tree, "guest"), ["*.ts", "__pycache__"]),
    python.certificates && copyIfThere("/etc/ssl/certs/ca-certificates.crt", join(tree, python.certificates)),
  ]);
  await symlink(basename(executable), join(tree, PREFIX, "bin/python3")).catch(() => {});
  await compileModules(tree, executable, python);
  await compileGuest(tree, executable);
  const words = await installLibraries(tree, executable, python, libraries, log);
  return {
    version: `Python ${version}`,
    root: tree,
    command: [executable, "-I", "-B", "-X", "utf8", "/guest/guest.pyc", ...words],
    environment: { HOME: "/home", LANG: "C.UTF-8", PATH: `${PREFIX}/bin`, TMPDIR: "/tmp" },
  };
}

/** What the guest is told of the operator's libraries; nothing where there are none. */
async function installLibraries(
  tree: string,
  executable: string,
  python: Python,
  { python: folders, pythonPreload }: Libraries,
  log: Log,
): Promise<string[]> {
  if (folders.length === 0 && pythonPreload.length === 0) return [];
  const places = await copyLibraryFolders(tree, folders);
  const objects = await findFiles(folders, /\.so$/);
  const tag = `cpython-${python.version[0]}${python.version[1]}-`;
  const strange = objects.filter((file) => /\.cpython-\d+-/.test(file) && !file.includes(tag));
  if (strange.length > 0)
    log.warn({ files: strange.slice(0, 5) }, "libraries were installed for another version of Python");
  if (objects.length > 0) await copyLibraries(tree, objects, folders);
  const paths = places.map((place) => join(tree, place));
  const environment = { PYTHONHOME: join(tree, PREFIX), PYTHONPATH: paths.join(":"), PATH: "/usr/bin:/bin" };
  const options = { env: environment, maxBuffer: 16 * 1024 * 1024 };
  // What cannot be compiled cannot be imported either, and belongs to some other version of Python.
  await run(join(tree, executable), ["-m", "compileall", "-q", "-j", "0", ...paths], options).catch(() => {});
  for (const name of pythonPreload) {
    await run(join(tree, executable), ["-c", `import ${name}`], options).catch((error: unknown) => {
      const why = String(Object(error).stderr ?? error)
        .trim()
        .split("\n")
        .at(-1);
      log.warn({ module: name, why }, "a Python module cannot be imported ahead");
    });
  }
  return [...places, "--preload", ...pythonPreload];
}

/** Library folders may lie within each other; one that does has been copied with the outer one. */
async function copyOutermost(python: Python, tree: string): Promise<void> {
  const outermost = python.libraries.filter(
    (folder) => !python.libraries.some((other) => folder !== other && folder.startsWith(`${other}/`)),
  );
  await Promise.all(
    outermost.map((folder) =>
      copyFolder(folder, join(tree, PREFIX, relative(python.prefix, folder)), LEFT_OUT),
    ),
  );
}

async function findFiles(folders: readonly string[], pattern: RegExp): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    found.push(
      ...entries
        .filter((entry) => entry.isFile() && pattern.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name)),
    );
  }
  return found;
}

async function sharedObjects(folders: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const folder of new Set(folders)) {
    const names = await readdir(folder).catch(() => []);
    files.push(
      ...names
        .filter((name) => /\.so$/.test(name) && !/^_tkinter|test/.test(name))
        .map((name) => join(folder, name)),
    );
  }
  return [...new Set(files)];
}

/** A script is compiled anew by every interpreter that runs it. This one is its bytecode. */
async function compileGuest(tree: string, executable: string): Promise<void> {
  const environment = { PYTHONHOME: join(tree, PREFIX), PATH: "/usr/bin:/bin" };
  const words = ["-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"];
  for (const [file, ...layout] of [["guest.py", "-b"], ["engine.py"]] as const) {
    // As the guest itself sees its folder, so that nothing of the host is in a traceback.
    await run(join(tree, executable), [...words, ...layout, "-d", "/guest", join(tree, "guest", file)], {
      env: environment,
    });
  }
}

const COMPILING = "import guest; [guest.import_quietly(name) for name in guest.COMMON]";

/** Some images ship Python without compiled modules; then those that the guest imports are compiled here, once. */
async function compileModules(tree: string, executable: string, python: Python): Promise<void> {
  const library = join(tree, PREFIX, relative(python.prefix, python.libraries[0]!));
  const compiled = await access(join(library, "json/__pycache__")).then(
    () => true,
    () => false,
  );
  if (compiled) return;
  const environment = { PYTHONHOME: join(tree, PREFIX), PATH: "/usr/bin:/bin" };
  await run(join(tree, executable), ["-c", COMPILING], { cwd: join(tree, "guest"), env: environment });
}
