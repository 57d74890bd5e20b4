// Tells everything that can be seen from inside a worker.
import { accessSync, constants, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

const attempt = (what, otherwise) => {
  try {
    return what();
  } catch (error) {
    return otherwise ?? error.code;
  }
};
const read = (path) => attempt(() => readFileSync(path, "latin1"));
const link = (path) => attempt(() => readlinkSync(path), "");
const entries = (path) => attempt(() => readdirSync(path).sort());
const each = (names, value) => Object.fromEntries(names.map((name) => [name, value(name)]));

function writable(folder) {
  const found = attempt(() => accessSync(folder, constants.W_OK) ?? [folder], []);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`.replace("//", "/");
    if (entry.isDirectory() && path !== "/proc" && path !== "/sys") found.push(...writable(path));
  }
  return found;
}

export function Run() {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return {
    environment: { ...process.env },
    descriptors: each(readdirSync("/proc/self/fd"), (n) => link(`/proc/self/fd/${n}`)),
    mounts: read("/proc/self/mountinfo"),
    processes: each(processes, (pid) => [read(`/proc/${pid}/cmdline`), read(`/proc/${pid}/environ`)]),
    status: read("/proc/self/status"),
    sockets: each(["tcp", "udp", "unix", "dev", "route"], (name) => read(`/proc/net/${name}`)),
    users: [read("/proc/self/uid_map"), read("/proc/self/gid_map"), process.getuid(), process.getgid(), process.getgroups()],
    host: hostname(),
    groups: read("/proc/self/cgroup"),
    root: entries("/"),
    etc: entries("/etc"),
    dev: entries("/dev"),
    sys: entries("/sys"),
    writable: writable("/"),
    limits: read("/proc/self/limits"),
    namespaces: each(readdirSync("/proc/self/ns"), (name) => link(`/proc/self/ns/${name}`)),
  };
}
