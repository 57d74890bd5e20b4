import { mkdir, readFile } from "node:fs/promises";
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
import { migrateAt, openOrm } from "./core/db/orm.ts";
import { openPool } from "./core/db/pool.ts";
import { newId } from "./core/ids.ts";
import { openKeys } from "./core/keys.ts";
import type { Logger } from "./core/logger.ts";
import { Metrics } from "./core/metrics.ts";
import { sandboxSettings, waiversOf } from "./engine.ts";
import { dependencies, observe } from "./observability.ts";
import { openNodeList, requireNodes, settledAfar } from "./remote-nodes.ts";
import { openNews, openShared, sharedCounts } from "./replicas.ts";
import { languagesOf } from "./runner/languages.ts";
import { LocalNode } from "./runner/local-node.ts";
import { Pool } from "./runner/pool.ts";
import type { Way } from "./sandbox/egress/dial.ts";
import { openLookup } from "./sandbox/egress/lookup.ts";
import { parseRanges } from "./sandbox/egress/rules.ts";
import type { LanguageState } from "./sandbox/program.ts";
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
import type { News } from "./services/news.ts";
import { newsEffects } from "./services/news-effects.ts";
import { PoolView } from "./services/pool-view.ts";
import { Projects } from "./services/projects.ts";
import { QueueRoom } from "./services/queue-room.ts";
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
/**
 * Of the dispatcher's connections one claims, the other one looks. Planning a claim over all days takes ten times as
 * long as the claim: once per connection is enough.
 */
const DISPATCHING = { connectionsMax: 2, options: "-c plan_cache_mode=force_generic_plan" };
const STILL_WAITING = "runs of a deleted code could not be cancelled while they wait";

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
  const migrated = await migrateAt(databaseUrl);
  if (migrated.length > 0) log.info({ migrated }, "migrated the database");
  const connectionsMax = config.databaseConnectionsMax;
  const orm = await openOrm(databaseUrl, connectionsMax);
  parts.defer(() => orm.close(true));
  const postgres = openPool({ url: databaseUrl, connectionsMax }, log);
  parts.defer(() => postgres.end());
  const dispatching = openPool({ url: databaseUrl, ...DISPATCHING }, log);
  parts.defer(() => dispatching.end());

  // The engine room, and the pool over it.
  const sandbox = await sandboxStarting;
  const pool = parts.use(new Pool({ settings: config, log }));
  const localNodes = sandbox === undefined ? [] : [new LocalNode(sandbox)];
  pool.setNodes(localNodes);
  parts.use(await openNodeList(config, log, (remoteNodes) => pool.setNodes([...localNodes, ...remoteNodes])));
  const languages = () => languagesOf(statesOf(pool, sandbox));

  // Services: what the product does.
  const shared = await openShared(parts, config, lock, log);
  const news = parts.use(openNews({ shared, lock, instanceId, log, metrics, place: () => journal.place() }));
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
  const room = new QueueRoom({ pool: postgres, runsMax: config.queuedRunsMax });
  const scheduleFires = parts.use(
    new ScheduleFires({
      pool: postgres,
      room,
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
    room,
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
  pool.onChange(({ kind, quarantine, isOurs }) => {
    if (quarantine !== undefined && isOurs)
      void tell({ kind: "quarantine", quarantine: { kind, quarantine } });
  });
  const poolView = new PoolView({ orm, pool, instanceId });
  const durableFigures = new DurableFigures(dispatching);
  observe(metrics, { sandbox, pool, journal, execution, bus, callbacks, dispatcher, durableFigures });
  await news.start(
    newsEffects({ catalog, projects, secrets, execution, bus, quarantines: pool.quarantines, tell }),
  );
  await instance.start();
  await dueRuns.start();
  dispatcher.start();
  callbacks.wake();
  scheduleFires.wake();
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
    dependencies: dependencies({
      pool,
      news: shared && news,
      languages,
      askDatabase: () => postgres.query("select 1"),
    }),
    remarks: () => (shape.localNode ? waiversOf(config) : []),
  });
  const endpoint = endpointDoor({
    catalog,
    runs,
    projects,
    log,
    rateLimit,
    sharedCounts: sharedCounts(shared),
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

/** Durable runs are guests of the pool: of those that wait for it, they are a quarter at most. */
function durableRunsMax(pool: Pool, config: Config): number {
  const { capacity } = pool.describe();
  return capacity === 0 ? 0 : Math.min(config.durableRunsMax, capacity + Math.floor(config.waitersMax / 4));
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
