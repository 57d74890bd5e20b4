import { existsSync } from "node:fs";

/**
 * What is to run behind the walls. Absolute paths in `command` are meant inside the tree.
 */
export interface JailSpec {
  /** What it is, for log lines and names of groups: `python`, `go-build`. */
  readonly name: string;
  /** A prepared tree, bound read-only at `/`. It has the mount points that the other walls and `binds` need. */
  readonly root: string;
  /** Host folders seen read-only inside. The jail's unprivileged user must be able to reach them. */
  readonly binds: readonly Place[];
  /** Host files copied in, executable. Nobody but the service needs to be able to reach them. */
  readonly files: readonly Place[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly limits: JailLimits;
}

export interface Place {
  readonly from: string;
  readonly to: string;
}

export interface JailLimits {
  readonly memoryBytesMax: number;
  /** Processes and threads together. */
  readonly pidsMax: number;
  /** Processor time that may be used per second, in thousandths of a core. */
  readonly cpuMillisMax: number;
  readonly openFilesMax: number;
  /** Temporary files, in `/tmp`, `/home` and `/work` together and in `/dev/shm`; also the largest single file. */
  readonly tmpBytesMax: number;
}

/** What the walls are built with: the host's facts and the operator's waivers. */
export interface Site {
  readonly waivedWalls: readonly string[];
  /** Only root can become somebody else: without it every jail runs as the service's own user. */
  readonly asRoot: boolean;
}

/** A jail about to be started: the commands that wrap each other, from the outside in. */
interface Plan {
  /** Lines of a shell that still has the service's rights. */
  readonly shell: string[];
  readonly setpriv: string[];
  readonly bwrap: string[];
}

interface Order {
  readonly spec: JailSpec;
  readonly site: Site;
  /** The unprivileged user of this jail alone. */
  readonly uid: number;
  /** Files of control groups that a process joins by writing 0. */
  readonly joins: readonly string[];
  /** For each of the spec's files the descriptor it is read from. */
  readonly fileDescriptors: readonly number[];
  /** Whether the host lets a process yield to interactive ones. */
  readonly canYield: boolean;
}

/** The walls, in the order in which a process passes them. An operator may waive them by name. */
const WALLS = {
  cgroup: ({ shell }, { joins }) => shell.push(...joins.map((file) => `echo 0 >'${file}' || exit 97`)),
  rlimits: ({ shell }, { spec }) => shell.push(...resourceLimits(spec.limits)),
  user: ({ setpriv }, order) => setpriv.push(...becomeNobody(order)),
  namespaces: ({ bwrap }) => bwrap.push(...NAMESPACES, "--die-with-parent", "--new-session"),
  nesting: ({ bwrap }) => bwrap.push("--disable-userns", "--assert-userns-disabled"),
  network: ({ bwrap }) => bwrap.push("--unshare-net"),
  root: ({ bwrap }, order) => bwrap.push(...readOnlyRoot(order)),
  processes: ({ bwrap }) => bwrap.push("--proc", "/proc", ...maskedProc()),
  devices: ({ bwrap }, { spec }) => bwrap.push(...devices(spec.limits)),
  environment: ({ bwrap }, { spec }) => bwrap.push("--clearenv", ...variables(spec.environment)),
  seccomp: ({ bwrap }) => bwrap.push("--seccomp", String(FILTER_DESCRIPTOR)),
} as const satisfies Record<string, (plan: Plan, order: Order) => void>;

export type WallName = keyof typeof WALLS;
export const WALL_NAMES = Object.keys(WALLS) as WallName[];

/** Walls that bubblewrap builds: it is not started when `namespaces` is waived, so they must be waived with it. */
export const BUBBLEWRAP_WALLS: readonly WallName[] = [
  "nesting",
  "network",
  "root",
  "processes",
  "devices",
  "seccomp",
];

/** How a jail is started: a command, and the arguments for bubblewrap that it reads from a descriptor. */
export interface StartCommand {
  readonly command: string;
  readonly arguments: readonly string[];
  /** Separated by NUL; to be written to `BUBBLEWRAP_DESCRIPTOR`. Empty when bubblewrap is not part of it. */
  readonly bubblewrapArguments: string;
  /** Of the starter. There is nothing in it, because a guest can read its starter's environment in /proc. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Descriptors of a jail's first process: 3 is the guest's line to its host and the only one it keeps. */
export const CONTROL_DESCRIPTOR = 3;
export const BUBBLEWRAP_DESCRIPTOR = 4;
/** The filter of system calls is read from it. */
export const FILTER_DESCRIPTOR = 5;

/** Builds the walls that are not waived into one command. Nothing of it is secret: a guest can read parts of it. */
export function buildWalls(order: Order): StartCommand {
  const { spec, site } = order;
  const plan: Plan = { shell: [], setpriv: [], bwrap: [] };
  for (const name of WALL_NAMES) {
    if (!site.waivedWalls.includes(name)) WALLS[name](plan, order);
  }
  const jailed = !site.waivedWalls.includes("namespaces");
  const rooted = jailed && !site.waivedWalls.includes("root");
  if (jailed && !rooted) {
    plan.bwrap.unshift("--bind", "/", "/");
    // The tree is seen where it is, also when that is below a folder that another wall has hidden.
    if (spec.root !== "/") plan.bwrap.push("--ro-bind", spec.root, spec.root);
  }
  const inner = rooted ? spec.command : spec.command.map((part) => onHost(part, spec));
  const steps = [...(order.canYield ? YIELD : []), ...plan.setpriv];
  // The arguments come on a descriptor because a guest can read bubblewrap's command line in /proc.
  if (jailed) steps.push("bwrap", "--args", String(BUBBLEWRAP_DESCRIPTOR), "--");
  // Only after the steps that are found by the shell's own path.
  else
    steps.push("env", "-i", ...Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`));
  return {
    command: "/bin/sh",
    arguments: ["-c", [...plan.shell, "unset PWD", 'exec "$@"'].join("\n"), "jail", ...steps, ...inner],
    bubblewrapArguments: jailed ? plan.bwrap.map((part) => `${part}\0`).join("") : "",
    environment: {},
  };
}

/**
 * No wall: a guest that is given work does not take the processor at once from the service that gives it, which has
 * more to give. Measured on two cores, runs a second go up by a tenth.
 */
export const YIELD: readonly string[] = ["chrt", "--batch", "0"];

/** Spelled out one by one: bubblewrap's `--unshare-all` goes on without a user namespace where it cannot have one. */
const NAMESPACES = [
  ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup"],
  ["--uid", "1000", "--gid", "1000", "--hostname", "jail", "--cap-drop", "ALL"],
].flat();

/** Both soft and hard. A shell's `-f` counts in blocks of 512 bytes. */
function resourceLimits(limits: JailLimits): string[] {
  return [
    "ulimit -c 0",
    `ulimit -n ${limits.openFilesMax}`,
    `ulimit -f ${Math.ceil(limits.tmpBytesMax / 512)}`,
  ].map((line) => `${line} || exit 98`);
}

/** Bubblewrap run by root would map the guest's user to root: what root alone may read could then be read inside. */
function becomeNobody({ site, uid }: Order): string[] {
  const identity = site.asRoot
    ? [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--bounding-set=-all"]
    : [];
  return ["setpriv", ...identity, "--inh-caps=-all", "--no-new-privs"];
}

/** `/home` and `/work` are links into `/tmp` in every tree, so that one size holds for all three. */
function readOnlyRoot({ spec, fileDescriptors }: Order): string[] {
  return [
    ["--ro-bind", spec.root, "/"],
    ...spec.binds.map(({ from, to }) => ["--ro-bind", from, to]),
    ...spec.files.map(({ to }, index) => [
      "--perms",
      "0555",
      "--ro-bind-data",
      `${fileDescriptors[index]}`,
      to,
    ]),
    ["--perms", "0700", "--size", String(spec.limits.tmpBytesMax), "--tmpfs", "/tmp"],
    [
      "--perms",
      "0700",
      "--dir",
      "/tmp/home",
      "--perms",
      "0700",
      "--dir",
      "/tmp/work",
      "--chdir",
      "/tmp/work",
    ],
  ].flat();
}

/** Files that tell about the whole host rather than about the jail. */
const HOST_FILES = [
  ["/proc/cmdline", "/proc/kallsyms", "/proc/keys", "/proc/key-users", "/proc/modules"],
  ["/proc/config.gz", "/proc/diskstats", "/proc/partitions", "/proc/interrupts", "/proc/timer_list"],
].flat();

function maskedProc(): string[] {
  return HOST_FILES.filter((file) => existsSync(file)).flatMap((file) => ["--ro-bind", "/dev/null", file]);
}

/** `/dev` itself would be writable and without a limit. */
function devices(limits: JailLimits): string[] {
  return [
    ["--dev", "/dev"],
    ["--perms", "0700", "--size", String(limits.tmpBytesMax), "--tmpfs", "/dev/shm"],
    ["--remount-ro", "/dev"],
  ].flat();
}

function variables(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment).flatMap(([name, value]) => ["--setenv", name, value]);
}

/** Where something of the tree is for a process that sees the host's files. */
function onHost(part: string, spec: JailSpec): string {
  const places = [...spec.files, ...spec.binds, { from: spec.root, to: "" }];
  const place = places.find(({ to }) => part.startsWith("/") && part.startsWith(to));
  return place ? place.from + part.slice(place.to.length) : part;
}
