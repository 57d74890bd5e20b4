import type { Dependency } from "./api/status.ts";
import type { Metrics } from "./core/metrics.ts";
import { describeLanguage, watchSandbox } from "./engine.ts";
import type { Pool } from "./runner/pool.ts";
import { measurePool } from "./runner/pool-metrics.ts";
import { LANGUAGES, type LanguageState } from "./sandbox/program.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import type { Callbacks } from "./services/callbacks.ts";
import type { Dispatcher } from "./services/dispatcher.ts";
import type { DurableFigures } from "./services/durable-figures.ts";
import type { Execution } from "./services/execution.ts";
import type { Journal } from "./services/journal.ts";
import type { LogBus } from "./services/log-bus.ts";
import type { News } from "./services/news.ts";

/** The figures that are looked up when somebody asks for them; what is counted as it happens is counted there. */
export function observe(
  metrics: Metrics,
  parts: {
    sandbox: Sandbox | undefined;
    pool: Pool;
    journal: Journal;
    execution: Execution;
    bus: LogBus;
    callbacks: Callbacks;
    dispatcher: Dispatcher;
    durableFigures: DurableFigures;
  },
): void {
  const { sandbox, pool, journal, execution, bus, callbacks } = parts;
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
  measurePool(metrics, pool);
  observeDurableRuns(metrics, parts.dispatcher, parts.durableFigures);
  if (sandbox !== undefined) watchSandbox(metrics, sandbox);
}

function observeDurableRuns(metrics: Metrics, dispatcher: Dispatcher, figures: DurableFigures): void {
  const gauge = (what: string, help: string, read: () => number | Promise<number>) =>
    metrics.gauge(`codeactions_durable_runs_${what}`, help, read);
  gauge("waiting", "Durable runs of all projects that wait in the database.", async () => {
    return (await figures.now()).waiting;
  });
  gauge("due", "Those of them whose time has come.", async () => (await figures.now()).due);
  gauge("oldest_due_seconds", "How long the oldest of these has been due.", async () => {
    return (await figures.now()).oldestDueSeconds;
  });
  gauge("under_way", "Durable runs that this service has taken and not ended.", () => dispatcher.underWay);
  gauge("claimed", "Durable runs that this service has taken since its start.", () => dispatcher.claimed);
}

/** What the service needs, and how it is: the pool, Redis where there is one, and each language. */
export function dependencies(parts: {
  pool: Pool;
  /** Undefined where this is the only service. */
  news: News | undefined;
  languages: () => LanguageState[];
  askDatabase: () => Promise<unknown>;
}): Dependency[] {
  const { pool, news, languages, askDatabase } = parts;
  return [
    { name: "database", needed: true, check: () => askDatabase().then(() => "answers") },
    { name: "pool", needed: true, check: async () => describePool(pool) },
    ...(news === undefined ? [] : [{ name: "redis", needed: false, check: async () => news.describe() }]),
    ...LANGUAGES.map((language) => ({
      name: language,
      needed: false,
      check: async () => describeLanguage(languages(), language),
    })),
  ];
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
