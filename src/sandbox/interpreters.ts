import { BlankWorkers } from "./blank-workers.ts";
import type { JailLimits, JailSpec } from "./jail.ts";
import type { Jails } from "./launch.ts";
import type { Log } from "./log.ts";
import { type Language, type LanguageState, NotAccepted } from "./program.ts";
import type { Roots } from "./roots.ts";
import type { MissingRuntime, Runtime } from "./runtime.ts";
import type { SandboxSettings } from "./settings.ts";
import { PROGRAM_FILE } from "./tree.ts";
import { BLANK_CPU_MILLIS, BLANK_MEMORY_BYTES, Worker } from "./worker.ts";

const GO_ENVIRONMENT = { HOME: "/home", LANG: "C.UTF-8", TMPDIR: "/tmp" };

/** Starts workers of every language; JavaScript and TypeScript share theirs. */
export class Interpreters {
  readonly #settings: SandboxSettings;
  readonly #jails: Jails;
  readonly #roots: Roots;
  readonly #log: Log;
  readonly #python: BlankWorkers;
  readonly #javascript: BlankWorkers;

  constructor(from: { settings: SandboxSettings; jails: Jails; roots: Roots; log: Log }) {
    this.#settings = from.settings;
    this.#jails = from.jails;
    this.#roots = from.roots;
    this.#log = from.log;
    this.#python = this.#stock("python", from.roots.python);
    this.#javascript = this.#stock("javascript", from.roots.node);
  }

  states(): LanguageState[] {
    const { python, node } = this.#roots;
    return [toState("python", python), toState("javascript", node), toState("typescript", node)];
  }

  describe(): Record<"python" | "javascript", number> {
    return { python: this.#python.count, javascript: this.#javascript.count };
  }

  /**
   * A blank worker: one of those in stock, if no other sizes are asked for than theirs. Throws `NotAccepted` when the
   * language is missing or its jail cannot be built.
   */
  async take(language: Exclude<Language, "go">, sizes: Sizes = this.#settings): Promise<Worker> {
    const { python, node } = this.#roots;
    const runtime = language === "python" ? python : node;
    if ("why" in runtime) throw new NotAccepted("missing", `${runtime.why}; ${runtime.fix}`);
    if (!this.#isInStock(sizes)) return untilReady(() => this.#startBlank(language, runtime, sizes));
    return language === "python" ? this.#python.take() : this.#javascript.take();
  }

  giveBack(language: Language, worker: Worker): void {
    if (language === "go") void worker.end();
    else if (language === "python") this.#python.giveBack(worker);
    else this.#javascript.giveBack(worker);
  }

  /** A worker that is the program itself: there is no interpreter to be kept in stock. */
  async startBinary(file: string, sizes: Sizes): Promise<Worker> {
    const spec = {
      name: "go",
      root: this.#roots.bare,
      files: [{ from: file, to: PROGRAM_FILE }],
      command: [PROGRAM_FILE],
      environment: GO_ENVIRONMENT,
    };
    return untilReady(() => this.#start(spec, sizes));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#python[Symbol.asyncDispose](), this.#javascript[Symbol.asyncDispose]()]);
  }

  #stock(name: string, runtime: Runtime | MissingRuntime): BlankWorkers {
    const start = () => {
      if ("why" in runtime) throw new Error(runtime.why);
      return this.#startBlank(name, runtime, this.#settings);
    };
    const { blankWorkersPerLanguage: least, blankWorkersPerLanguageMax: most } = this.#settings;
    const sizes = "why" in runtime ? { least: 0, most: 0 } : { least, most: Math.max(least, most) };
    return new BlankWorkers({ start, ...sizes, log: this.#log });
  }

  #isInStock({ tmpBytesMax, openFilesMax }: Sizes): boolean {
    return tmpBytesMax === this.#settings.tmpBytesMax && openFilesMax === this.#settings.openFilesMax;
  }

  #startBlank(name: string, { root, command, environment }: Runtime, sizes: Sizes): Worker {
    return this.#start({ name, root, files: [], command, environment }, sizes);
  }

  #start(spec: Omit<JailSpec, "limits" | "binds">, { tmpBytesMax, openFilesMax }: Sizes): Worker {
    const { pidsMax, startMs, lineBytesMax } = this.#settings;
    const group = { memoryBytesMax: BLANK_MEMORY_BYTES, pidsMax, cpuMillisMax: BLANK_CPU_MILLIS };
    const jail = this.#jails.start({ ...spec, binds: [], limits: { ...group, tmpBytesMax, openFilesMax } });
    return new Worker(jail, { startMs, lineBytesMax }, this.#log);
  }
}

/** What a jail is built with; memory, processes and processor time are set on its group when its program is known. */
export type Sizes = Pick<JailLimits, "tmpBytesMax" | "openFilesMax">;

async function untilReady(start: () => Worker): Promise<Worker> {
  try {
    const worker = start();
    await worker.ready;
    return worker;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new NotAccepted("broken", message, 0, { cause: error });
  }
}

function toState(language: Language, runtime: Runtime | MissingRuntime): LanguageState {
  if ("why" in runtime) return { language, state: "missing", ...runtime };
  return { language, state: "ready", runtime: runtime.version };
}
