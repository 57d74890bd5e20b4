import { BlankWorkers } from "./blank-workers.ts";
import type { JailSpec } from "./jail.ts";
import type { Jails } from "./launch.ts";
import type { Log } from "./log.ts";
import { type Language, type LanguageState, NotAccepted } from "./program.ts";
import type { Roots } from "./roots.ts";
import type { MissingRuntime, Runtime } from "./runtime.ts";
import type { SandboxSettings } from "./settings.ts";
import { PROGRAM_FILE } from "./tree.ts";
import { BLANK_MEMORY_BYTES, Worker } from "./worker.ts";

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

  /** A blank worker. Throws `NotAccepted` when the language is missing or its jail cannot be built. */
  async take(language: Exclude<Language, "go">): Promise<Worker> {
    if (language !== "python") return this.#javascript.take();
    const { python } = this.#roots;
    if ("why" in python) throw new NotAccepted("missing", `${python.why}; ${python.fix}`);
    return this.#python.take();
  }

  giveBack(language: Language, worker: Worker): void {
    if (language === "go") void worker.end();
    else if (language === "python") this.#python.giveBack(worker);
    else this.#javascript.giveBack(worker);
  }

  /** A worker that is the program itself: there is no interpreter to be kept in stock. */
  async startBinary(file: string): Promise<Worker> {
    const worker = this.#start({
      name: "go",
      root: this.#roots.bare,
      files: [{ from: file, to: PROGRAM_FILE }],
      command: [PROGRAM_FILE],
      environment: GO_ENVIRONMENT,
    });
    try {
      await worker.ready;
    } catch (error) {
      throw new NotAccepted("broken", error instanceof Error ? error.message : String(error), 0, {
        cause: error,
      });
    }
    return worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#python[Symbol.asyncDispose](), this.#javascript[Symbol.asyncDispose]()]);
  }

  #stock(name: string, runtime: Runtime | MissingRuntime): BlankWorkers {
    const start = () => {
      if ("why" in runtime) throw new Error(runtime.why);
      const { root, command, environment } = runtime;
      return this.#start({ name, root, files: [], command, environment });
    };
    const target = "why" in runtime ? 0 : this.#settings.blankWorkersPerLanguage;
    return new BlankWorkers({ start, target, log: this.#log });
  }

  #start(spec: Omit<JailSpec, "limits" | "binds">): Worker {
    const { pidsMax, openFilesMax, tmpBytesMax, startMs, lineBytesMax } = this.#settings;
    const limits = { memoryBytesMax: BLANK_MEMORY_BYTES, pidsMax, openFilesMax, tmpBytesMax };
    const jail = this.#jails.start({ ...spec, binds: [], limits });
    return new Worker(jail, { startMs, lineBytesMax }, this.#log);
  }
}

function toState(language: Language, runtime: Runtime | MissingRuntime): LanguageState {
  if ("why" in runtime) return { language, state: "missing", ...runtime };
  return { language, state: "ready", runtime: runtime.version };
}
