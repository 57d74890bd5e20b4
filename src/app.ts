import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Pool as PostgresPool } from "pg";
import { codeHandlers } from "./api/codes.ts";
import { endpointDoor } from "./api/endpoint.ts";
import { logHandlers } from "./api/logs.ts";
import { projectHandlers } from "./api/projects.ts";
import { rpcDoor } from "./api/rpc.ts";
import { runHandlers } from "./api/runs.ts";
import { openServer } from "./api/server.ts";
import { statusDoor } from "./api/status.ts";
import type { Config } from "./core/config.ts";
import { startEmbeddedPostgres } from "./core/db/embedded-postgres.ts";
import type { Code } from "./core/db/entities/codes.ts";
import { migrate, openOrm } from "./core/db/orm.ts";
import { newId } from "./core/ids.ts";
import { openKeys } from "./core/keys.ts";
import type { Logger } from "./core/logger.ts";
import { Metrics } from "./core/metrics.ts";
import { openRedis, type RedisConnection } from "./core/redis.ts";
import { LocalNode } from "./runner/local-node.ts";
import { Pool, refusalFor } from "./runner/pool.ts";
import { type Language, type LanguageState, NotAccepted } from "./sandbox/program.ts";
import { openSandbox, type Sandbox } from "./sandbox/sandbox.ts";
import type { SandboxSettings } from "./sandbox/settings.ts";
import { Catalog } from "./services/catalog.ts";
import { type CheckSource, Codes } from "./services/codes.ts";
import { requireHostSettings } from "./services/egress-hosts.ts";
import { Execution } from "./services/execution.ts";
import { Instance } from "./services/instance.ts";
import { Journal } from "./services/journal.ts";
import { LogBus } from "./services/log-bus.ts";
import { LogHistory } from "./services/log-history.ts";
import { Logs } from "./services/logs.ts";
import { type News, noNews } from "./services/news.ts";
import { newsEffects } from "./services/news-effects.ts";
import { Projects } from "./services/projects.ts";
import { RedisNews } from "./services/redis-news.ts";
import { RunRecords } from "./services/run-records.ts";
import { Runs } from "./services/runs.ts";
import { Secrets } from "./services/secrets.ts";
import { ServiceLock } from "./services/service-lock.ts";
import { redactedHeaderNames } from "./services/stored-input.ts";

/** The running service: every part, wired once. Closing it drains and leaves nothing behind. */
export interface App extends AsyncDisposable {
  /** Address under which it listens, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** The operator's token, where this start made it; it cannot be seen again. */
  readonly newToken: string | undefined;
  readonly projects: Projects;
  readonly codes: Codes;
  readonly runs: Runs;
  readonly logs: Logs;
  readonly languages: () => LanguageState[];
  /** Resolves when the language is ready or known to be missing. */
  readonly languageSettled: Sandbox["settled"];
  /** Resolves when the service cannot go on by itself, with the reason. */
  readonly failed: Promise<Error>;
}

const CLOSE_JOURNAL_MS = 5_000;
/** Redis answers within milliseconds, or something is wrong with it. */
const NEWS_COMMAND_MS = 2_000;
/** A call waits this long for its count at most, and is then counted here alone. */
const LIMIT_COMMAND_MS = 500;

/** Starts everything, innermost first. What was started is closed again when a later part fails. */
export async function startApp(config: Config, log: Logger): Promise<App> {
  await using parts = new AsyncDisposableStack();
  const failed = Promise.withResolvers<Error>();
  const instanceId = newId();
  requireHostSettings(config);

  // Infrastructure: where things are kept.
  // The database and the jails run as users of their own: they may pass through, and look at nothing on the way.
  await mkdir(config.dataDir, { recursive: true, mode: 0o711 });
  const keys = await openKeys(config.secretKey, config.dataDir);
  const metrics = new Metrics();
  // The sandbox prepares its jails while the database starts.
  const sandboxStarting = openSandbox(sandboxSettings(config), log);
  const sandboxOrNothing = sandboxStarting.catch(() => undefined);
  parts.defer(async () => (await sandboxOrNothing)?.[Symbol.asyncDispose]());
  const databaseUrl = config.databaseUrl || (await startPostgres(parts, config, log));
  const place = {
    databaseUrl,
    instanceId,
    keyFingerprint: keys.fingerprint,
    isShared: config.redisUrl !== "",
  };
  const lock = parts.use(new ServiceLock(place, failed.resolve));
  await lock.take();
  const orm = await openOrm(databaseUrl, config.databaseConnectionsMax);
  parts.defer(() => orm.close(true));
  const migrated = await migrate(orm);
  if (migrated.length > 0) log.info({ migrated }, "migrated the database");
  const postgres = new PostgresPool({ connectionString: databaseUrl, max: config.databaseConnectionsMax });
  postgres.on("error", (error) => log.warn({ error }, "a connection to the database broke"));
  parts.defer(() => postgres.end());

  // The engine room, and the pool over it.
  const sandbox = await sandboxStarting;
  const pool = parts.use(new Pool({ nodes: [new LocalNode(sandbox)], log }));

  // Services: what the product does.
  const shared = config.redisUrl === "" ? undefined : await openShared(parts, config, lock, log);
  const news = parts.use(
    openNews({
      shared,
      lock,
      instanceId,
      log,
      metrics,
      place: () => journal.place(),
    }),
  );
  const tell: News["tell"] = (item) => news.tell(item);
  const bus = new LogBus(news);
  const journal = new Journal({
    pool: postgres,
    log,
    settings: { writer: instanceId },
    committed: (chunks) => bus.committed(chunks),
  });
  const lease = { id: instanceId, leaseMs: config.leaseMs, retentionDays: config.retentionDays };
  const instance = parts.use(new Instance({ orm, pool: postgres, journal, bus, log, settings: lease }));
  parts.defer(() => journal.close(CLOSE_JOURNAL_MS));
  const catalog = new Catalog({
    orm,
    pool: postgres,
    settings: config,
    deleted: (codeId) => execution.cancelWaiting(codeId),
    tell,
  });
  const secrets = new Secrets({ orm, key: keys.secrets, tell });
  const projects = new Projects({
    orm,
    tokenKey: keys.tokens,
    projectChanged: () => catalog.forgetAll(),
    tell,
    settings: config,
  });
  const codes = new Codes({
    orm,
    catalog,
    checkSource: checkWith(sandbox),
    settings: config,
  });
  const redactedHeaders = redactedHeaderNames(config.redactedHeaders);
  const records = new RunRecords({ orm, redactedHeaders });
  const execution: Execution = new Execution({
    orm,
    pool,
    journal,
    bus,
    secrets,
    log,
    owner: instanceId,
    redactedHeaders,
    finished: (run) => {
      metrics.runs.inc({ status: run.status, trigger: run.trigger, start: run.cold ? "cold" : "warm" });
      metrics.runSeconds.observe((run.wallUs ?? 0) / 1e6);
    },
  });
  parts.defer(() => execution.drain(config.drainMs));
  const runs = new Runs({ orm, execution, journal, bus, catalog, records, news, settings: config });
  const logs = new Logs({
    orm,
    bus,
    history: new LogHistory(postgres),
    news,
    writer: instanceId,
    place: () => journal.place(),
  });
  watch(metrics, { sandbox, journal, execution, bus });
  await news.start(newsEffects({ catalog, projects, secrets, execution, bus, quarantine: () => {} }));
  await instance.start();
  const newToken = await projects.bootstrap(config.bootstrapToken);

  // Doors: how callers come in.
  const rateLimit = { requests: config.rateLimitRequests, windowMs: config.rateLimitWindowMs };
  const rpc = rpcDoor({
    runs,
    log,
    metrics,
    projects,
    handlers: {
      codes: codeHandlers({
        codes,
        secrets,
        rateLimit,
        limits: config,
        publicUrlOf: (code) => publicUrlOf(code, publicUrl),
      }),
      runs: runHandlers({ runs, records, logs }),
      logs: logHandlers({ logs }),
      projects: projectHandlers({ projects }),
    },
  });
  const status = statusDoor({
    metrics,
    dependencies: [
      { name: "database", needed: true, check: () => postgres.query("select 1").then(() => "answers") },
      { name: "pool", needed: true, check: async () => describePool(pool) },
      ...(config.redisUrl === ""
        ? []
        : [{ name: "redis", needed: false, check: async () => news.describe() }]),
      ...sandbox.languages().map(({ language }) => ({
        name: language,
        needed: false,
        check: async () => describeLanguage(sandbox, language),
      })),
    ],
    remarks: () => waiversOf(config),
  });
  const endpoint = endpointDoor({
    catalog,
    runs,
    projects,
    log,
    rateLimit,
    sharedCounts: shared && {
      redis: shared.open("limits", LIMIT_COMMAND_MS),
      prefix: shared.prefix,
    },
    endpointHost: config.endpointHost,
  });
  const server = parts.use(
    await openServer({
      host: config.host,
      port: config.port,
      tls: await readTls(config),
      connectionsMax: config.connectionsMax,
      log,
      doors: [endpoint, rpc.door, status],
      corsOrigins: config.corsOrigins,
    }),
  );
  parts.defer(() => server.drain(config.drainMs));
  parts.defer(() => rpc.drain());
  const scheme = config.tlsCertFile === "" ? "http" : "https";
  const url = `${scheme}://${config.host.includes(":") ? `[${config.host}]` : config.host}:${server.port}`;
  const publicUrl = config.publicUrl || url;

  const running = parts.move();
  return {
    url,
    port: server.port,
    newToken,
    projects,
    codes,
    runs,
    logs,
    languages: () => sandbox.languages(),
    languageSettled: (language, signal) => sandbox.settled(language, signal),
    failed: failed.promise,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** What services on one database have in common beside it. */
interface Shared {
  /** What begins all that this installation has in Redis. */
  readonly prefix: string;
  /** A connection of its own, closed with everything else. */
  open(name: string, commandMs: number): RedisConnection;
}

async function openShared(
  parts: AsyncDisposableStack,
  config: Config,
  lock: ServiceLock,
  log: Logger,
): Promise<Shared> {
  const open = (name: string, commandMs: number) =>
    parts.adopt(openRedis({ url: config.redisUrl, name, log, commandMs }), (redis) => redis.disconnect());
  return { prefix: `codeactions:${await lock.databaseId()}:`, open };
}

/** What other services say, where Redis carries it. */
function openNews(parts: {
  shared: Shared | undefined;
  lock: ServiceLock;
  instanceId: string;
  log: Logger;
  metrics: Metrics;
  place: () => number;
}): News {
  const { shared, lock, instanceId, log, metrics, place } = parts;
  if (shared === undefined) return noNews;
  const news = new RedisNews({
    id: instanceId,
    prefix: shared.prefix,
    publisher: shared.open("publisher", NEWS_COMMAND_MS),
    subscriber: shared.open("subscriber", NEWS_COMMAND_MS),
    others: () => lock.others(),
    place,
    log,
  });
  metrics.gauge("codeactions_news_connected", "1 while all that other services say is heard.", () =>
    news.isComplete ? 1 : 0,
  );
  metrics.gauge("codeactions_news_told", "What others were told.", () => news.figures.told);
  metrics.gauge("codeactions_news_heard", "What others have told.", () => news.figures.heard);
  metrics.gauge("codeactions_news_lost", "How often something was missing.", () => news.figures.lost);
  return news;
}

/** The embedded database, which closes with everything else. */
async function startPostgres(parts: AsyncDisposableStack, config: Config, log: Logger): Promise<string> {
  const postgres = parts.use(await startEmbeddedPostgres({ folder: config.dataDir, log }));
  return postgres.url;
}

/** What an operator should be reminded of wherever the service tells how it is. */
function waiversOf(config: Config): string[] {
  if (config.sandbox === "none") return ["CODEACTIONS_SANDBOX=none: codes run without any wall around them"];
  return config.waivedWalls.map((wall) => `the wall "${wall}" is waived by CODEACTIONS_WAIVE_WALLS`);
}

/** The sandbox looks at a source; what it refuses becomes our refusal. */
function checkWith(sandbox: Sandbox): CheckSource {
  return async (language, source, signal) => {
    try {
      return await sandbox.check(language, source, signal);
    } catch (error) {
      if (!(error instanceof NotAccepted)) throw error;
      throw refusalFor(error, language);
    }
  };
}

async function describePool(pool: Pool): Promise<string> {
  const nodes = pool.describe();
  const closed = nodes.filter((node) => node.state === "closed");
  if (closed.length === 0)
    throw new Error(nodes.map((node) => `${node.node} is ${node.state}: ${node.reason}`).join("; "));
  return `${closed.length} of ${nodes.length} nodes take runs`;
}

function describeLanguage(sandbox: Sandbox, language: Language): string {
  const state = sandbox.languages().find((candidate) => candidate.language === language);
  if (state === undefined) throw new Error("not known");
  if (state.state === "missing") throw new Error(`${state.why}; ${state.fix}`);
  return state.state === "preparing" ? `being made ready: ${state.progress}` : state.runtime;
}

function watch(
  metrics: Metrics,
  parts: { sandbox: Sandbox; journal: Journal; execution: Execution; bus: LogBus },
): void {
  const { sandbox, journal, execution, bus } = parts;
  metrics.gauge("codeactions_runs_under_way", "Runs under way.", () => execution.underWay);
  metrics.gauge(
    "codeactions_journal_pending_bytes",
    "Bytes that wait to be committed.",
    () => journal.pendingBytes,
  );
  metrics.gauge("codeactions_log_followers", "Streams that follow a log.", () => bus.followers);
  metrics.gauge("codeactions_workers_busy", "Workers that serve a run.", () => sandbox.describe().busy);
  metrics.gauge(
    "codeactions_workers_idle",
    "Warm workers that wait for a run.",
    () => sandbox.describe().idle,
  );
  metrics.gauge("codeactions_workers_blank", "Started interpreters that wait for a version.", () => {
    const { python, javascript } = sandbox.describe().blank;
    return python + javascript;
  });
  metrics.gauge(
    "codeactions_workers_memory_bytes",
    "Memory of all workers together.",
    () => sandbox.describe().memoryBytes,
  );
  metrics.gauge("codeactions_workers_max", "Workers there may be.", () => sandbox.describe().capacity);
  metrics.gauge("codeactions_runs_waiting", "Runs that wait for a worker.", () => sandbox.describe().waiting);
}

function publicUrlOf(code: Readonly<Code>, base: string): string {
  return code.type === "ENDPOINT" ? `${base}/action/endpoint/${code.id}` : "";
}

async function readTls(config: Config): Promise<{ cert: Buffer; key: Buffer } | undefined> {
  if (config.tlsCertFile === "") return undefined;
  const [cert, key] = await Promise.all([readFile(config.tlsCertFile), readFile(config.tlsKeyFile)]);
  return { cert, key };
}

function sandboxSettings(config: Config): SandboxSettings {
  return {
    mode: config.sandbox,
    waivedWalls: config.waivedWalls,
    folder: join(config.dataDir, "sandbox"),
    goFolder: config.goDir || join(config.dataDir, "sandbox", "go"),
    pythonCommand: config.pythonCommand,
    goCommand: config.goCommand,
    uidBase: config.uidBase,
    workersMax: config.workersMax,
    workersMemoryBytesMax: config.workersMemoryBytes,
    spareMemoryBytes: config.spareMemoryBytes,
    blankWorkersPerLanguage: config.blankWorkers,
    blankWorkersPerLanguageMax: config.blankWorkersMax,
    waitersMax: config.waitersMax,
    waitMs: config.waitMs,
    startMs: config.startMs,
    idleWorkerMs: config.idleWorkerMs,
    freezeAfterMs: config.freezeAfterMs,
    workerRunsMax: config.workerRunsMax,
    workerAgeMs: config.workerAgeMs,
    lineBytesMax: config.lineBytesMax,
    tmpBytesMax: config.tmpBytes,
    openFilesMax: config.openFiles,
    pidsMax: config.processes,
    libraries: {
      python: config.pythonLibraries,
      pythonPreload: config.pythonPreload,
      node: config.nodeLibraries,
      bytesMax: config.librariesBytesMax,
    },
    egress: {
      allowedRanges: config.egressRanges,
      nameServers: config.egressNameServers,
      connectionsMax: config.egressConnections,
      connectionsPerRunMax: config.egressConnectionsPerRun,
      bytesPerRunMax: config.egressBytesPerRun,
      connectMs: config.egressConnectMs,
      idleMs: config.egressIdleMs,
    },
  };
}
