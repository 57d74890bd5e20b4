/**
 * Runs inside a jail and tries to get over its walls. Reads from stdin what to try and what there is to be found on the
 * host; writes, as JSON, for each wall what was tried and what succeeded. Needs nothing but Node.
 */

import { spawn } from "node:child_process";
import fs from "node:fs";
import { connect } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { SystemCalls, Untried } from "./climb-calls.mjs";

const asked = JSON.parse(fs.readFileSync(0, "utf8"));
const { host, limits } = asked;
const { folder } = asked;
fs.mkdirSync(folder);
const calls = new SystemCalls(folder);

const EPERM = 1;
const ENOSYS = 38;
const NEW_USER_NAMESPACE = 0x1000_0000;
const SIGCHLD = 17;

/** Calls by their numbers on x86-64 and arm64, with arguments, and what the filter answers. */
const FILTERED = {
  ptrace: [[101, 117], [0, 0, 0, 0], EPERM],
  keyctl: [[250, 219], [0, -3, 0], EPERM],
  add_key: [[248, 217], [], EPERM],
  mount: [[165, 40], [], EPERM],
  bpf: [[321, 280], [], EPERM],
  perf_event_open: [[298, 241], [], EPERM],
  process_vm_readv: [[310, 270], [], EPERM],
  "a netlink socket": [[41, 198], [16, 3, 0], EPERM],
  clone3: [[435, 435], [], ENOSYS],
  io_uring: [[425, 425], [1, 0], ENOSYS],
};

/** For each wall what to try, by the name of what is to be got; true means that it was got. */
const ATTEMPTS = {
  memory: { "more memory": allocate },
  cgroup: { "more processes": () => startMany(limits.pidsMax + 8) },
  rlimits: {
    "more open files": () => openMany(limits.openFilesMax + 8),
    "a larger file": () => fs.truncateSync(file("large"), 2 * limits.tmpBytesMax) === undefined,
    "a core dump": () => limitOf("Max core file size") !== "0",
  },
  user: {
    "root's files": readFileOfRoot,
    "root's user id": () => process.getuid() === 0,
    capabilities: () => /^Cap(Inh|Prm|Eff|Bnd|Amb):\s*0*[1-9a-f]/m.test(statusOfSelf()),
    "new privileges": () => /^NoNewPrivs:\s*0/m.test(statusOfSelf()),
    "setuid 0": () => process.setuid(0) === undefined,
  },
  namespaces: {
    "the host's namespaces": () =>
      Object.entries(host.namespaces).some(([name, id]) => namespace(name) === id),
    "signals to the host": () => isKnown(host.pid),
    "the host's name": () => hostname() === host.name,
  },
  nesting: {
    "a user namespace by unshare": () => calls.make([272, 97], [NEW_USER_NAMESPACE]) === 0,
    "a user namespace by clone": () => calls.make([56, 220], [NEW_USER_NAMESPACE | SIGCHLD]) === 0,
  },
  network: {
    "the host's loopback": () => isConnected({ host: "127.0.0.1", port: host.port }),
    "the host's abstract sockets": () => isConnected({ path: `\0${host.abstractSocket}` }),
    "other interfaces": () => interfaces().some((name) => name !== "lo"),
  },
  root: {
    "the host's files": () => fs.readFileSync(host.file) !== undefined,
    "the data folder": () => identify(host.dataFolder.path) === host.dataFolder.identity,
    "a place of the host to write": () => isWritable(join(host.folder, "climbed")),
    "its own root to write": () => ["/climbed", "/etc/climbed", "/usr/climbed"].some(isWritable),
    "more temporary files": () => fill(limits.tmpBytesMax),
  },
  processes: {
    "the host's processes": () => fs.readFileSync(`/proc/${host.pid}/cmdline`) !== undefined,
    "files about the host": () => MASKED.some(isTold),
    "the kernel's settings": () => SETTINGS.some((path) => isAllowed(path, fs.constants.W_OK)),
  },
  devices: {
    "other devices": () => fs.readdirSync("/dev").some((name) => !DEVICES.includes(name)),
    "a place in /dev to write": () => isWritable("/dev/climbed"),
  },
  environment: {
    "the service's variables": () => variables().some((name) => !asked.variables.includes(name)),
  },
  seccomp: Object.fromEntries(
    Object.entries(FILTERED).map(([name, [numbers, values, answer]]) => [
      name,
      () => calls.make(numbers, values) !== answer,
    ]),
  ),
};

const MASKED = ["cmdline", "kallsyms", "keys", "modules", "partitions", "timer_list"].map(
  (name) => `/proc/${name}`,
);
const SETTINGS = ["/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger"];
const DEVICES = [
  ...["console", "core", "fd", "full", "null", "ptmx", "pts", "random", "shm"],
  ...["stderr", "stdin", "stdout", "tty", "urandom", "zero"],
];

const told = {};
// Whoever reads this knows that the attempts were begun, should one of them end this process.
process.stdout.write("begun\n");
for (const wall of asked.walls) {
  told[wall] = { tried: [], climbed: [] };
  for (const [name, attempt] of Object.entries(ATTEMPTS[wall])) {
    const got = await Promise.resolve().then(attempt).catch(untriedOrRefused);
    if (got !== undefined) told[wall].tried.push(name);
    if (got === true) told[wall].climbed.push(name);
  }
}
fs.rmSync(folder, { recursive: true });
// Something that goes on when this process has ended, unless all of a jail ends together.
if (asked.straggler !== "") {
  const sleep = ["-e", "setTimeout(() => {}, 600_000)", asked.straggler];
  spawn(process.execPath, sleep, { detached: true, stdio: "ignore" });
}
await new Promise((resolve) => process.stdout.write(`${JSON.stringify(told)}\n`, resolve));
process.exit();

function readFileOfRoot() {
  if (host.filesOfRoot.length === 0) throw new Untried("root has no file here");
  return fs.readFileSync(host.filesOfRoot.find((path) => fs.existsSync(path))) !== undefined;
}

/** Whatever the kernel refuses with an error was not got. */
function untriedOrRefused(error) {
  return error instanceof Untried ? undefined : false;
}

function allocate() {
  const held = [];
  for (let bytes = 0; bytes < 2 * limits.memoryBytesMax; bytes += 1 << 20)
    held.push(Buffer.alloc(1 << 20, 1));
  return held.length > 0;
}

async function startMany(count) {
  const waiting = calls.program([271, 73], []);
  const children = Array.from({ length: count }, () => spawn(waiting, { stdio: "ignore" }));
  const started = await Promise.all(
    children.map(
      (child) =>
        new Promise((resolve) => {
          child.once("spawn", () => resolve(true));
          child.once("error", () => resolve(false));
        }),
    ),
  );
  for (const child of children) child.kill("SIGKILL");
  return started.every(Boolean);
}

function openMany(count) {
  const descriptors = [];
  try {
    for (let opened = 0; opened < count; opened++) descriptors.push(fs.openSync(process.execPath, "r"));
    return true;
  } finally {
    for (const descriptor of descriptors) fs.closeSync(descriptor);
  }
}

/** Whether files that are each within the limit of one file can be more than that together. */
function fill(bytes) {
  const half = Buffer.alloc(bytes / 2, 1);
  const names = ["one", "two", "three"].map((name) => join(folder, name));
  try {
    for (const name of names) fs.writeFileSync(name, half);
    return true;
  } finally {
    for (const name of names) fs.rmSync(name, { force: true });
  }
}

function file(name) {
  const path = join(folder, name);
  fs.writeFileSync(path, "");
  return path;
}

function isWritable(path) {
  try {
    fs.writeFileSync(path, "climbed", { flag: "wx" });
    fs.rmSync(path);
    return true;
  } catch {
    return false;
  }
}

/** The jail may have a folder of the same name. */
function identify(path) {
  const { dev, ino } = fs.statSync(path);
  return `${dev}:${ino}`;
}

function isAllowed(path, mode) {
  try {
    fs.accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function isTold(path) {
  try {
    return fs.readFileSync(path).byteLength > 0;
  } catch {
    return false;
  }
}

function isKnown(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}

function isConnected(where) {
  return new Promise((resolve) => {
    const socket = connect(where);
    socket.setTimeout(2000, () => socket.destroy());
    socket.once("connect", () => resolve(true));
    socket.once("close", () => resolve(false));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

function interfaces() {
  const lines = fs.readFileSync("/proc/self/net/dev", "latin1").split("\n").slice(2);
  return lines.filter((line) => line.includes(":")).map((line) => line.split(":")[0].trim());
}

function namespace(name) {
  try {
    return fs.readlinkSync(`/proc/self/ns/${name}`);
  } catch {
    return undefined;
  }
}

function statusOfSelf() {
  return fs.readFileSync("/proc/self/status", "latin1");
}

function limitOf(name) {
  const line = fs.readFileSync("/proc/self/limits", "latin1").split("\n");
  // The hard limit is what the soft one can be raised to.
  return line
    .find((each) => each.startsWith(name))
    .slice(name.length)
    .trim()
    .split(/\s+/)[1];
}

/** Its own, and those of whoever started it. */
function variables() {
  let ofFirst = "";
  try {
    ofFirst = fs.readFileSync("/proc/1/environ", "latin1");
  } catch {}
  const names = ofFirst.split("\0").map((pair) => pair.split("=")[0]);
  return [...Object.keys(process.env), ...names].filter((name) => !["", "PWD", "OLDPWD", "_"].includes(name));
}
