import { clean, readLine } from "./answers.ts";
import type { EgressReport } from "./egress/run.ts";
import { encodeFrame, KIND } from "./frames.ts";
import type { Look, Meter } from "./meter.ts";
import type {
  Invocation,
  Level,
  Line,
  Listener,
  Outcome,
  Program,
  Result,
  Stream,
  Usage,
} from "./program.ts";
import { cutText, RawLines } from "./raw-lines.ts";
import type { Verdict } from "./verdict.ts";

/** One invocation to be run: what, for whom, and how long it has taken to get here. */
export interface Order {
  readonly program: Program;
  /** What a blank worker loads, and the name of the file that tracebacks show. */
  readonly loadable: Uint8Array;
  readonly file: string;
  readonly invocation: Invocation;
  readonly listener: Listener;
  readonly queueMs: number;
  /** Spent on starting the worker that gets it. */
  readonly startMs: number;
}

/** An invocation under way in a worker: collects its lines, counts its output, measures it, and ends once. */
export class Run {
  readonly number: number;
  readonly order: Order;
  readonly outcome: Promise<Outcome>;
  readonly #meter: Meter;
  readonly #lineBytesMax: number;
  readonly #settle: (outcome: Outcome) => void;
  readonly #acceptedUs = Date.now() * 1000;
  readonly #acceptedMs = performance.now();
  readonly #cpuStartUs: number;
  readonly #cold: boolean;
  #deliveredMs = 0;
  #answeredMs = 0;
  #cpuUs = 0;
  #peakMemoryBytes = 0;
  #outputBytes = 0;
  #lines: Line[] = [];
  #over: (() => void) | undefined;
  readonly #prints: { stdout?: RawLines; stderr?: RawLines } = {};

  constructor(parts: {
    number: number;
    order: Order;
    meter: Meter;
    lineBytesMax: number;
    cold: boolean;
  }) {
    const { number, order, meter, lineBytesMax, cold } = parts;
    this.number = number;
    this.order = order;
    this.#meter = meter;
    this.#lineBytesMax = lineBytesMax;
    this.#cold = cold;
    this.#cpuStartUs = meter.idleCpuUs(this.#acceptedMs);
    this.#deliveredMs = this.#acceptedMs;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.outcome = promise;
    this.#settle = resolve;
  }

  /** What the guest is told of it. Its deadline counts from now. */
  encode(): Buffer {
    const { method, path, query, headers, body, secrets, context, timeoutMs, resultBytesMax } =
      this.order.invocation;
    const told = { ...context, deadlineMs: Date.now() + timeoutMs };
    const lineBytesMax = this.#lineBytesMax;
    const head = { method, path, query, headers, secrets, context: told, resultBytesMax, lineBytesMax };
    return encodeFrame(KIND.INVOKE, this.number, head, body);
  }

  /** Calls back when the outcome is known. */
  whenOver(over: () => void): void {
    this.#over = over;
  }

  /** The code's own time begins. */
  delivered(): void {
    this.#deliveredMs = performance.now();
  }

  /** Processor time it has used so far. Only while its group exists. */
  get cpuMs(): number {
    return (this.#meter.cpuUs() - this.#cpuStartUs) / 1000;
  }

  /** Takes what it cost; the last moment is while its group still exists. */
  measure(): Look {
    const look = this.#meter.look(this.order.program.memoryBytesMax);
    this.#answeredMs = look.atMs;
    this.#cpuUs = look.cpuUs - this.#cpuStartUs;
    this.#peakMemoryBytes = look.peakMemoryBytes;
    return look;
  }

  get outputExceeded(): boolean {
    return this.#outputBytes > this.order.program.outputBytesMax;
  }

  /** A log frame. Lines wait for `flush`. */
  log(payload: Buffer): void {
    const { level, stream, timeUs, text, cut } = readLine(payload);
    this.#add(level, stream, timeUs, text, cut);
  }

  /** Bytes that somebody in the jail wrote to stdout or stderr, past the guest. */
  print(stream: "stdout" | "stderr", chunk: Buffer): void {
    const nowUs = Date.now() * 1000;
    this.#prints[stream] ??= new RawLines(this.#lineBytesMax);
    const dropped = this.#prints[stream].push(chunk, (text, cut) =>
      this.#add(PRINT_LEVELS[stream], stream, nowUs, text, cut),
    );
    this.drop(dropped);
  }

  /** Something that it wrote and nobody sees: it is part of its output all the same, because it was read. */
  drop(bytes: number): void {
    this.#outputBytes += bytes;
  }

  /** Hands the lines on that have come since the last time. */
  flush(): void {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    this.order.listener.lines(lines);
  }

  succeed(result: Result): void {
    this.#finishPrints();
    this.#finish({ status: "SUCCEEDED", result, usage: this.#usage() });
  }

  fail({ status, error, sentence }: Verdict): void {
    this.#finishPrints();
    if (sentence !== undefined) this.#say("system", sentence);
    else if (error !== undefined) this.#say("engine", error.traceback || `${error.kind}: ${error.message}`);
    this.#finish({ status, usage: this.#usage(), ...(error && { error }) });
  }

  #finish(outcome: Outcome): void {
    this.flush();
    this.#over?.();
    this.#settle(outcome);
  }

  /** Beyond the output limit nothing is kept any more. */
  #add(level: Level, stream: Stream, timeUs: number, bytes: Buffer, cut: boolean): void {
    if (this.outputExceeded) return;
    this.#outputBytes += bytes.byteLength + 1;
    if (this.outputExceeded) return;
    const tooLong = bytes.byteLength > this.#lineBytesMax;
    const text = clean((tooLong ? cutText(bytes, this.#lineBytesMax) : bytes).toString("utf8"));
    const nowUs = Date.now() * 1000 + 999;
    const clamped = Math.max(this.#acceptedUs, Math.min(timeUs, nowUs));
    this.#lines.push({ timeUs: clamped, level, stream, text, truncated: cut || tooLong });
  }

  /** A connection of the run to the outside is over. */
  connected({ host, port, address, bytesSent, bytesReceived, durationMs, verdict, why }: EgressReport): void {
    const where = `${host}:${port}${address === undefined || address === host ? "" : ` (${address})`}`;
    const moved = `${bytesSent} bytes sent, ${bytesReceived} received in ${Math.round(durationMs)} ms`;
    const isWorthALook = verdict === "refused" || verdict === "failed";
    const text = `egress to ${where} ${verdict}: ${isWorthALook ? why : moved}${verdict === "cut" ? `; ${why}` : ""}`;
    this.#say("system", text, isWorthALook ? "warning" : "info");
  }

  /** What is said about the run does not count as its output. */
  #say(stream: "system" | "engine", given: string, level: Level = "error"): void {
    const bytes = Buffer.from(given.trimEnd());
    const truncated = bytes.byteLength > this.#lineBytesMax;
    const text = clean(truncated ? cutText(bytes, this.#lineBytesMax).toString() : given.trimEnd());
    this.#lines.push({ timeUs: Date.now() * 1000, level, stream, text, truncated });
  }

  #finishPrints(): void {
    const nowUs = Date.now() * 1000;
    this.#prints.stdout?.finish((text, cut) => this.#add("info", "stdout", nowUs, text, cut));
    this.#prints.stderr?.finish((text, cut) => this.#add("error", "stderr", nowUs, text, cut));
  }

  #usage(): Usage {
    const startMs = this.#cold ? this.order.startMs + this.#deliveredMs - this.#acceptedMs : 0;
    return {
      queueMs: this.order.queueMs,
      startMs,
      wallMs: this.#answeredMs - this.#deliveredMs,
      cpuMs: this.#cpuUs / 1000,
      peakMemoryBytes: this.#peakMemoryBytes,
      cold: this.#cold,
    };
  }
}

const PRINT_LEVELS = { stdout: "info", stderr: "error" } as const satisfies Record<string, Level>;
