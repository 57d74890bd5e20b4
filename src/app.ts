import { mkdir, readFile } from "node:fs/promises";
import { Pool as PostgresPool } from "pg";
import { callbackBody } from "./api/callbacks.ts";
import { codeHandlers } from "./api/codes.ts";
import { endpointDoor } from "./api/endpoint.ts";
import { logHandlers } from "./api/logs.ts";
import { poolHandlers } from "./api/pool.ts";
import { projectHandlers } from "./api/projects.ts";
import { rpcDoor } from "./api/rpc.ts";
import { runHandlers } from "./api/runs.ts";
import { scheduleHandlers } from "./api/schedules.ts";
import { openServer } from "./api/server.ts";
import { statusDoor } from "./api/status.ts";
import { type Config, WrongSettings } from "./core/config.ts";
import { startEmbeddedPostgres } from "./core/db/embedded-postgres.ts";
import type { Code } from "./core/db/entities/codes.ts";
import { Listener } from "./core/db/listener.ts";
import { migrate, openOrm } from "./core/db/orm.ts";
import { newId } from "./core/ids.ts";
import { openKeys } from "./core/keys.ts";
import type { Logger } from "./core/logger.ts";
import { Metrics } from "./core/metrics.ts";
import { openRedis, type RedisConnection } from "./core/redis.ts";
import { describeLanguage, sandboxSettings, waiversOf, watchSandbox } from "./engine.ts";
import { openNodeList, requireNodes, settledAfar } from "./remote-nodes.ts";
import { languagesOf } from "./runner/languages.ts";
import { LocalNode } from "./runner/local-node.ts";
import { Pool } from "./runner/pool.ts";
import { measurePool } from "./runner/pool-metrics.ts";
import type { Way } from "./sandbox/egress/dial.ts";
import { openLookup } from "./sandbox/egress/lookup.ts";
import { parseRanges } from "./sandbox/egress/rules.ts";
import { LANGUAGES, type LanguageState } from "./sandbox/program.ts";
import { openSandbox, type Sandbox } from "./sandbox/sandbox.ts";
import { openPost } from "./services/callback-post.ts";
import { Callbacks } from "./services/callbacks.ts";
import { Cancellations } from "./services/cancellations.ts";
import { Catalog } from "./services/catalog.ts";
import { Codes } from "./services/codes.ts";
import { Dispatcher } from "./services/dispatcher.ts";
import { DurableFigures } from "./services/durable-figures.ts";
import { DUE_CHANNEL } from "./services/durable-orders.ts";
import { DurableQueue } from "./services/durable-queue.ts";
import { DurableRuns } from "./services/durable-runs.ts";
import { requireHostSettings } from "./services/egress-hosts.ts";
import { Execution } from "./services/execution.ts";
import { Instance } from "./services/instance.ts";
import { Journal } from "./services/journal.ts";
import { Lease } from "./services/lease.ts";
import { LogBus } from "./services/log-bus.ts";
import { LogHistory } from "./services/log-history.ts";
import { Logs } from "./services/logs.ts";
import { LostRuns } from "./services/lost-runs.ts";
import { type News, noNews } from "./services/news.ts";
import { newsEffects } from "./services/news-effects.ts";
import { PoolView } from "./services/pool-view.ts";
import { Projects } from "./services/projects.ts";
import { RedisNews } from "./services/redis-news.ts";
import { RunEndings } from "./services/run-endings.ts";
import { RunRecords } from "./services/run-records.ts";
import { Runs } from "./services/runs.ts";
import { ScheduleFires } from "./services/schedule-fires.ts";
import { Schedules } from "./services/schedules.ts";
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
/** One claims, the other one looks. */
const DISPATCH_CONNECTIONS = 2;
const GENERIC_PLANS = "-c plan_cache_mode=force_generic_plan";
const STILL_WAITING = "runs of a deleted code could not be cancelled while they wait";
/** Redis answers within milliseconds, or something is wrong with it. */
const NEWS_COMMAND_MS = 2_000;
/** A call waits this long for its count at most, and is then counted here alone. */
const LIMIT_COMMAND_MS = 500;

/** With a node inside the process, or with its doors only. */
export interface Shape {
  readonly localNode: boolean;
}

const WHOLE: Shape = { localNode: true };

/** Starts everything, innermost first. What was started is closed again when a later part fails. */
export async function startApp(config: Config, log: Logger, shape = WHOLE): Promise<App> {
  await using parts = new AsyncDisposableStack();
  const failed = Promise.withResolvers<Error>();
  const instanceId = newId();
  requireHostSettings(config);
  requireNodes(config, shape.localNode);

  // Infrastructure: where things are kept.
  // The database and the jails run as users of their own: they may pass through, and look at nothing on the way.
  await mkdir(config.dataDir, { recursive: true, mode: 0o711 });
  const keys = await openKeys(config.secretKey, config.dataDir);
  const metrics = new Metrics();
  // The sandbox prepares its jails while the database starts.
  const sandboxStarting = shape.localNode
    ? openSandbox(sandboxSettings(config), log)
    : Promise.resolve(undefined);
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
  const postgres = openPool(parts, databaseUrl, config.databaseConnectionsMax, log);
  // Planning a claim over all days takes ten times as long as the claim: once per connection is enough.
  const dispatching = openPool(parts, databaseUrl, DISPATCH_CONNECTIONS, log, GENERIC_PLANS);

  // The engine room, and the pool over it.
  const sandbox = await sandboxStarting;
  const pool = parts.use(new Pool({ settings: config, log }));
  const localNodes = sandbox === undefined ? [] : [new LocalNode(sandbox)];
  pool.setNodes(localNodes);
  parts.use(await openNodeList(config, log, (remoteNodes) => pool.setNodes([...localNodes, ...remoteNodes])));
  const languages = () => languagesOf(statesOf(pool, sandbox));

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
    gone: failed.resolve,
  });
  const lease = new Lease({
    databaseUrl,
    log,
    settings: { id: instanceId, leaseMs: config.leaseMs },
    gone: failed.resolve,
    renewed: () => void lostRuns.look(),
  });
  const instance = parts.use(new Instance({ orm, pool: postgres, lease, log, settings: config }));
  parts.defer(() => journal.close(CLOSE_JOURNAL_MS));
  const catalog = new Catalog({
    orm,
    pool: postgres,
    settings: config,
    deleted: (codeId) => {
      execution.cancelWaiting(codeId);
      // What is left of them ends when its turn comes: the code is not found then.
      cancellations.codeDeleted(codeId).catch((error: unknown) => log.warn({ error, codeId }, STILL_WAITING));
    },
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
    checkSource: (language, source, signal) => pool.check(language, source, signal),
    settings: config,
  });
  const redactedHeaders = redactedHeaderNames(config.redactedHeaders);
  const records = new RunRecords({
    orm,
    redactedHeaders,
    deliveriesOf: (runIds) => callbacks.deliveriesOf(runIds),
  });
  const callbacks: Callbacks = parts.use(
    new Callbacks({
      pool: postgres,
      secrets,
      records,
      post: openPost({ way: callbackWay(config), authorities: await readAuthorities(config) }),
      render: callbackBody,
      log,
      settings: config,
      now: () => new Date(),
      ended: (outcome) => metrics.callbacks.inc({ outcome: outcome.toLowerCase() }),
    }),
  );
  const scheduleFires = parts.use(
    new ScheduleFires({
      pool: postgres,
      log,
      now: () => new Date(),
      fired: (outcome) => metrics.fires.inc({ outcome }),
    }),
  );
  const endings = new RunEndings({
    orm,
    journal,
    bus,
    log,
    redactedHeaders,
    finished: (run) => {
      metrics.runs.inc({ status: run.status, trigger: run.trigger, start: run.cold ? "cold" : "warm" });
      metrics.runSeconds.observe((run.wallUs ?? 0) / 1e6);
      if (run.cold) metrics.startSeconds.observe((run.startUs ?? 0) / 1e6);
      if (run.trigger === "ASYNC" || run.trigger === "SCHEDULE") void callbacks.runEnded(run);
      scheduleFires.runEnded(run);
    },
    requeued: (run, repeated) => {
      if (repeated) metrics.repeatedAttempts.inc({ trigger: run.trigger });
      dispatcher.wake(run.projectId, run.dueTime ?? undefined);
    },
  });
  const execution: Execution = new Execution({
    pool,
    journal,
    endings,
    catalog,
    secrets,
    log,
    owner: instanceId,
    redactedHeaders,
  });
  const lostRuns = new LostRuns({
    orm,
    pool: postgres,
    journal,
    execution,
    endings,
    log,
    id: instanceId,
    mayJudge: () => lease.mayJudge,
    lost: (runs) => metrics.lostRuns.inc(runs),
  });
  parts.defer(() => execution.drain(config.drainMs));
  const cancellations: Cancellations = new Cancellations({
    orm,
    pool: postgres,
    execution,
    endings,
    records,
    redactedHeaders,
    cancelElsewhere: async (runId, reason) => {
      if (news.others === 0) return false;
      await tell({ kind: "cancel", runId, reason });
      return true;
    },
  });
  const runs = new Runs({ orm, execution, journal, catalog, records, news, settings: config });
  const queue = new DurableQueue({
    pool: postgres,
    queued: ({ projectId, dueTime }) => dispatcher.wake(projectId, dueTime ?? undefined),
  });
  const durableRuns = new DurableRuns({
    queue,
    catalog,
    records,
    requireCallback: (projectId, callback) => callbacks.require(projectId, callback),
  });
  const dispatcher: Dispatcher = parts.use(
    new Dispatcher({
      pool: dispatching,
      execution,
      log,
      settings: { owner: instanceId, runsMax: () => durableRunsMax(pool, config) },
      isSure: () => lease.isSure,
    }),
  );
  const dueRuns = new Listener({
    databaseUrl,
    channel: DUE_CHANNEL,
    heard: (projectId) => dispatcher.wake(projectId),
    log,
  });
  parts.use(dueRuns);
  const logs = new Logs({
    orm,
    bus,
    history: new LogHistory(postgres),
    news,
    writer: instanceId,
    place: () => journal.place(),
  });
  const schedules = new Schedules({
    orm,
    callbacks,
    now: () => new Date(),
    changed: () => scheduleFires.wake(),
  });
  watchDurable(metrics, dispatcher, new DurableFigures(dispatching));
  pool.onChange(({ kind, quarantine, isOurs }) => {
    if (quarantine !== undefined && isOurs)
      void tell({ kind: "quarantine", quarantine: { kind, quarantine } });
  });
  const poolView = new PoolView({ orm, pool, instanceId });
  measurePool(metrics, pool);
  watch(metrics, { sandbox, journal, execution, bus, callbacks });
  await news.start(
    newsEffects({ catalog, projects, secrets, execution, bus, quarantines: pool.quarantines }),
  );
  await instance.start();
  await dueRuns.start();
  dispatcher.start();
  callbacks.start();
  scheduleFires.start();
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
      runs: {
        ...runHandlers({ runs, durableRuns, cancellations, records, logs }),
        ...poolHandlers({ view: poolView }),
        ...scheduleHandlers({ schedules, redactedHeaders }),
      },
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
      ...LANGUAGES.map((language) => ({
        name: language,
        needed: false,
        check: async () => describeLanguage(languages(), language),
      })),
    ],
    remarks: () => (shape.localNode ? waiversOf(config) : []),
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
  parts.defer(() => dispatcher.stop());
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
    languages,
    languageSettled: (language, signal) =>
      sandbox === undefined ? settledAfar(languages, language, signal) : sandbox.settled(language, signal),
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

/** Connections to the database, with options of its own where there are any. They close with everything else. */
function openPool(
  parts: AsyncDisposableStack,
  connectionString: string,
  max: number,
  log: Logger,
  options?: string,
): PostgresPool {
  const pool = new PostgresPool({ connectionString, max, ...(options && { options }) });
  pool.on("error", (error) => log.warn({ error }, "a connection to the database broke"));
  // One that is in use says so itself, too: whoever uses it learns it from its query.
  pool.on("connect", (client) => client.on("error", () => {}));
  parts.defer(() => pool.end());
  return pool;
}

/** Durable runs are guests of the pool: of those that wait for it, they are a quarter at most. */
function durableRunsMax(pool: Pool, config: Config): number {
  const { capacity } = pool.describe();
  return capacity === 0 ? 0 : Math.min(config.durableRunsMax, capacity + Math.floor(config.waitersMax / 4));
}

function watchDurable(metrics: Metrics, dispatcher: Dispatcher, figures: DurableFigures): void {
  const name = (what: string) => `codeactions_durable_runs_${what}`;
  metrics.gauge(name("waiting"), "Durable runs of all projects that wait in the database.", async () => {
    return (await figures.now()).waiting;
  });
  metrics.gauge(name("due"), "Those of them whose time has come.", async () => (await figures.now()).due);
  metrics.gauge(name("oldest_due_seconds"), "How long the oldest of these has been due.", async () => {
    return (await figures.now()).oldestDueSeconds;
  });
  metrics.gauge(name("under_way"), "Durable runs that this service has taken and not ended.", () => {
    return dispatcher.underWay;
  });
  metrics.gauge(name("claimed"), "Durable runs that this service has taken since its start.", () => {
    return dispatcher.claimed;
  });
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

/** How each node says its languages are; of the local one it need not be heard first. */
function statesOf(pool: Pool, sandbox: Sandbox | undefined): LanguageState[][] {
  const heard = pool.describe().nodes.map(({ description }) => [...(description?.languages ?? [])]);
  return sandbox === undefined ? heard : [sandbox.languages(), ...heard];
}

function describePool(pool: Pool): string {
  const { nodes } = pool.describe();
  const takers = nodes.filter(({ takesRuns }) => takesRuns);
  const others = nodes.filter(({ takesRuns }) => !takesRuns);
  const why = others.map(({ id, state, breaker, reason }) => {
    const how = state === "ready" ? `its breaker is ${breaker}` : `it is ${state}`;
    return reason === "" ? `${id}: ${how}` : `${id}: ${how} (${reason})`;
  });
  const told = [`${takers.length} of ${nodes.length} nodes take runs`, ...why].join("; ");
  if (takers.length === 0) throw new Error(told);
  return told;
}

function watch(
  metrics: Metrics,
  parts: {
    sandbox: Sandbox | undefined;
    journal: Journal;
    execution: Execution;
    bus: LogBus;
    callbacks: Callbacks;
  },
): void {
  const { sandbox, journal, execution, bus, callbacks } = parts;
  metrics.gauge("codeactions_runs_under_way", "Runs under way.", () => execution.underWay);
  metrics.gauge(
    "codeactions_journal_pending_bytes",
    "Bytes that wait to be committed.",
    () => journal.pendingBytes,
  );
  metrics.gauge(
    "codeactions_callbacks_pending",
    "Callbacks of runs that have ended, which their receivers have not confirmed.",
    () => callbacks.pending,
  );
  metrics.gauge("codeactions_log_followers", "Streams that follow a log.", () => bus.followers);
  if (sandbox !== undefined) watchSandbox(metrics, sandbox);
}

function publicUrlOf(code: Readonly<Code>, base: string): string {
  return code.type === "ENDPOINT" ? `${base}/action/endpoint/${code.id}` : "";
}

async function readTls(config: Config): Promise<{ cert: Buffer; key: Buffer } | undefined> {
  if (config.tlsCertFile === "") return undefined;
  const [cert, key] = await Promise.all([readFile(config.tlsCertFile), readFile(config.tlsKeyFile)]);
  return { cert, key };
}

/** Callbacks take the same way out as codes. */
function callbackWay(config: Config): Way {
  return {
    lookup: openLookup({ servers: config.egressNameServers }),
    allowedRanges: parseRanges(config.egressRanges),
    connectMs: config.egressConnectMs,
  };
}

async function readAuthorities({ callbackCaFile }: Config): Promise<string> {
  if (callbackCaFile === "") return "";
  return readFile(callbackCaFile, "utf8").catch((error: Error) => {
    throw new WrongSettings(`CODEACTIONS_CALLBACK_CA_FILE cannot be read: ${error.message}`);
  });
}
