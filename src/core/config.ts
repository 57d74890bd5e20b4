import { availableParallelism, totalmem } from "node:os";
import { resolve } from "node:path";
import { nodeEntries } from "./node-entry.ts";
import { choice, flag, folders, limit, list, number, type Setting, text, url } from "./setting.ts";

const MIB = 1024 ** 2;
/** Of the host, or of the container around this service. */
const memoryBytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);

/**
 * Every setting there is: the variable, what it means, what is accepted, the default. The README's table is printed
 * from this list (`npm run settings`), and a wrong value ends the start with the variable's name and what is accepted.
 */
const SETTINGS = {
  // The doors
  host: text("CODEACTIONS_HOST", "127.0.0.1", "Address to listen on; `0.0.0.0` for all."),
  port: number("CODEACTIONS_PORT", 8050, 0, 65535, "Port for every protocol. 0 takes a free one."),
  publicUrl: url(
    "CODEACTIONS_PUBLIC_URL",
    "Address under which callers reach the service; what `public_url` starts with. From host and port if unset.",
  ),
  corsOrigins: list(
    "CODEACTIONS_CORS_ORIGINS",
    "Origins whose pages may call, separated by commas; `*` for all.",
  ),
  tlsCertFile: text(
    "CODEACTIONS_TLS_CERT_FILE",
    "",
    "Certificate chain (PEM). With it the port speaks TLS only.",
  ),
  tlsKeyFile: text("CODEACTIONS_TLS_KEY_FILE", "", "Private key of the certificate (PEM)."),
  endpointHost: text(
    "CODEACTIONS_ENDPOINT_HOST",
    "",
    "A host name that only codes answer under. With it their answers may set cookies and need no CSP sandbox.",
  ),
  drainMs: number(
    "CODEACTIONS_DRAIN_MS",
    10_000,
    0,
    900_000,
    "How long a stopping service waits for runs under way, in milliseconds.",
  ),
  connectionsMax: number("CODEACTIONS_CONNECTIONS_MAX", 10_000, 1, 1_000_000, "Connections open at once."),

  // What is kept
  dataDir: text(
    "CODEACTIONS_DATA_DIR",
    ".codeactions",
    "Folder for the embedded database, keys and build caches.",
  ),
  goDir: text(
    "CODEACTIONS_GO_DIR",
    "",
    "Folder for Go's compiled standard library, shared by services on one host. In the data folder if unset.",
  ),
  databaseUrl: text(
    "DATABASE_URL",
    "",
    "PostgreSQL 15 or newer. An embedded one in the data folder if unset.",
  ),
  databaseConnectionsMax: number(
    "CODEACTIONS_DATABASE_CONNECTIONS",
    10,
    3,
    1000,
    "Connections to PostgreSQL.",
  ),
  redisUrl: text(
    "REDIS_URL",
    "",
    "Redis 6 or newer, as `redis://` or `rediss://`. With it several services may share a database; without it one has it to itself.",
  ),
  bootstrapToken: text(
    "CODEACTIONS_BOOTSTRAP_TOKEN",
    "",
    "The operator's token, 16 characters or more. Generated and printed once if unset.",
  ),
  secretKey: text(
    "CODEACTIONS_SECRET_KEY",
    "",
    "32 bytes in base64 that encrypt secrets. Generated into the data folder (mode 0600) if unset.",
  ),
  retentionDays: number(
    "CODEACTIONS_RETENTION_DAYS",
    30,
    1,
    3650,
    "Days for which runs and their logs are kept.",
  ),
  leaseMs: number(
    "CODEACTIONS_LEASE_MS",
    15_000,
    1_000,
    300_000,
    "How long a service that is not heard of keeps its runs, in milliseconds; after that they are LOST.",
  ),
  demo: flag(
    "CODEACTIONS_DEMO",
    false,
    "Create the project `demo` with a sample code per language on an empty database (`npm start` does).",
  ),

  // The pool
  workersMax: {
    ...number(
      "CODEACTIONS_WORKERS_MAX",
      Math.max(8, 8 * availableParallelism()),
      1,
      10_000,
      "Workers of codes, busy and idle together.",
    ),
    shownDefault: "8 per core",
  },
  workersMemoryBytes: {
    ...number(
      "CODEACTIONS_WORKERS_MEMORY_BYTES",
      Math.floor(memoryBytes / 2),
      64 * MIB,
      2 ** 50,
      "Memory of all workers together; above it idle ones end, the least recently used first.",
    ),
    shownDefault: "half of the memory",
  },
  spareMemoryBytes: {
    ...number(
      "CODEACTIONS_SPARE_MEMORY_BYTES",
      Math.floor(memoryBytes / 20),
      0,
      2 ** 50,
      "Memory of the host, or of the container, to be left free: when there is less, idle workers end.",
    ),
    shownDefault: "a twentieth of the memory",
  },
  blankWorkers: number(
    "CODEACTIONS_BLANK_WORKERS",
    2,
    0,
    1000,
    "Jailed interpreters kept ready per language, for versions that have no worker yet.",
  ),
  blankWorkersMax: number(
    "CODEACTIONS_BLANK_WORKERS_MAX",
    8,
    0,
    1000,
    "The same at most, while first calls have to wait for one.",
  ),
  waitersMax: number(
    "CODEACTIONS_WAITERS_MAX",
    256,
    0,
    100_000,
    "Runs that may wait for a worker; further ones are refused.",
  ),
  waitMs: number(
    "CODEACTIONS_WAIT_MS",
    30_000,
    0,
    900_000,
    "How long a run waits for a worker, in milliseconds.",
  ),
  durableRunsMax: {
    ...number(
      "CODEACTIONS_DURABLE_RUNS_MAX",
      2 * Math.max(8, 8 * availableParallelism()),
      1,
      10_000,
      "Durable runs that this service may have under way at once; further ones wait in the database.",
    ),
    shownDefault: "16 per core",
  },
  queuedRunsMax: number(
    "CODEACTIONS_QUEUED_RUNS_MAX",
    100_000,
    1,
    100_000_000,
    "Durable runs of one project that may wait, for their time or for their turn; further ones are refused, and times of schedules pass without a run.",
  ),
  startMs: number(
    "CODEACTIONS_START_MS",
    30_000,
    1_000,
    300_000,
    "How long a worker may take to load a version, in milliseconds.",
  ),
  idleWorkerMs: number(
    "CODEACTIONS_IDLE_WORKER_MS",
    600_000,
    1_000,
    86_400_000,
    "How long a worker without calls is kept, in milliseconds.",
  ),
  workerRunsMax: number(
    "CODEACTIONS_WORKER_RUNS_MAX",
    10_000,
    1,
    1_000_000_000,
    "Runs after which a worker is replaced.",
  ),

  freezeAfterMs: number(
    "CODEACTIONS_FREEZE_AFTER_MS",
    1_500,
    100,
    86_400_000,
    "How long a worker may be idle before it is stopped until its next run, in milliseconds.",
  ),
  workerAgeMs: number(
    "CODEACTIONS_WORKER_AGE_MS",
    3_600_000,
    1_000,
    2_000_000_000,
    "The age at which a worker is replaced, in milliseconds.",
  ),

  // Nodes: processes that run codes, apart from the one that has the doors
  nodes: nodeEntries(
    "CODEACTIONS_NODES",
    "Nodes that run codes beside the service's own (`serve`), or instead of it (`api`): `10.0.0.3:8051`, `https://node-b:8051`, or `dns:nodes.default.svc:8051` for every address of that name.",
  ),
  nodesLookupMs: number(
    "CODEACTIONS_NODES_LOOKUP_MS",
    5_000,
    100,
    3_600_000,
    "How often the names with `dns:` are looked up again, in milliseconds.",
  ),
  nodeKey: text(
    "CODEACTIONS_NODE_KEY",
    "",
    "The key that services and nodes share, 16 characters or more. It, or the certificates, must be set for `api` and `node`.",
  ),
  nodeTlsCaFile: text(
    "CODEACTIONS_NODE_TLS_CA_FILE",
    "",
    "Certificate authority (PEM) of services and nodes. With it they show each other their certificates.",
  ),
  nodeTlsCertFile: text(
    "CODEACTIONS_NODE_TLS_CERT_FILE",
    "",
    "This process's certificate on the line between services and nodes (PEM).",
  ),
  nodeTlsKeyFile: text("CODEACTIONS_NODE_TLS_KEY_FILE", "", "Private key of that certificate (PEM)."),

  // Limits on one run
  ...limit(
    "timeoutMs",
    "CODEACTIONS_TIMEOUT_MS",
    [60_000, 900_000],
    [1_000, 900_000],
    "A run's own time, in milliseconds",
  ),
  ...limit(
    "memoryLimitBytes",
    "CODEACTIONS_MEMORY_BYTES",
    [256 * MIB, 1024 * MIB],
    [32 * MIB, 4096 * MIB],
    "Memory of a worker, temporary files included",
  ),
  ...limit("maxConcurrency", "CODEACTIONS_CONCURRENCY", [16, 1_000], [1, 1_000], "Runs of one code at once"),
  ...limit(
    "cpuMillis",
    "CODEACTIONS_CPU_MILLIS",
    [1_000, 4_000],
    [50, 64_000],
    "Processor time of a worker per second, in thousandths of a core",
  ),
  cpuTimeMsCeiling: number(
    "CODEACTIONS_CPU_TIME_MS_CEILING",
    900_000,
    10,
    900_000,
    "The most processor time a code may ask for per run, in milliseconds. Without asking it has its time-out's length.",
  ),
  ...limit(
    "outputBytes",
    "CODEACTIONS_OUTPUT_BYTES",
    [4 * MIB, 64 * MIB],
    [1024, 1024 * MIB],
    "Log bytes one run may write",
  ),
  ...limit(
    "processes",
    "CODEACTIONS_PROCESSES",
    [64, 512],
    [16, 32_768],
    "Processes and threads of a worker together",
  ),
  ...limit(
    "tmpBytes",
    "CODEACTIONS_TMP_BYTES",
    [64 * MIB, 1024 * MIB],
    [MIB, 16_384 * MIB],
    "Temporary files of a worker",
  ),
  ...limit(
    "openFiles",
    "CODEACTIONS_OPEN_FILES",
    [256, 4_096],
    [64, 1_048_576],
    "Open files of each process of a worker",
  ),
  lineBytesMax: number(
    "CODEACTIONS_LINE_BYTES_MAX",
    16 * 1024,
    256,
    1024 ** 2,
    "Bytes of one log line; longer ones are cut and marked.",
  ),
  rateLimitRequests: number(
    "CODEACTIONS_RATE_LIMIT_REQUESTS",
    600,
    1,
    1_000_000,
    "Calls of a code's public address let through per window, unless the code says otherwise.",
  ),
  rateLimitWindowMs: number(
    "CODEACTIONS_RATE_LIMIT_WINDOW_MS",
    60_000,
    1_000,
    86_400_000,
    "The length of that window, in milliseconds.",
  ),

  // The jail
  sandbox: choice(
    "CODEACTIONS_SANDBOX",
    "jail",
    ["jail", "none"],
    "`none` runs codes without any wall around them: for trusted code only.",
  ),
  waivedWalls: list(
    "CODEACTIONS_WAIVE_WALLS",
    "Walls to do without where the host cannot build them, by the names `npm run doctor` gives.",
  ),
  pythonCommand: text(
    "CODEACTIONS_PYTHON",
    "python3",
    "The python that codes run on, 3.9 or newer: a name on the path, or a path.",
  ),
  goCommand: text(
    "CODEACTIONS_GO",
    "go",
    "The go that codes are compiled with, 1.19 or newer: a name on the path, or a path.",
  ),
  pythonLibraries: folders(
    "CODEACTIONS_PYTHON_LIBRARIES",
    "Folders of packages that every Python code may import, as a virtual environment's `site-packages`.",
  ),
  pythonPreload: list(
    "CODEACTIONS_PYTHON_PRELOAD",
    "Python modules that workers import before they know their code, such as `requests`.",
  ),
  nodeLibraries: folders(
    "CODEACTIONS_NODE_LIBRARIES",
    "Folders of packages that every JavaScript and TypeScript code may import, as a project's `node_modules`.",
  ),
  librariesBytesMax: number(
    "CODEACTIONS_LIBRARIES_BYTES_MAX",
    1024 ** 3,
    1024 ** 2,
    64 * 1024 ** 3,
    "Bytes of all those folders together; they are copied to memory at the start.",
  ),
  uidBase: number(
    "CODEACTIONS_UID_BASE",
    210_000,
    1_000,
    2_000_000_000,
    "First of the unprivileged user ids that workers run as, one each.",
  ),

  // Who is told when runs have ended
  callbackHttp: flag(
    "CODEACTIONS_CALLBACK_HTTP",
    false,
    "Let callbacks go to `http://` addresses, too: anybody on the way can read them.",
  ),
  callbackCaFile: text(
    "CODEACTIONS_CALLBACK_CA_FILE",
    "",
    "Certificates (PEM) that callbacks trust beside the usual ones.",
  ),

  // What codes may reach
  egressHosts: list(
    "CODEACTIONS_EGRESS_HOSTS",
    "Hosts that codes may reach if neither they nor their project name any: `api.example.org`, `*.example.org`, `host:8443`, or `*` for every public one. None if unset.",
  ),
  egressHostsCeiling: list(
    "CODEACTIONS_EGRESS_HOSTS_CEILING",
    "The only hosts that codes may name, in the same form. Every public one if unset.",
  ),
  egressRanges: list(
    "CODEACTIONS_EGRESS_RANGES",
    "Networks that codes may reach although they are not public, as `10.1.0.0/16`. None if unset.",
  ),
  egressNameServers: list(
    "CODEACTIONS_EGRESS_NAME_SERVERS",
    "Name servers that are asked for the hosts of codes, as `10.0.0.53` or `10.0.0.53:5353`. The host's own if unset.",
  ),
  egressConnections: number(
    "CODEACTIONS_EGRESS_CONNECTIONS",
    32,
    1,
    10_000,
    "Connections to the outside that one run may have open at once.",
  ),
  egressConnectionsPerRun: number(
    "CODEACTIONS_EGRESS_CONNECTIONS_PER_RUN",
    1_000,
    1,
    1_000_000,
    "Connections to the outside that one run may make.",
  ),
  egressBytesPerRun: number(
    "CODEACTIONS_EGRESS_BYTES_PER_RUN",
    256 * MIB,
    1024,
    1024 ** 4,
    "Bytes that one run may send and receive over all its connections.",
  ),
  egressConnectMs: number(
    "CODEACTIONS_EGRESS_CONNECT_MS",
    10_000,
    100,
    300_000,
    "How long finding a host and connecting to it may take, in milliseconds.",
  ),
  egressIdleMs: number(
    "CODEACTIONS_EGRESS_IDLE_MS",
    60_000,
    1_000,
    900_000,
    "How long a connection may be without a byte, in milliseconds.",
  ),

  // What is told
  logLevel: choice(
    "CODEACTIONS_LOG_LEVEL",
    "info",
    ["debug", "info", "warn", "error", "silent"],
    "How much the service's own log says.",
  ),
  logFormat: choice(
    "CODEACTIONS_LOG_FORMAT",
    "auto",
    ["auto", "json", "pretty"],
    "`auto` is pretty on a terminal, JSON elsewhere.",
  ),
  redactedHeaders: list(
    "CODEACTIONS_REDACTED_HEADERS",
    "Further request headers whose values are not recorded with runs. Authorization, Cookie, Proxy-Authorization and X-Api-Key never are.",
  ),
};

type Settings = typeof SETTINGS;
export type Config = {
  readonly [Name in keyof Settings]: Settings[Name] extends Setting<infer Value> ? Value : never;
};

/** A setting is wrong; the message has a line for each one that is. */
export class WrongSettings extends Error {
  override name = "WrongSettings";
}

/** Reads all settings, from this process's environment unless told otherwise. Throws `WrongSettings`. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const wrong: string[] = [];
  const config: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(SETTINGS) as [string, Setting<unknown>][]) {
    const given = environment[setting.variable];
    const value = given === undefined || given === "" ? setting.default : setting.parse(given.trim());
    if (value === undefined)
      wrong.push(`${setting.variable} is ${JSON.stringify(given)}; accepted: ${setting.accepted}`);
    config[name] = value;
  }
  const read = config as Config;
  if (wrong.length === 0) wrong.push(...contradictions(read));
  if (wrong.length > 0) throw new WrongSettings(wrong.join("\n"));
  return { ...read, dataDir: resolve(read.dataDir) };
}

/** The same for a node, whose port is another one unless it is set. Throws also where anybody could give it runs. */
export function readNodeConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const config = readConfig({ ...environment, CODEACTIONS_PORT: environment.CODEACTIONS_PORT || "8051" });
  requireNodeKeys(config, "a node runs whatever it is given");
  return config;
}

/** Throws where neither a key nor certificates say who may give runs to nodes. */
export function requireNodeKeys({ nodeKey, nodeTlsCaFile }: Config, why: string): void {
  if (nodeKey === "" && nodeTlsCaFile === "")
    throw new WrongSettings(
      `${why}: set CODEACTIONS_NODE_KEY to the same 16 characters or more on services and nodes, or CODEACTIONS_NODE_TLS_CA_FILE, CODEACTIONS_NODE_TLS_CERT_FILE and CODEACTIONS_NODE_TLS_KEY_FILE`,
    );
}

/** The README's table of settings, in Markdown. */
export function settingsTable(): string {
  const rows = (Object.values(SETTINGS) as Setting<unknown>[]).map((setting) => {
    const fallback = setting.shownDefault === "" ? "" : `\`${setting.shownDefault}\``;
    return `| \`${setting.variable}\` | ${fallback} | ${setting.meaning} | ${setting.accepted} |`;
  });
  return ["| variable | default | meaning | accepted |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function contradictions(config: Config): string[] {
  const found: string[] = [];
  for (const [name, setting] of Object.entries(SETTINGS) as [keyof Config, Setting<unknown>][]) {
    const ceiling = `${name}Ceiling` as keyof Config;
    if (ceiling in SETTINGS && config[name] > config[ceiling])
      found.push(
        `${setting.variable} is above ${SETTINGS[ceiling].variable}; lower it, or raise the ceiling`,
      );
  }
  if ((config.tlsCertFile === "") !== (config.tlsKeyFile === "")) {
    found.push("CODEACTIONS_TLS_CERT_FILE and CODEACTIONS_TLS_KEY_FILE go together; set both or neither");
  }
  if (config.bootstrapToken !== "" && config.bootstrapToken.length < 16) {
    found.push("CODEACTIONS_BOOTSTRAP_TOKEN is too short; accepted: 16 characters or more");
  }
  const nodeTls = [config.nodeTlsCaFile, config.nodeTlsCertFile, config.nodeTlsKeyFile];
  if (nodeTls.includes("") && nodeTls.some((file) => file !== "")) {
    found.push(
      "CODEACTIONS_NODE_TLS_CA_FILE, CODEACTIONS_NODE_TLS_CERT_FILE and CODEACTIONS_NODE_TLS_KEY_FILE go together; set all or none",
    );
  }
  if (config.nodeKey !== "" && config.nodeKey.length < 16) {
    found.push("CODEACTIONS_NODE_KEY is too short; accepted: 16 characters or more");
  }
  if (config.secretKey !== "" && Buffer.from(config.secretKey, "base64").byteLength !== 32) {
    found.push(
      "CODEACTIONS_SECRET_KEY is not a key; accepted: 32 bytes in base64, as `openssl rand -base64 32` makes them",
    );
  }
  if (config.databaseUrl !== "" && !/^postgres(ql)?:\/\//.test(config.databaseUrl)) {
    found.push(
      "DATABASE_URL is not an address of PostgreSQL; accepted: postgresql://user:password@host:5432/name",
    );
  }
  if (config.redisUrl !== "" && !/^rediss?:\/\/[^/]/.test(config.redisUrl)) {
    found.push(
      "REDIS_URL is not an address of Redis; accepted: redis://user:password@host:6379/0, or rediss:// for TLS",
    );
  }
  return found;
}
