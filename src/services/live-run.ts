import type { Run, RunOrder, RunStatus } from "../core/db/entities/runs.ts";
import type { Line, Result } from "../sandbox/program.ts";
import type { Delivery } from "./callback-rows.ts";
import type { Journal } from "./journal.ts";
import type { Payload } from "./journal-batch.ts";
import type { LogEntry } from "./log-entry.ts";

/** A run as a reader sees it: its row, and what it was given and answered where that is known. */
export interface RunView {
  readonly run: Run;
  readonly payload: Payload | undefined;
  /** What a durable run was asked for, where that is known. */
  readonly order?: RunOrder | undefined;
  /** How far its callback is, where it has one and that is known. */
  readonly delivery?: Delivery | undefined;
}

/** Nobody waits to see that a durable run has begun, and most end before this: their rows are written once less. */
const DURABLE_DELAY_MS = 200;

/**
 * A run that is under way in this process: its current row, its growing log and its end. Rows are values; every change
 * makes a new one and hands it to the journal.
 */
export class LiveRun {
  /** What a durable run was asked for; undefined for every other one. */
  readonly order: RunOrder | undefined;
  readonly #journal: Journal;
  #mask: ((text: string) => string) | undefined;
  readonly #cancelled = new AbortController();
  readonly #end = Promise.withResolvers<RunView>();
  #row: Run;
  #entries: number;
  #answered = false;
  #interrupted = false;

  constructor(parts: {
    journal: Journal;
    row: Run;
    mask: ((text: string) => string) | undefined;
    order?: RunOrder;
  }) {
    this.#journal = parts.journal;
    this.#row = parts.row;
    this.#mask = parts.mask;
    this.order = parts.order;
    // Its earlier attempts have written some: the numbers go on.
    this.#entries = parts.row.logEntries ?? 0;
    // Whoever follows looks at the end in their own time; nobody looking is no fault.
    this.#end.promise.catch(() => {});
  }

  get id(): string {
    return this.#row.id;
  }

  get row(): Run {
    return this.#row;
  }

  /** The code has answered, or failed; what is missing is the record. */
  get answered(): boolean {
    return this.#answered;
  }

  get entries(): number {
    return this.#entries;
  }

  /** Fires when the run is to end, with everything it started. */
  get signal(): AbortSignal {
    return this.#cancelled.signal;
  }

  /** This process is about to stop, which says nothing about the run. */
  get interrupted(): boolean {
    return this.#interrupted;
  }

  /**
   * The run as it ended, once that is on record; a durable run that waits again is shown as such. Rejects with the
   * Refusal when it never began.
   */
  get ended(): Promise<RunView> {
    return this.#end.promise;
  }

  cancel(reason: string): void {
    this.#cancelled.abort(new DOMException(reason, "AbortError"));
  }

  /** Ends the attempt, and not the run where that can be had otherwise. */
  interrupt(): void {
    this.#interrupted = !this.signal.aborted;
    this.cancel("the service is shutting down");
  }

  /** What a durable run learns when it begins: its version, and what hides secrets in its log. */
  prepare(version: number, mask: ((text: string) => string) | undefined): void {
    this.#row = { ...this.#row, version };
    this.#mask = mask;
  }

  /** The row moves on; the journal writes it in company. */
  began(change: Partial<Run>): void {
    this.#row = { ...this.#row, ...change };
    this.#journal.begin(this.#row, undefined, this.order && DURABLE_DELAY_MS);
  }

  /** The attempt was lost, and another one begins; the log says why. */
  repeat(why: string): void {
    const attempt = this.#row.attempt + 1;
    this.say("warning", `Attempt ${this.#row.attempt} was lost: ${why}. Attempt ${attempt} begins.`);
    this.began({ attempt });
  }

  /** Numbers the lines, hides the secrets in them and hands them to the journal. */
  lines(lines: readonly Line[]): void {
    const entries: LogEntry[] = lines.map((line) => ({
      sequence: ++this.#entries,
      timeUs: line.timeUs,
      level: line.level,
      stream: line.stream,
      text: this.masked(line.text),
      truncated: line.truncated,
    }));
    this.#journal.append(this.#row, entries);
  }

  /** A line of ours in its log. */
  say(level: Line["level"], text: string): void {
    this.lines([{ timeUs: Date.now() * 1000, level, stream: "system", text, truncated: false }]);
  }

  masked(text: string): string {
    return this.#mask === undefined ? text : this.#mask(text);
  }

  /** The run's last row; from here on only the record is missing. */
  answer(change: Partial<Run> & { status: RunStatus }): Run {
    this.#answered = true;
    this.#row = { ...this.#row, ...change, endTime: new Date(), logEntries: this.#entries };
    return this.#row;
  }

  settle(view: RunView): void {
    this.#row = view.run;
    this.#end.resolve(view);
  }

  refuse(error: unknown): void {
    this.#end.reject(error);
  }
}

/** A result as it is kept. */
export function storedResult(result: Result): NonNullable<Payload["result"]> {
  const { statusCode, contentType, headers, body } = result;
  return { statusCode, contentType, headers: headers.map(([name, value]) => [name, value]), body };
}
