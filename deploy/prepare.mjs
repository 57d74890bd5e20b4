// Makes a fresh machine ready for `npm start` or `npm test`, and costs next to nothing on one that is. Runs before
// every job, on whatever Node the machine has (20 or newer) and without any package, since it is what installs them.
//
//     node deploy/prepare.mjs start|test

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The commands that the jobs need, with a `probe` where being there is not enough. `wantedBy` jobs go on without theirs;
 * what that costs them stands in `without`.
 */
const COMMANDS = [
  {
    command: "bwrap",
    debian: "bubblewrap",
    why: "builds the jail that codes run in",
    neededBy: ["start", "test"],
  },
  { command: "setpriv", debian: "util-linux", why: "gives up root", neededBy: ["start", "test"] },
  {
    command: "flock",
    debian: "util-linux",
    why: "guards the embedded database",
    neededBy: ["start", "test"],
  },
  {
    command: "python3",
    debian: "python3",
    why: "runs Python codes",
    neededBy: ["test"],
    wantedBy: ["start"],
    without: "Python codes will be refused",
  },
  {
    command: "go",
    debian: "golang-go",
    why: "compiles Go codes",
    neededBy: ["test"],
    wantedBy: ["start"],
    without: "Go codes will be refused",
  },
  {
    command: "python3",
    probe: ["-c", "import ensurepip, venv"],
    debian: "python3-venv",
    why: "installs the Python client in a place of its own",
    neededBy: ["test"],
  },
  { command: "ip", debian: "iproute2", why: "makes cables that tests can pull", neededBy: ["test"] },
  {
    command: "javac",
    debian: "openjdk-17-jdk-headless",
    why: "compiles the Java client",
    neededBy: ["test"],
  },
  { command: "mvn", debian: "maven", why: "builds the Java client", neededBy: ["test"] },
  {
    command: "chromium",
    debian: "chromium",
    why: "plays the TypeScript client in a page",
    neededBy: ["test"],
  },
  {
    command: "redis-server",
    debian: "redis-server",
    why: "carries the news between several services",
    neededBy: ["test"],
  },
];

const FOLDER = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE = join(FOLDER, "node_modules", ".bin", "node");
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

const job = process.argv[2];
if (job !== "start" && job !== "test") fail("usage: node deploy/prepare.mjs start|test");
installPackages(job);
if (process.platform === "linux") installCommands(job);
else explainOtherPlatforms();

/** Installs what package-lock.json says, Node 24 among it, unless that is what node_modules holds. */
function installPackages(job) {
  const reason = whyInstall(job);
  if (reason === undefined) return;
  say(`installing the npm packages: ${reason}`);
  // A Node that is about to be deleted with node_modules should not be the one that npm runs on.
  const path = process.env.PATH.split(delimiter).filter(
    (folder) => !folder.startsWith(join(FOLDER, "node_modules")),
  );
  const env = { ...process.env, PATH: path.join(delimiter) };
  const options = ["--include=dev", "--include=optional", "--no-audit", "--no-fund"];
  // `npm ci` insists that the lock file names the packages for all platforms, which npm does not write where the
  // registry lacks some of them. `npm install` keeps to the versions in it all the same.
  if (attempt("npm", ["ci", ...options], env).status !== 0) {
    say("`npm ci` failed; trying `npm install`");
    run("npm", ["install", "--no-save", ...options], env);
  }
  // The package `node` gets its binary from an install script, which npm may have been told not to run.
  if (!existsSync(NODE)) run("npm", ["rebuild", "node", "--ignore-scripts=false"], env);
  if (!existsSync(NODE)) fail(`npm has not installed Node: ${NODE} is missing`);
}

/** npm keeps its own account of what it has put into node_modules, whole packages only and written last. */
function whyInstall(job) {
  const wanted = packagesIn(join(FOLDER, "package-lock.json"));
  const found = packagesIn(join(FOLDER, "node_modules", ".package-lock.json"));
  if (wanted === undefined) fail("package-lock.json is missing or cannot be read");
  if (found === undefined) return "they are missing";
  if (!existsSync(NODE)) return "Node is missing";
  for (const [path, { version, optional, dev }] of Object.entries(wanted)) {
    // The root is the project itself. Optional packages are for other platforms; an image for production has no others.
    if (path === "" || found[path]?.version === version) continue;
    if (found[path] === undefined && (optional || (dev && job === "start"))) continue;
    return `${path.replace("node_modules/", "")} is not ${version}`;
  }
}

function packagesIn(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** Installs missing commands by apt-get, or says how to when that is not for us to do. */
function installCommands(job) {
  const concerned = COMMANDS.filter(({ neededBy, wantedBy }) =>
    [...neededBy, ...(wantedBy ?? [])].includes(job),
  );
  const missing = concerned.filter(({ command, probe }) => !isOnPath(command) || !passes(command, probe));
  for (const { command, debian, without } of missing.filter(({ wantedBy }) => wantedBy?.includes(job))) {
    say(`${command} is not installed: ${without} (apt-get install ${debian})`);
  }
  const needed = missing.filter(({ neededBy }) => neededBy.includes(job));
  if (needed.length === 0) return;

  const packages = [...new Set(needed.map(({ debian }) => debian))];
  const reasons = needed.map(({ command, why }) => `${command}, which ${why}`).join("; ");
  const byHand = `apt-get update && apt-get install --yes --no-install-recommends ${packages.join(" ")}`;
  if (!isOnPath("apt-get"))
    fail(`missing: ${reasons}. Install it with this system's packages; on Debian: ${byHand}`);
  if (process.getuid() !== 0) fail(`missing: ${reasons}. Install it with:\n  sudo sh -c '${byHand}'`);

  say(`installing ${packages.join(", ")}: ${reasons}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const lock = ["-o", "DPkg::Lock::Timeout=120"];
  const install = ["install", ...lock, "--yes", "--no-install-recommends", ...packages];
  // Lists of packages that are missing or outdated are fetched; they take longer than most installations.
  const done = hasPackageLists() && attempt("apt-get", install, env).status === 0;
  if (!done) {
    run("apt-get", ["update", ...lock], env);
    run("apt-get", install, env);
  }
  for (const { command, debian } of needed) {
    if (!isOnPath(command))
      fail(`the Debian package ${debian} was installed, but there is no ${command} on the PATH`);
  }
}

function hasPackageLists() {
  try {
    return readdirSync("/var/lib/apt/lists").some((name) => name.includes("_Packages"));
  } catch {
    return false;
  }
}

function passes(command, probe) {
  return probe === undefined || spawnSync(command, probe, { stdio: "ignore" }).status === 0;
}

function isOnPath(command) {
  return process.env.PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function explainOtherPlatforms() {
  say("running codes needs Linux. In a container:");
  say(
    '  docker run --rm -it --privileged -p 8050:8050 -e CODEACTIONS_HOST=0.0.0.0 -v "$PWD":/app -v /app/node_modules -w /app node:24-bookworm npm start',
  );
}

/** Runs a command to its end; what it prints is shown only if it fails, and then we end too. */
function run(command, options, env) {
  const { status, signal, error, output } = attempt(command, options, env);
  if (status === 0) return;
  process.stderr.write(output);
  fail(`\`${command} ${options.join(" ")}\` failed (${error?.message ?? signal ?? `exit code ${status}`})`);
}

function attempt(command, options, env) {
  const stdio = ["ignore", "pipe", "pipe"];
  const child = spawnSync(command, options, {
    cwd: FOLDER,
    env,
    stdio,
    encoding: "utf8",
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  return { ...child, output: `${child.stdout ?? ""}${child.stderr ?? ""}` };
}

function say(line) {
  process.stderr.write(`prepare: ${line}\n`);
}

function fail(line) {
  say(line);
  process.exit(1);
}
