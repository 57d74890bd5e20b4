import { readChecked, readFailure, readReady, readResult } from "./answers.ts";
import { Clock } from "./clock.ts";
import { type Door, type Egress, PROXY_ENVIRONMENT } from "./egress/egress.ts";
import type { HostPattern } from "./egress/rules.ts";
import { BrokenFrame, encodeFrame, type Frame, FrameReader, KIND } from "./frames.ts";
import type { Ending, Jail } from "./launch.ts";
import type { Log } from "./log.ts";
import { Meter } from "./meter.ts";
import type { Outcome, Problem, Result } from "./program.ts";
import { type Order, Run } from "./run.ts";
import type { Verdict } from "./verdict.ts";
import * as verdicts from "./verdict.ts";

/**
 * One jailed interpreter. It serves one program, one invocation at a time, and is used again only after a clean
 * answer; whatever else happens ends it and everything it has started.
 *
 *     starting ─ READY ─→ blank ─ serve ─→ loading ─ LOADED ─→ serving ─ RESULT, ERROR ─→ settling ─→ idle
 *                           │                                     ↑                                    │
 *                           └─ check ─→ checking ─ CHECKED        └────────────── serve ───────────────┘
 *
 *     from any of them: a time-out, a broken rule, an abort, its own end ─→ ending ─ nothing is left of it ─→ dead
 */
type State =
  | { readonly at: "starting" | "blank" | "idle" | "dead" }
  | { readonly at: "checking"; readonly answer: Answer }
  /** Not clean once something has come that belongs to an earlier invocation. */
  | { readonly at: "loading" | "serving"; readonly run: Run; readonly clean: boolean }
  /** Answered; what was written before the answer may still be on its way. */
  | { readonly at: "settling"; readonly run: Run; readonly result: Result | Verdict; readonly clean: boolean }
  /** Being killed, or over: once all that it wrote is read, the run gets its result. */
  | {
      readonly at: "ending";
      readonly run?: Run;
      readonly result?: Result | Verdict;
      readonly answer?: Answer;
    };

interface Answer {
  resolve(checked: Checked): void;
  reject(why: Error): void;
}

export interface Checked {
  readonly problems: Problem[];
  /** What a worker would load. */
  readonly loadable: Buffer;
}

export interface WorkerLimits {
  readonly startMs: number;
  readonly lineBytesMax: number;
}

/** Whoever owns a worker hears when it can serve again, and when nothing is left of it. */
export interface Owner {
  idle(worker: Worker): void;
  dead(worker: Worker): void;
}

/** Before it has a program a worker gets what any interpreter needs; then the program's own limit holds. */
export const BLANK_MEMORY_BYTES = 256 * 1024 * 1024;
export const BLANK_CPU_MILLIS = 1000;
const STDERR_CHARACTERS_MAX = 2000;
const CHECK_LOG_BYTES_MAX = 1024 * 1024;
/** A guest that ends closes its line a moment before. */
const HANG_UP_MS = 1000;

export class Worker {
  /** Resolves when it is blank; rejects when it ends before that. */
  readonly ready: Promise<void>;
  owner: Owner | undefined;
  runs = 0;
  readonly #jail: Jail;
  readonly #meter: Meter;
  readonly #limits: WorkerLimits;
  readonly #log: Log;
  readonly #reader = new FrameReader();
  readonly #becomeReady: PromiseWithResolvers<void> = Promise.withResolvers();
  #state: State = { at: "starting" };
  #isFrozen = false;
  /** The way out, of a program that has one. */
  #door: Door | undefined;
  #rules: readonly HostPattern[] = [];
  readonly #clock = new Clock((verdict) => this.#end(verdict));
  #invocation = 0;
  /** Before any code was loaded: what a clean worker consists of. */
  #processes = 0;
  #tasks = 0;
  /** Of log frames while a source is looked at. */
  #droppedBytes = 0;
  #stderr = "";

  constructor(jail: Jail, limits: WorkerLimits, log: Log) {
    this.#jail = jail;
    this.#meter = new Meter(jail.group);
    this.#limits = limits;
    this.#log = log;
    this.ready = this.#becomeReady.promise;
    this.ready.catch(() => {});
    jail.control.on("data", (chunk: Buffer) => this.#receive(chunk));
    jail.control.once("end", () => this.#hungUp());
    jail.stdout.on("data", (chunk: Buffer) => this.#print("stdout", chunk));
    jail.stderr.on("data", (chunk: Buffer) => this.#print("stderr", chunk));
    this.#clock.startLoading(limits.startMs);
    void this.#watch();
  }

  get isIdle(): boolean {
    return this.#state.at === "idle";
  }

  /** Whether it can be given an invocation now. */
  get canServe(): boolean {
    return this.isIdle || this.isBlank;
  }

  get isBlank(): boolean {
    return this.#state.at === "blank";
  }

  /** Gives a blank worker a way out to these hosts, for every invocation of its program. */
  async openDoor(egress: Egress, rules: readonly HostPattern[]): Promise<void> {
    const door = await egress.openDoor(this.#jail.pid!);
    if (!this.isBlank) return door[Symbol.asyncDispose]();
    this.#door = door;
    this.#rules = rules;
  }

  /** Runs an invocation; for a blank or idle worker. An abort ends the worker and the outcome is CANCELLED. */
  serve(order: Order, signal: AbortSignal): Promise<Outcome> {
    if (!this.canServe) throw new Error(`a worker that is ${this.#state.at} cannot serve`);
    const isBlank = this.isBlank;
    const { program } = order;
    if (isBlank) this.#jail.group.limit(program);
    if (this.#isFrozen) this.#thaw();
    this.#invocation += 1;
    this.runs += 1;
    const run = new Run({
      number: this.#invocation,
      order,
      meter: this.#meter,
      lineBytesMax: this.#limits.lineBytesMax,
      cold: isBlank,
    });
    order.listener.accepted();
    const { control } = this.#jail;
    if (isBlank) {
      control.cork();
      const proxy = this.#door === undefined ? {} : PROXY_ENVIRONMENT;
      const head = { file: order.file, environment: { ...proxy, ...program.environment } };
      control.write(encodeFrame(KIND.LOAD, run.number, head, order.loadable));
    }
    control.write(run.encode());
    if (isBlank) control.uncork();
    this.#become({ at: isBlank ? "loading" : "serving", run, clean: true });
    this.#door?.begin(this.#rules, (connection) => run.connected(connection));
    if (isBlank) this.#clock.startLoading(this.#limits.startMs);
    else this.#clock.startRun(run);
    const cancel = () => this.#endRun(run, verdicts.CANCELLED);
    signal.addEventListener("abort", cancel);
    run.whenOver(() => signal.removeEventListener("abort", cancel));
    return run.outcome;
  }

  /** Stops an idle worker until it serves again, so that nothing in it runs meanwhile. */
  freeze(): void {
    if (!this.isIdle || this.#isFrozen) return;
    this.#isFrozen = true;
    this.#jail.group.freeze();
  }

  /** For one that serves: where a child alone is killed for its memory, the run would wait for it in vain. */
  endIfStarved(): void {
    const state = this.#state;
    if (state.at !== "serving" || !this.#starved) return;
    this.#end(verdicts.outOfMemory(state.run.order.program.memoryBytesMax));
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** Its memory at this moment, temporary files included; 0 where the host cannot tell. */
  get memoryBytes(): number {
    return this.#jail.group.memoryBytes();
  }

  /** Looks at a source without running it; for a blank worker, which is used up by it. */
  async check(language: string, file: string, source: Uint8Array, signal: AbortSignal): Promise<Checked> {
    const { promise, resolve, reject } = Promise.withResolvers<Checked>();
    this.#invocation += 1;
    this.#become({ at: "checking", answer: { resolve, reject } });
    this.#jail.control.write(encodeFrame(KIND.CHECK, this.#invocation, { file, language }, source));
    this.#clock.startLoading(this.#limits.startMs);
    const cancel = () => reject(signal.reason);
    signal.addEventListener("abort", cancel);
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", cancel);
      await this.end();
    }
  }

  /** Ends it and everything it has started; an invocation under way is LOST. */
  async end(): Promise<void> {
    this.#end(verdicts.CLOSED);
    await this.#jail.kill();
  }

  #become(state: State): void {
    this.#state = state;
  }

  #receive(chunk: Buffer): void {
    let position = 0;
    try {
      for (const frame of this.#reader.push(chunk)) {
        this.#take(frame, position);
        position += 1;
      }
    } catch (error) {
      if (!(error instanceof BrokenFrame)) throw error;
      this.#end(verdicts.brokeProtocol(error.message));
    }
    // Half a frame between two invocations would swallow the next one's answer.
    if (this.canServe && !this.#reader.isBetweenFrames) this.#end();
    this.#flush();
  }

  #take(frame: Frame, position: number): void {
    const state = this.#state;
    switch (state.at) {
      case "starting":
        return this.#takeReady(frame);
      case "checking":
        return this.#takeChecked(frame, state.answer);
      case "loading":
      case "serving":
        // Something that an earlier invocation left running was a moment too late to end the worker before this one.
        if (frame.invocation < state.run.number) return this.#dropStale(frame, state);
        if (frame.invocation > state.run.number) throw new BrokenFrame("a frame is for another invocation");
        return this.#takeAnswer(frame, state, position);
      case "settling":
        return this.#become({ ...state, clean: false });
      case "ending":
        return this.#takeLast(frame, state);
      case "blank":
      case "idle":
        return this.#end();
      case "dead":
        return;
    }
  }

  #dropStale(frame: Frame, state: State & { at: "loading" | "serving" }): void {
    const { run } = state;
    this.#become({ ...state, clean: false });
    run.drop(frame.payload.byteLength + 1);
    if (run.outputExceeded) this.#end(verdicts.tooMuchOutput(run.order.program.outputBytesMax));
  }

  /** An answer that was written before its end is one; what was ended for a reason answers no more. */
  #takeLast(frame: Frame, { run, result }: State & { at: "ending" }): void {
    if (run === undefined || frame.invocation !== run.number) return;
    if (frame.kind === KIND.LOG) run.log(frame.payload);
    const exited =
      result && "error" in result && (result.error?.kind === "Exit" || result.error?.kind === "Signal");
    if (exited && frame.kind === KIND.RESULT) {
      this.#become({
        at: "ending",
        run,
        result: verdicts.judge(readResult(frame.payload), run.order.invocation.resultBytesMax),
      });
    }
  }

  #takeReady(frame: Frame): void {
    if (frame.kind !== KIND.READY) throw new BrokenFrame("a guest did not say that it is ready");
    readReady(frame.payload);
    this.#clock.stop();
    this.#processes = this.#jail.group.processes().length;
    this.#tasks = this.#jail.group.tasks();
    this.#become({ at: "blank" });
    this.#becomeReady.resolve();
  }

  #takeChecked(frame: Frame, answer: Answer): void {
    // A compiler's warnings are of no interest, unless there is no end of them.
    if (frame.kind === KIND.LOG) {
      this.#droppedBytes += frame.payload.byteLength + 1;
      if (this.#droppedBytes <= CHECK_LOG_BYTES_MAX) return;
      throw new BrokenFrame("a check logs without end");
    }
    if (frame.kind !== KIND.CHECKED) throw new BrokenFrame("a check was not answered");
    answer.resolve(readChecked(frame.payload));
  }

  #takeAnswer(frame: Frame, state: State & { at: "loading" | "serving" }, position: number): void {
    const { run, at, clean } = state;
    const { program, invocation } = run.order;
    switch (frame.kind) {
      case KIND.LOG:
        run.log(frame.payload);
        if (run.outputExceeded) this.#end(verdicts.tooMuchOutput(program.outputBytesMax));
        return;
      case KIND.LOADED:
        if (at !== "loading") throw new BrokenFrame("a program was loaded twice");
        run.delivered();
        this.#become({ at: "serving", run, clean });
        this.#clock.startRun(run);
        return;
      case KIND.RESULT:
        if (at !== "serving") throw new BrokenFrame("a result came before the program was loaded");
        return this.#settle(
          run,
          verdicts.judge(readResult(frame.payload), invocation.resultBytesMax),
          clean,
          position,
        );
      case KIND.ERROR: {
        const { failure, isLast } = readFailure(frame.payload);
        const tooLarge = failure.kind === "ResultTooLarge";
        const verdict = tooLarge
          ? verdicts.resultTooLarge(invocation.resultBytesMax)
          : verdicts.raised(failure);
        // A program that could not be loaded leaves a worker that serves nothing.
        return this.#settle(run, verdict, clean && at === "serving" && !isLast, position);
      }
      default:
        throw new BrokenFrame(`a frame of kind ${frame.kind} is not expected`);
    }
  }

  /**
   * What the program wrote to stdout before its answer is readable by now, but may not have been read. One turn of
   * the event loop reads it; a second one is needed when the answer came in one piece with earlier frames, because
   * then the event loop may have looked at stdout before it was written.
   */
  #settle(run: Run, result: Result | Verdict, clean: boolean, position: number): void {
    this.#clock.stop();
    this.#door?.end();
    // On hosts with version 1 groups it may have been a child alone that was killed for its memory.
    const { starved } = run.measure();
    const judged = starved ? verdicts.outOfMemory(run.order.program.memoryBytesMax) : result;
    this.#become({ at: "settling", run, result: judged, clean: clean && !starved });
    const settled = () => this.#settled();
    setImmediate(position === 0 ? settled : () => setImmediate(settled));
  }

  #settled(): void {
    const state = this.#state;
    // It may have ended meanwhile; the answer stands.
    if (state.at !== "settling") return;
    const { run, result, clean } = state;
    const reusable = clean && this.#reader.isBetweenFrames && this.#isAlone();
    // Its run is over either way: what a worker says while it is being ended belongs to none.
    this.#become({ at: "idle" });
    finish(run, result);
    if (reusable) this.owner?.idle(this);
    else this.#end();
  }

  /** Whether a process was killed for its memory. Only while the group exists: before it has been killed. */
  get #starved(): boolean {
    return this.#jail.group.outOfMemoryKills() > 0;
  }

  /** Whether no process survives the invocation. Threads may: their number is only the cheaper question. */
  #isAlone(): boolean {
    const { group } = this.#jail;
    return group.tasks() === this.#tasks || group.processes().length === this.#processes;
  }

  #print(stream: "stdout" | "stderr", chunk: Buffer): void {
    const state = this.#state;
    if ("run" in state && state.run) {
      state.run.print(stream, chunk);
      if (state.run.outputExceeded && state.at !== "ending") {
        this.#end(verdicts.tooMuchOutput(state.run.order.program.outputBytesMax));
      }
      state.run.flush();
    } else if (state.at === "idle") {
      this.#log.debug({}, "a worker is not used again because it wrote between two invocations");
      this.#end();
    } else if (this.#stderr.length < STDERR_CHARACTERS_MAX) {
      this.#stderr += chunk.toString("utf8", 0, STDERR_CHARACTERS_MAX);
    }
  }

  #flush(): void {
    const state = this.#state;
    if ("run" in state) state.run?.flush();
  }

  #thaw(): void {
    this.#isFrozen = false;
    this.#jail.group.thaw();
  }

  #endRun(run: Run, verdict: Verdict): void {
    const state = this.#state;
    if ("run" in state && state.run === run) this.#end(verdict);
  }

  /** Begins its end. An invocation that has been answered keeps its answer, any other gets the verdict. */
  #end(verdict?: Verdict): void {
    const state = this.#state;
    if (state.at === "ending" || state.at === "dead") return;
    this.#clock.stop();
    void this.#door?.[Symbol.asyncDispose]();
    switch (state.at) {
      case "loading":
      case "serving":
        state.run.measure();
        this.#become({ at: "ending", run: state.run, result: verdict ?? verdicts.CLOSED });
        break;
      case "settling":
        this.#become({ at: "ending", run: state.run, result: state.result });
        break;
      case "checking":
        // A source that is made to exhaust whoever reads it is its author's problem, not an accident.
        if (verdict && verdict !== verdicts.CLOSED) state.answer.resolve(EXHAUSTING);
        this.#become({ at: "ending", answer: state.answer });
        break;
      default:
        this.#become({ at: "ending" });
    }
    this.#jail.kill().catch((error: unknown) => this.#log.error({ err: error }, "a jail could not be ended"));
  }

  /** A guest that has closed its line can neither be asked nor answer. */
  #hungUp(): void {
    if (this.canServe) return this.#end();
    setTimeout(() => this.#end(verdicts.brokeProtocol("it was closed")), HANG_UP_MS).unref();
  }

  /** Sees it end, by itself or not. Nothing is decided before everything that it wrote has been read. */
  async #watch(): Promise<void> {
    const ending = await this.#jail.exited;
    const state = this.#state;
    if (state.at === "loading" || state.at === "serving") this.#end(this.#explain(ending, state.run));
    else if (state.at === "checking" && this.#starved) this.#end(verdicts.outOfMemory(BLANK_MEMORY_BYTES));
    else this.#end();
    await this.#jail.closed;
    this.#bury(ending);
  }

  #explain({ exitCode, signal }: Ending, run: Run): Verdict {
    if (this.#starved) return verdicts.outOfMemory(run.order.program.memoryBytesMax);
    return signal === undefined ? verdicts.exited(exitCode ?? 0) : verdicts.signalled(signal);
  }

  #bury({ exitCode, signal }: Ending): void {
    const state = this.#state;
    this.#become({ at: "dead" });
    if (state.at === "ending") {
      if (state.run && state.result) finish(state.run, state.result);
      const why = this.#stderr.trim() || `it ended with ${signal ?? exitCode}`;
      state.answer?.reject(new Error(`a check was not answered: ${why}`));
      this.#becomeReady.reject(new Error(`a jail could not be built: ${why}`));
    }
    this.owner?.dead(this);
  }
}

const EXHAUSTING: Checked = {
  problems: [
    { kind: "syntax", message: "reading it takes more time or memory than there is", line: 0, column: 0 },
  ],
  loadable: Buffer.alloc(0),
};

function finish(run: Run, result: Result | Verdict): void {
  if ("status" in result) run.fail(result);
  else run.succeed(result);
}
