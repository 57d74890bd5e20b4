import { Builds, nameJavaScriptBuilder } from "./builds.ts";
import type { Groups } from "./cgroup.ts";
import { type Egress, openEgress } from "./egress/egress.ts";
import { parseHostPattern, parseRanges } from "./egress/rules.ts";
import { NO_GROUPS, openGroups } from "./groups.ts";
import { type GoToolchain, openGoToolchain } from "./guests/go/toolchain.ts";
import { Interpreters } from "./interpreters.ts";
import { type Site, WALL_NAMES } from "./jail.ts";
import { Jails } from "./launch.ts";
import type { Log } from "./log.ts";
import { excessOf } from "./memory.ts";
import {
  type Invocation,
  type Language,
  type LanguageState,
  type Listener,
  NotAccepted,
  type Outcome,
  type Problem,
  type Program,
} from "./program.ts";
import { openRoots, type Roots } from "./roots.ts";
import type { Order } from "./run.ts";
import type { SandboxSettings } from "./settings.ts";
import { requireWalls } from "./walls.ts";
import { type PoolDescription, WarmPool, type WarmProgram } from "./warm-pool.ts";
import type { Worker } from "./worker.ts";

/** Prepares everything that workers need. Throws, naming the walls and their fixes, where a wall cannot be built. */
export async function openSandbox(settings: SandboxSettings, log: Log): Promise<Sandbox> {
  const site: Site = {
    waivedWalls: settings.mode === "none" ? WALL_NAMES : settings.waivedWalls,
    asRoot: process.getuid?.() === 0,
  };
  await requireWalls(settings, log);
  await using opened = new AsyncDisposableStack();
  const groups: Groups = opened.use(site.waivedWalls.includes("cgroup") ? NO_GROUPS : await openGroups());
  const roots: Roots = opened.use(
    await openRoots(settings.folder, settings.pythonCommand, settings.libraries, log),
  );
  const jails = opened.use(new Jails({ site, groups, uidBase: settings.uidBase }));
  const toolchain = { folder: settings.goFolder, command: settings.goCommand, jails, root: roots.bare };
  const go = opened.use(await openGoToolchain(toolchain, log));
  const interpreters = opened.use(new Interpreters({ settings, jails, roots, log }));
  const javascriptBuilder = await nameJavaScriptBuilder();
  const builds = new Builds({ interpreters, go, folder: settings.folder, javascriptBuilder });
  const pool = opened.use(new WarmPool(settings, excessOf(groups, settings)));
  const egress = site.waivedWalls.includes("network") ? undefined : egressOnDemand(settings);
  return new Sandbox({ builds, go, interpreters, pool, groups, egress, opened: opened.move() });
}

/** Most services have no use for it. Wrong ranges are told at the start all the same. */
function egressOnDemand({ egress: settings, pythonCommand }: SandboxSettings): () => Promise<Egress> {
  parseRanges(settings.allowedRanges);
  let opening: Promise<Egress> | undefined;
  return () => {
    opening ??= openEgress({ settings, pythonCommand }).catch((error: unknown) => {
      // What is missing may be there the next time.
      opening = undefined;
      throw error;
    });
    return opening;
  };
}

interface Parts {
  readonly builds: Builds;
  readonly go: GoToolchain;
  readonly interpreters: Interpreters;
  readonly pool: WarmPool;
  readonly groups: Groups;
  /** Opened when the first program needs it; undefined where codes have the host's network. */
  readonly egress: (() => Promise<Egress>) | undefined;
  /** All that has to be closed, in order. */
  readonly opened: AsyncDisposableStack;
}

/** The room's face: runs programs in warm workers behind walls. */
export class Sandbox {
  readonly #parts: Parts;
  #closing: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Runs a program once. Rejects with `NotAccepted` or the signal's reason only before `listener.accepted()`, which
   * is never called before this function has returned; from then on there is always an outcome. An abort after that
   * ends the worker with everything it has started: CANCELLED. An invocation that is not known yet is asked for once
   * a worker is held; where it does not come, that worker is given back and the asker's reason thrown.
   */
  async execute(
    program: Program,
    invocation: Invocation | (() => Promise<Invocation>),
    listener: Listener,
    signal: AbortSignal,
  ): Promise<Outcome> {
    signal.throwIfAborted();
    this.#throwIfClosing();
    const { pool } = this.#parts;
    let loadable: Loaded = NOTHING;
    let input = invocation;
    const start = async () => {
      const started = await this.#start(program, signal);
      loadable = started.loadable;
      return started.worker;
    };
    try {
      for (;;) {
        const { worker, queueMs, startMs } = await pool.claim(program, start, signal);
        // One that ends in the moment between being granted and being used is nobody's fault.
        if (!worker.canServe) continue;
        if (typeof input === "function") {
          input = await askFor(input, () => pool.giveBack(worker));
          if (!worker.canServe) continue;
        }
        return await serve(
          pool,
          worker,
          { program, invocation: input, listener, queueMs, startMs, ...loadable },
          signal,
        );
      }
    } catch (error) {
      if (error instanceof Unbuildable) return refuse(error.problems, listener);
      throw error;
    }
  }

  /** Looks for what is wrong with a source without running it. Throws `NotAccepted` like `execute`. */
  async check(language: Language, source: string, signal: AbortSignal): Promise<readonly Problem[]> {
    signal.throwIfAborted();
    this.#throwIfClosing();
    return this.#parts.builds.check(language, source, signal);
  }

  languages(): LanguageState[] {
    return [...this.#parts.interpreters.states(), this.#parts.go.state()];
  }

  /** Resolves when the language can be used, or is known not to be. */
  async settled(language: Language, signal: AbortSignal): Promise<void> {
    if (language === "go" && this.#parts.go.state().state === "preparing") await this.#parts.go.ready(signal);
  }

  describe(): SandboxDescription {
    const { pool, interpreters, groups } = this.#parts;
    return { ...pool.describe(), blank: interpreters.describe(), memoryBytes: groups.memoryBytes() };
  }

  /** The programs that have workers, the ones with the most first. */
  warmPrograms(): WarmProgram[] {
    return this.#parts.pool.programs();
  }

  /** Ends every worker, whatever it is doing, and removes everything that was prepared. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#parts.opened.disposeAsync();
    return this.#closing;
  }

  async #start(program: Program, signal: AbortSignal): Promise<{ worker: Worker; loadable: Loaded }> {
    const { builds, interpreters } = this.#parts;
    const build = await builds.build(program, signal);
    if ("problems" in build) throw new Unbuildable(build.problems);
    if ("executable" in build) {
      const worker = await interpreters.startBinary(build.executable, program);
      await this.#openDoor(worker, program);
      return { worker, loadable: NOTHING };
    }
    const worker = await interpreters.take(program.language as Exclude<Language, "go">, program);
    await this.#openDoor(worker, program);
    return { worker, loadable: { loadable: build.source, file: build.file } };
  }

  /** Where the network is nobody's wall, there is nothing to open. */
  async #openDoor(worker: Worker, { egressHosts }: Program): Promise<void> {
    const { egress } = this.#parts;
    if (egressHosts.length === 0 || egress === undefined) return;
    try {
      await worker.openDoor(await egress(), egressHosts.map(parseHostPattern));
    } catch (error) {
      void worker.end();
      const message = error instanceof Error ? error.message : String(error);
      throw new NotAccepted("broken", `the code's egress_hosts cannot be reached: ${message}`, 0, {
        cause: error,
      });
    }
  }

  #throwIfClosing(): void {
    if (this.#closing) throw new NotAccepted("closed", "the sandbox is shutting down");
  }
}

export interface SandboxDescription extends PoolDescription {
  /** Started interpreters that wait for a program. */
  readonly blank: Readonly<Record<"python" | "javascript", number>>;
  /** Of all jails together; 0 where the host cannot tell. */
  readonly memoryBytes: number;
}

type Loaded = Pick<Order, "loadable" | "file">;

/** For a worker that has its program: it was loaded before, or is the program itself. */
const NOTHING: Loaded = { loadable: new Uint8Array(), file: "" };

/** A source from which no program can be made. */
class Unbuildable extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super("the source has problems");
    this.problems = problems;
  }
}

async function askFor(ask: () => Promise<Invocation>, giveBack: () => void): Promise<Invocation> {
  try {
    return await ask();
  } catch (error) {
    giveBack();
    throw error;
  }
}

async function serve(pool: WarmPool, worker: Worker, order: Order, signal: AbortSignal): Promise<Outcome> {
  let outcome: Promise<Outcome>;
  try {
    signal.throwIfAborted();
    outcome = worker.serve(order, signal);
  } catch (error) {
    pool.giveBack(worker);
    throw error;
  }
  return outcome;
}

/** The outcome of a program that cannot be built: what is wrong with it, as a compiler says it. */
function refuse(problems: readonly Problem[], listener: Listener): Outcome {
  const lines = problems.map(({ message, line, column }) =>
    line > 0 ? `${line}:${column}: ${message}` : message,
  );
  const [message = "the source has problems"] = lines;
  const traceback = lines.join("\n");
  const kind = problems[0]?.kind === "entry_point" ? "EntryPoint" : "SyntaxError";
  listener.accepted();
  const timeUs = Date.now() * 1000;
  listener.lines([{ timeUs, level: "error", stream: "engine", text: traceback, truncated: false }]);
  const usage = { queueMs: 0, startMs: 0, wallMs: 0, cpuMs: 0, peakMemoryBytes: 0, cold: true };
  return { status: "FAILED", error: { kind, message, traceback }, usage };
}
