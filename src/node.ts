import { mkdir } from "node:fs/promises";
import color from "picocolors";
import { NodeDoor } from "./api/node.ts";
import { openServer } from "./api/server.ts";
import { statusDoor } from "./api/status.ts";
import { type Config, readNodeConfig } from "./core/config.ts";
import type { Logger } from "./core/logger.ts";
import { Metrics } from "./core/metrics.ts";
import { describeLanguage, sandboxSettings, waiversOf, watchSandbox } from "./engine.ts";
import { readNodeAccess } from "./node-access.ts";
import { languageLines, openProcess, print } from "./process.ts";
import { LocalNode } from "./runner/local-node.ts";
import type { LanguageState } from "./sandbox/program.ts";
import { openSandbox } from "./sandbox/sandbox.ts";

/** A process that runs codes for the services that have its key. Closing it drains and leaves nothing behind. */
export interface NodeApp extends AsyncDisposable {
  /** Address under which it listens, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  readonly languages: () => LanguageState[];
  /** Resolves when a service asks the node to end. */
  readonly drainAsked: Promise<void>;
}

/** How often a service is asked whether it is still there: runs of one that is gone are ended. */
const PING_MS = 3_000;
/** Runs that one service may have here, waiting ones included. */
const STREAMS_MAX = 10_000;
/** What is said last gets so long to leave. */
const LAST_WORDS_MS = 1_000;

/** Starts a node and runs it until it is told to stop. */
export async function node(): Promise<number> {
  const config = readNodeConfig();
  const { log, stopped } = openProcess(config);
  const startedMs = performance.now();
  await using app = await startNode(config, log);
  const took = color.dim(`(ready in ${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
  print(`\n${color.bold("A node of Code Actions")} answers at ${color.cyan(app.url)}  ${took}`);
  print(languageLines(app.languages()).join("\n"));
  const reason = await Promise.race([stopped.promise, app.drainAsked.then(() => "asked by a service")]);
  print(`\n${color.dim(`stopping (${reason}): waiting for runs under way; once more to stop at once`)}`);
  return 0;
}

/** Starts everything a node has: jails, a door for services, and figures. It needs no database. */
export async function startNode(config: Config, log: Logger): Promise<NodeApp> {
  await using parts = new AsyncDisposableStack();
  const drainAsked = Promise.withResolvers<void>();
  await mkdir(config.dataDir, { recursive: true, mode: 0o711 });
  const access = await readNodeAccess(config);
  const metrics = new Metrics();
  const sandbox = parts.use(await openSandbox(sandboxSettings(config), log));
  const door = new NodeDoor({
    sandbox,
    node: new LocalNode(sandbox),
    access: { key: access.key, certificate: access.tls !== undefined },
    log,
    drainAsked: drainAsked.resolve,
  });
  watchSandbox(metrics, sandbox);
  metrics.gauge("codeactions_runs_under_way", "Runs under way.", () => door.runsUnderWay);
  const status = statusDoor({
    metrics,
    signpost: false,
    dependencies: [
      { name: "node", needed: true, check: async () => describeNode(door, sandbox.describe()) },
      ...sandbox.languages().map(({ language }) => ({
        name: language,
        needed: false,
        check: async () => describeLanguage(sandbox.languages(), language),
      })),
    ],
    remarks: () => waiversOf(config),
  });
  const server = parts.use(
    await openServer({
      host: config.host,
      port: config.port,
      tls: access.tls,
      connectionsMax: config.connectionsMax,
      log,
      doors: [door.door, status],
      corsOrigins: [],
      pingMs: PING_MS,
      streamsPerSessionMax: STREAMS_MAX,
    }),
  );
  parts.defer(() => server.drain(LAST_WORDS_MS));
  // Runs that are left when the grace is over are ended, and their callers hear of it.
  parts.defer(() => sandbox[Symbol.asyncDispose]());
  parts.defer(() => door.drain(config.drainMs));
  const scheme = access.tls === undefined ? "http" : "https";
  const running = parts.move();
  return {
    url: `${scheme}://${config.host.includes(":") ? `[${config.host}]` : config.host}:${server.port}`,
    port: server.port,
    languages: () => sandbox.languages(),
    drainAsked: drainAsked.promise,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function describeNode(door: NodeDoor, { busy, capacity }: { busy: number; capacity: number }): string {
  if (door.draining) throw new Error("it finishes its runs and takes no new ones");
  return `${busy} of ${capacity} workers are busy`;
}
