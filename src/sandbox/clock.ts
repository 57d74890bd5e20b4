import type { Run } from "./run.ts";
import { loadTimedOut, outOfProcessorTime, timedOut, type Verdict } from "./verdict.ts";

/** A processor limit is looked at when it could be used up, and not more often than that. */
const LOOK_MS_MIN = 20;

/** Says when a worker's time is over, and with which verdict. One thing is timed at a time. */
export class Clock {
  readonly #over: (verdict: Verdict) => void;
  #timer: NodeJS.Timeout | undefined;
  #processorTimer: NodeJS.Timeout | undefined;

  constructor(over: (verdict: Verdict) => void) {
    this.#over = over;
  }

  /** For starting an interpreter, or loading a program. */
  startLoading(startMs: number): void {
    this.#start(startMs, loadTimedOut);
  }

  /** For the code's own time. A processor limit that the time-out reaches first costs nothing. */
  startRun(run: Run): void {
    const { program, invocation } = run.order;
    this.#start(invocation.timeoutMs, timedOut);
    const isWithinTime = program.cpuTimeMsMax * 1000 >= invocation.timeoutMs * program.cpuMillisMax;
    if (!isWithinTime) this.#look(run);
  }

  stop(): void {
    clearTimeout(this.#timer);
    if (this.#processorTimer !== undefined) clearTimeout(this.#processorTimer);
    this.#processorTimer = undefined;
  }

  #start(milliseconds: number, verdictOf: (milliseconds: number) => Verdict): void {
    this.stop();
    this.#timer = setTimeout(() => this.#over(verdictOf(milliseconds)), milliseconds);
  }

  #look(run: Run): void {
    const { cpuTimeMsMax, cpuMillisMax } = run.order.program;
    const leftMs = cpuTimeMsMax - run.cpuMs;
    if (leftMs <= 0) return this.#over(outOfProcessorTime(cpuTimeMsMax));
    this.#processorTimer = setTimeout(
      () => this.#look(run),
      Math.max(LOOK_MS_MIN, (leftMs * 1000) / cpuMillisMax),
    );
  }
}
