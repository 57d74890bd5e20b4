/**
 * The words this room shares with the floor above: what is to be run, with what, and what came of it.
 * Nothing here knows of projects, rows or RPC.
 */

export const LANGUAGES = ["python", "javascript", "typescript", "go"] as const;
export type Language = (typeof LANGUAGES)[number];

/** One source with its limits. Workers are shared between invocations of one `key`, never between keys. */
export interface Program {
  /** Identity for warm reuse: whatever changes what a worker is (source, limits, environment) changes the key. */
  readonly key: string;
  readonly language: Language;
  readonly source: string;
  /** SHA-256 of the source, in hex: what built artifacts are kept by. */
  readonly sourceSha256: string;
  /** Plain name-value pairs set in the guest's environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of a worker: all its processes and temporary files together. */
  readonly memoryBytesMax: number;
  /** Of a worker: processor time per second, in thousandths of a core. */
  readonly cpuMillisMax: number;
  /** Of a worker: processes and threads together. */
  readonly pidsMax: number;
  /** Of a worker: bytes of temporary files. */
  readonly tmpBytesMax: number;
  /** Of each process of a worker. */
  readonly openFilesMax: number;
  /** Processor time one invocation may use before it ends as TIMED_OUT. */
  readonly cpuTimeMsMax: number;
  /** Log bytes one invocation may write before it ends as OUTPUT_LIMIT. */
  readonly outputBytesMax: number;
  /** Invocations of this program that may run at once; more wait. */
  readonly concurrencyMax: number;
  /** Hosts that it may reach through the proxy, as patterns of egress/rules.ts; none without any. */
  readonly egressHosts: readonly string[];
  /** Every invocation gets a worker of its own, which ends with it. */
  readonly isFresh: boolean;
}

/** A name and a value; order and repetition are kept, as in a query string or a header list. */
export type Pair = readonly [name: string, value: string];

/** One call of a program. */
export interface Invocation {
  readonly method: string;
  readonly path: string;
  readonly query: readonly Pair[];
  readonly headers: readonly Pair[];
  readonly body: Uint8Array;
  readonly secrets: Readonly<Record<string, string>>;
  readonly context: {
    readonly runId: string;
    readonly codeId: string;
    readonly version: number;
    readonly projectId: string;
    readonly attempt: number;
  };
  /** The code's own time: from the delivery of its input to its answer. */
  readonly timeoutMs: number;
  /** A larger result ends the invocation as OUTPUT_LIMIT. */
  readonly resultBytesMax: number;
}

export type Level = "debug" | "info" | "warning" | "error";
export type Stream = "engine" | "stdout" | "stderr" | "system";

/** One line the guest wrote (or, with stream `system`, that the sandbox says about it). */
export interface Line {
  /** Microseconds since the epoch, never before the invocation nor after the host's now. */
  readonly timeUs: number;
  readonly level: Level;
  readonly stream: Stream;
  /** Valid Unicode without NUL; one line for prints, possibly several for `engine.log`. */
  readonly text: string;
  /** The line was longer than the limit and is cut here. */
  readonly truncated: boolean;
}

export type Status =
  | "SUCCEEDED"
  | "FAILED"
  | "TIMED_OUT"
  | "OUT_OF_MEMORY"
  | "OUTPUT_LIMIT"
  | "CANCELLED"
  | "LOST";

export interface Result {
  readonly statusCode: number;
  /** A MIME type; the guests' short names text, json and html are already spelled out. */
  readonly contentType: string;
  readonly headers: readonly Pair[];
  readonly body: Uint8Array;
}

export interface Failure {
  /** The exception's class, or one of ours: `Exit`, `Signal`, `SyntaxError`, `EntryPoint`, `Protocol`. */
  readonly kind: string;
  readonly message: string;
  readonly traceback: string;
}

export interface Usage {
  /** Waiting for a worker. */
  readonly queueMs: number;
  /** Starting one and loading the program; 0 when it was warm. */
  readonly startMs: number;
  /** From the delivery of the input to the answer. */
  readonly wallMs: number;
  readonly cpuMs: number;
  /** The most its worker has held so far; 0 where the host cannot tell. */
  readonly peakMemoryBytes: number;
  readonly cold: boolean;
}

/** What came of an invocation: always an outcome, never an exception, once a worker has the input. */
export interface Outcome {
  readonly status: Status;
  readonly result?: Result;
  readonly error?: Failure;
  readonly usage: Usage;
}

/** Who follows an invocation. Calls are synchronous, in order, and must not throw. */
export interface Listener {
  /** The input is about to be handed to a worker; from here on the answer is an Outcome. */
  accepted(): void;
  lines(lines: readonly Line[]): void;
}

/** Something wrong with a source, found without running it. Lines and columns count from 1; 0 means unknown. */
export interface Problem {
  readonly kind: "syntax" | "entry_point" | "import" | "type";
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

export type LanguageState =
  | { readonly language: Language; readonly state: "ready"; readonly runtime: string }
  | {
      readonly language: Language;
      readonly state: "preparing";
      readonly runtime: string;
      readonly progress: string;
    }
  | { readonly language: Language; readonly state: "missing"; readonly why: string; readonly fix: string };

/**
 * Why the sandbox did not take an invocation. Thrown only before `accepted`; nothing of the invocation has run.
 * `full`: no worker came free in time or the queue is at its limit. `missing` and `preparing`: the language.
 * `closed`: the sandbox is shutting down. `broken`: a jail could not be built.
 */
export class NotAccepted extends Error {
  readonly why: "full" | "missing" | "preparing" | "closed" | "broken";
  readonly retryAfterMs: number;
  constructor(why: NotAccepted["why"], message: string, retryAfterMs = 0, options?: ErrorOptions) {
    super(message, options);
    this.name = "NotAccepted";
    this.why = why;
    this.retryAfterMs = retryAfterMs;
  }
}
