import { join } from "node:path";
import type { Config } from "./core/config.ts";
import type { Metrics } from "./core/metrics.ts";
import type { Language, LanguageState } from "./sandbox/program.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import type { SandboxSettings } from "./sandbox/settings.ts";

/** What every process with an engine room needs, with doors for callers or without. */

/** The settings as the sandbox wants them. */
export function sandboxSettings(config: Config): SandboxSettings {
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

/** What an operator should be reminded of wherever the service tells how it is. */
export function waiversOf(config: Config): string[] {
  if (config.sandbox === "none") return ["CODEACTIONS_SANDBOX=none: codes run without any wall around them"];
  return config.waivedWalls.map((wall) => `the wall "${wall}" is waived by CODEACTIONS_WAIVE_WALLS`);
}

/** How a language is, or why codes in it cannot run. */
export function describeLanguage(states: readonly LanguageState[], language: Language): string {
  const state = states.find((candidate) => candidate.language === language);
  if (state === undefined) throw new Error("not known");
  if (state.state === "missing") throw new Error(`${state.why}; ${state.fix}`);
  return state.state === "preparing" ? `being made ready: ${state.progress}` : state.runtime;
}

/** The figures of the workers. */
export function watchSandbox(metrics: Metrics, sandbox: Sandbox): void {
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
