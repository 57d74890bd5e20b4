import { availableParallelism } from "node:os";
import { resolve } from "node:path";

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
  blankWorkers: number(
    "CODEACTIONS_BLANK_WORKERS",
    2,
    0,
    1000,
    "Jailed interpreters kept ready per language, for versions that have no worker yet.",
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

  // Limits on one run
  memoryBytesCeiling: number(
    "CODEACTIONS_MEMORY_BYTES_CEILING",
    1024 ** 3,
    32 * 1024 ** 2,
    4 * 1024 ** 3,
    "The largest `memory_limit_bytes` a code may ask for.",
  ),
  outputBytesMax: number(
    "CODEACTIONS_OUTPUT_BYTES_MAX",
    4 * 1024 ** 2,
    1024,
    1024 ** 3,
    "Log bytes one run may write.",
  ),
  lineBytesMax: number(
    "CODEACTIONS_LINE_BYTES_MAX",
    16 * 1024,
    256,
    1024 ** 2,
    "Bytes of one log line; longer ones are cut and marked.",
  ),
  tmpBytesMax: number(
    "CODEACTIONS_TMP_BYTES_MAX",
    64 * 1024 ** 2,
    1024 ** 2,
    16 * 1024 ** 3,
    "Bytes of temporary files one worker may hold.",
  ),
  pidsMax: number("CODEACTIONS_PIDS_MAX", 64, 16, 100_000, "Processes and threads one worker may have."),
  openFilesMax: number(
    "CODEACTIONS_OPEN_FILES_MAX",
    256,
    64,
    1_048_576,
    "Files one process of a worker may have open.",
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
  uidBase: number(
    "CODEACTIONS_UID_BASE",
    210_000,
    1_000,
    2_000_000_000,
    "First of the unprivileged user ids that workers run as, one each.",
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
  if ((config.tlsCertFile === "") !== (config.tlsKeyFile === "")) {
    found.push("CODEACTIONS_TLS_CERT_FILE and CODEACTIONS_TLS_KEY_FILE go together; set both or neither");
  }
  if (config.bootstrapToken !== "" && config.bootstrapToken.length < 16) {
    found.push("CODEACTIONS_BOOTSTRAP_TOKEN is too short; accepted: 16 characters or more");
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
  return found;
}

interface Setting<Value> {
  readonly variable: string;
  readonly default: Value;
  readonly shownDefault: string;
  readonly meaning: string;
  readonly accepted: string;
  /** The value, or undefined when the text is not accepted. */
  parse(given: string): Value | undefined;
}

function text(variable: string, fallback: string, meaning: string): Setting<string> {
  return {
    variable,
    default: fallback,
    shownDefault: fallback,
    meaning,
    accepted: "text",
    parse: (given) => given,
  };
}

function number(
  variable: string,
  fallback: number,
  least: number,
  most: number,
  meaning: string,
): Setting<number> {
  const accepted = `a whole number from ${least} to ${most}`;
  const parse = (given: string) => {
    const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
    return value >= least && value <= most ? value : undefined;
  };
  return { variable, default: fallback, shownDefault: String(fallback), meaning, accepted, parse };
}

function flag(variable: string, fallback: boolean, meaning: string): Setting<boolean> {
  const parse = (given: string) => ({ true: true, "1": true, false: false, "0": false })[given.toLowerCase()];
  return {
    variable,
    default: fallback,
    shownDefault: String(fallback),
    meaning,
    accepted: "true or false",
    parse,
  };
}

function choice<const Value extends string>(
  variable: string,
  fallback: NoInfer<Value>,
  values: readonly Value[],
  meaning: string,
): Setting<Value> {
  const parse = (given: string) => values.find((value) => value === given);
  return { variable, default: fallback, shownDefault: fallback, meaning, accepted: values.join(", "), parse };
}

function list(variable: string, meaning: string): Setting<readonly string[]> {
  const parse = (given: string) =>
    given
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== "");
  return { variable, default: [], shownDefault: "", meaning, accepted: "a list separated by commas", parse };
}

function url(variable: string, meaning: string): Setting<string> {
  const parse = (given: string) =>
    /^https?:\/\/[^/]+/.test(given) && URL.canParse(given) ? given.replace(/\/+$/, "") : undefined;
  return {
    variable,
    default: "",
    shownDefault: "",
    meaning,
    accepted: "an http:// or https:// address",
    parse,
  };
}
