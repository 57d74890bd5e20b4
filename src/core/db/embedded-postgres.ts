import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chown, mkdir, mkdtemp, open, readdir, readFile, readlink, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { Logger } from "../logger.ts";
import {
  choosePlace,
  EmbeddedPostgresUnavailable,
  linkLibraries,
  openSocketFolder,
  ownerOf,
  PORT,
  reachableBinaries,
  removeIfTemporary,
  renameOrDiscard,
  shippedBinaries,
  type User,
} from "./embedded-postgres-place.ts";

/**
 * Theory of operation. The server is the real PostgreSQL, as a child of this process, over a Unix socket only. Between
 * us and it stand three commands that each replace themselves by the next, so that all of them are one process:
 *
 *     flock       one server per folder. The lock is an open file that the server and all of its processes inherit:
 *                 it is held exactly as long as one of them lives, survives no crash, and holds across containers.
 *     sh          with the lock held, a `postmaster.pid` left behind by a crash is wrong by definition and goes.
 *     setpriv     root becomes an unprivileged user, and the kernel is asked to interrupt the server when we end.
 *
 * PostgreSQL takes SIGINT for a fast shutdown: connections are ended, everything is on disk, the next start recovers
 * nothing. That is also what the kernel sends when this process is killed, so nothing outlives it.
 */

const ROLE = "codeactions";
const INITDB_MS_MAX = 300_000;
const START_MS_MAX = 300_000; // Recovery after a crash reads the write-ahead log, which `max_wal_size` bounds.
const STOP_MS_MAX = 60_000;
const PREDECESSOR_MS_MAX = 60_000;
const LOCK_WAIT_SECONDS = 1;
const LOCK_TAKEN = 75;

/** The server's settings on top of PostgreSQL's own; what is committed is on disk. */
const SETTINGS = {
  listen_addresses: "",
  shared_buffers: "64MB",
  max_connections: "50",
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  wal_compression: "on",
  max_wal_size: "512MB",
  // Calls are many and short: compiling a query costs more than it saves.
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  log_destination: "stderr",
  logging_collector: "off",
  log_line_prefix: "",
  // Statements and details of errors can hold what belongs to users.
  log_error_verbosity: "terse",
  log_min_error_statement: "panic",
};

/** Nothing of our own environment is handed on: it holds keys, and `PG…` variables that would be obeyed. */
const ENVIRONMENT = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };

/**
 * Starts the PostgreSQL that came with the packages, with its data below `folder`, and answers when it takes
 * connections. Creates the database at the first start. One service at a time may have a folder; throws
 * `EmbeddedPostgresUnavailable` with what to do about it otherwise. Call it from the main thread: the server ends with
 * the thread that started it.
 */
export async function startEmbeddedPostgres(options: {
  folder: string;
  log: Logger;
}): Promise<EmbeddedPostgres> {
  const { log } = options;
  const startedAt = performance.now();
  await mkdir(options.folder, { recursive: true });
  const folder = await realpath(options.folder);
  const shipped = await shippedBinaries();
  const { place, user } = await choosePlace(folder);
  if (place !== join(folder, "postgres")) {
    log.info(
      { folder: place, uid: user?.uid },
      "the database is not in the data folder, which its user could not enter",
    );
  }
  const binaries = await reachableBinaries(shipped, user);
  const libraries = await linkLibraries(binaries, join(place, "lib"));
  const program: Program = { bin: join(binaries.native, "bin"), libraries, user };

  await createDatabase(program, place, binaries.major, log);
  const socketFolder = await openSocketFolder(place, user);
  try {
    const server = await startServer(program, { folder, place, socketFolder, log });
    await discardUnfinished(place);
    log.info(
      { folder: place, ms: Math.round(performance.now() - startedAt) },
      "the embedded database is ready",
    );
    return new EmbeddedPostgres(server, socketFolder);
  } catch (error) {
    await removeIfTemporary(socketFolder);
    throw error;
  }
}

/** A running server. Dispose of it after everything that is connected to it. */
export class EmbeddedPostgres implements AsyncDisposable {
  /** What `DATABASE_URL` would say. The host is the socket's folder, escaped, which `pg`, MikroORM and libpq all read. */
  readonly url: string;
  readonly #server: Server;
  readonly #socketFolder: string;

  constructor(server: Server, socketFolder: string) {
    this.url = `postgresql://${ROLE}@${encodeURIComponent(socketFolder)}:${PORT}/postgres`;
    this.#server = server;
    this.#socketFolder = socketFolder;
  }

  /** Ends all connections, writes everything to disk and waits until the server is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
    await removeIfTemporary(this.#socketFolder);
  }
}

/** What it takes to run one of PostgreSQL's programs. The user is undefined where we are unprivileged ourselves. */
interface Program {
  readonly bin: string;
  readonly libraries: string;
  readonly user: User | undefined;
}

/** Creates the database unless there is one; it appears whole or not at all, whenever we are killed. */
async function createDatabase(program: Program, place: string, major: string, log: Logger): Promise<void> {
  const data = join(place, "data");
  const found = await readFile(join(data, "PG_VERSION"), "utf8").catch(() => undefined);
  if (found !== undefined) {
    if (found.trim() === major) return;
    const message = `the database in ${data} was made by PostgreSQL ${found.trim()} and this is PostgreSQL ${major}; dump it with the former and load it into the latter, or set CODEACTIONS_DATA_DIR to another folder`;
    throw new EmbeddedPostgresUnavailable(message);
  }
  log.info({ folder: data }, "creating the database");
  const unfinished = await mkdtemp(join(place, "new-"));
  if (program.user !== undefined) await chown(unfinished, program.user.uid, program.user.gid);
  const [command, ...rest] = asUser(program, "KILL", "initdb", [
    `--pgdata=${unfinished}`,
    `--username=${ROLE}`,
    "--encoding=UTF8",
    // Sorted by code point and without the host's locales, whose order changes with its libraries under our indexes.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    // Safe only because nobody else reaches the socket, see `openSocketFolder`.
    "--auth-local=trust",
    "--auth-host=reject",
    "--no-instructions",
  ]);
  try {
    await promisify(execFile)(command!, rest, {
      cwd: "/",
      env: environment(program),
      timeout: INITDB_MS_MAX,
    });
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    // A service that starts at the same moment may have been faster and tidied up.
    if ((await ownerOf(data)) !== undefined) return;
    throw new EmbeddedPostgresUnavailable(`the database in ${data} could not be created: ${said(cause)}`, {
      cause,
    });
  }
  await renameOrDiscard(unfinished, data);
}

async function discardUnfinished(place: string): Promise<void> {
  const names = (await readdir(place)).filter((name) => name.startsWith("new-"));
  for (const name of names) await rm(join(place, name), { recursive: true, force: true });
}

function said(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return stderr?.trim() || message;
}

interface ServerOptions {
  readonly folder: string;
  readonly place: string;
  readonly socketFolder: string;
  readonly log: Logger;
}

/** Starts the server once its predecessor is gone: one whose service was killed a moment ago is still stopping. */
async function startServer(program: Program, options: ServerOptions): Promise<Server> {
  // The lock is made here so that nobody else may open, and so hold, it.
  await (await open(join(options.place, "lock"), "a", 0o600)).close();
  const giveUpAt = performance.now() + PREDECESSOR_MS_MAX;
  for (;;) {
    const predecessor = await postmasterOf(join(options.place, "data"));
    if (predecessor !== undefined) {
      if (predecessor.serving) {
        const message = `the database in ${options.folder} is in use by the process ${predecessor.service}; stop that one, or set CODEACTIONS_DATA_DIR to another folder`;
        throw new EmbeddedPostgresUnavailable(message);
      }
      // The kernel has sent it this signal already, unless its service was killed while it was being started.
      options.log.debug({ pid: predecessor.pid }, "waiting for the server of an ended service to stop");
      interrupt(predecessor.pid);
    }
    const server = new Server(program, options);
    if (await server.started()) return server;
    if (performance.now() > giveUpAt) {
      const message = `the database in ${options.folder} is still held, by a server that does not stop or by one in another container; stop it, or set CODEACTIONS_DATA_DIR to another folder`;
      throw new EmbeddedPostgresUnavailable(message);
    }
  }
}

/** The server process, from its start to its end. */
class Server {
  readonly #process: ChildProcess;
  readonly #log: Logger;
  readonly #ended: Promise<number | null>;
  readonly #ready = Promise.withResolvers<"ready">();
  readonly #lastLines: string[] = [];
  #state: "starting" | "serving" | "stopping" = "starting";

  constructor(program: Program, { place, socketFolder, log }: ServerOptions) {
    const data = join(place, "data");
    const settings = {
      ...SETTINGS,
      unix_socket_directories: socketFolder,
      port: PORT,
      [SERVICE_SETTING]: process.pid,
    };
    const server = asUser(program, "INT", "postgres", [
      `-D${data}`,
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ]);
    const patience = [`--timeout=${LOCK_WAIT_SECONDS}`, `--conflict-exit-code=${LOCK_TAKEN}`];
    const lock = ["--exclusive", "--no-fork", ...patience, join(place, "lock")];
    const unlock = ["sh", "-c", 'rm -f "$0" && exec "$@"', join(data, "postmaster.pid")];
    this.#log = log;
    this.#process = spawn("flock", [...lock, ...unlock, ...server], {
      // The service's user may not be able to enter the folder we are in.
      cwd: "/",
      env: environment(program),
      // A group of its own: an interrupt from the terminal is for us, who still need the database while we stop.
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const ended = Promise.withResolvers<number | null>();
    this.#ended = ended.promise;
    this.#process.once("error", (error) => this.#remember(error.message));
    // "close" comes after the last line, and also when there was nothing to start.
    this.#process.once("close", (code) => {
      if (this.#state === "serving") log.error({ code }, "the embedded database ended; restart the service");
      ended.resolve(code);
    });
    createInterface({ input: this.#process.stderr! }).on("line", (line) => this.#hear(line));
  }

  /** Waits until the server takes connections. False when another server holds the folder; throws if it fails. */
  async started(): Promise<boolean> {
    const timeout = Promise.withResolvers<"timeout">();
    const timer = setTimeout(timeout.resolve, START_MS_MAX, "timeout");
    const outcome = await Promise.race([this.#ready.promise, this.#ended, timeout.promise]);
    clearTimeout(timer);
    if (outcome === "ready") {
      this.#state = "serving";
      return true;
    }
    if (outcome === LOCK_TAKEN) return false;
    await this.stop();
    const reason = outcome === "timeout" ? `it was not ready within ${START_MS_MAX} ms` : "it ended";
    throw new EmbeddedPostgresUnavailable(
      `PostgreSQL did not start: ${reason}\n${this.#lastLines.join("\n")}`,
    );
  }

  async stop(): Promise<void> {
    this.#state = "stopping";
    this.#process.kill("SIGINT");
    // A server that cannot write everything in time ends without; its log makes up for it at the next start.
    const timer = setTimeout(() => this.#process.kill("SIGQUIT"), STOP_MS_MAX);
    await this.#ended;
    clearTimeout(timer);
  }

  #hear(line: string): void {
    this.#remember(line);
    const [, severity = "LOG", message = line] = /^([A-Z]+): {2}(.*)$/.exec(line) ?? [];
    if (message === "database system is ready to accept connections") this.#ready.resolve("ready");
    const matters = ["WARNING", "ERROR", "FATAL", "PANIC"].includes(severity) && this.#state !== "stopping";
    this.#log[matters ? "warn" : "debug"]({ severity, message }, "PostgreSQL says");
  }

  #remember(line: string): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > 20) this.#lastLines.shift();
  }
}

/** A setting PostgreSQL itself makes nothing of; on the command line it tells other services whose server this is. */
const SERVICE_SETTING = "codeactions.service_pid";

interface Postmaster {
  readonly pid: number;
  /** The process that started it, or itself if that was no service of ours. */
  readonly service: number;
  /** Whether that process is alive. */
  readonly serving: boolean;
}

/** The server that runs on this data at the moment. A `postmaster.pid` whose process is something else is left over. */
async function postmasterOf(data: string): Promise<Postmaster | undefined> {
  try {
    const pid = Number.parseInt(await readFile(join(data, "postmaster.pid"), "utf8"), 10);
    // A server's working folder is its data; process ids alone are used again after a crash.
    if ((await readlink(`/proc/${pid}/cwd`)) !== data) return undefined;
    const command = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0");
    const parent = /^PPid:\s*(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1];
    const service = command
      .find((word) => word.startsWith(`${SERVICE_SETTING}=`))
      ?.slice(SERVICE_SETTING.length + 1);
    if (service === undefined) return { pid, service: pid, serving: true };
    return { pid, service: Number(service), serving: parent === service };
  } catch {
    // No such file, or no such process (any more).
    return undefined;
  }
}

function interrupt(pid: number): void {
  try {
    process.kill(pid, "SIGINT");
  } catch {
    // It has ended.
  }
}

/**
 * The command line that runs one of PostgreSQL's programs as its user and sends it the signal when we end. The signal
 * has to be asked for after the change of user, which forgets it; setpriv does it last.
 */
function asUser(program: Program, deathSignal: "INT" | "KILL", name: string, options: string[]): string[] {
  const { bin, user } = program;
  const change = user === undefined ? [] : [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"];
  return [
    "setpriv",
    ...change,
    "--no-new-privs",
    `--pdeathsig=${deathSignal}`,
    "--",
    join(bin, name),
    ...options,
  ];
}

function environment(program: Program): NodeJS.ProcessEnv {
  return { ...ENVIRONMENT, LD_LIBRARY_PATH: program.libraries };
}
