import type { MikroORM } from "@mikro-orm/postgresql";
import { type Run, RunEntity } from "../core/db/entities/runs.ts";
import { Refusal } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { Pool } from "../runner/pool.ts";
import type { Invocation, Outcome, Program } from "../sandbox/program.ts";
import type { Journal } from "./journal.ts";
import type { Payload } from "./journal-batch.ts";
import { LiveRun, type RunView, storedResult } from "./live-run.ts";
import type { LogBus } from "./log-bus.ts";
import { type NewRun, newRow } from "./new-run.ts";
import type { Secrets } from "./secrets.ts";
import { plainInput, redacted } from "./stored-input.ts";

/** The runs that are under way in this process: the life of each, from being accepted to its record. */
export class Execution {
  readonly #orm: MikroORM;
  readonly #pool: Pool;
  readonly #journal: Journal;
  readonly #bus: LogBus;
  readonly #secrets: Secrets;
  readonly #log: Logger;
  readonly #owner: string;
  readonly #redactedHeaders: ReadonlySet<string>;
  readonly #live = new Map<string, LiveRun>();
  readonly #finished: (run: Run) => void;
  #draining = false;

  constructor(parts: {
    orm: MikroORM;
    pool: Pool;
    journal: Journal;
    bus: LogBus;
    secrets: Secrets;
    log: Logger;
    /** This service's id, under whose lease the runs are. */
    owner: string;
    /** Names of headers whose values are not recorded, in lower case. */
    redactedHeaders: ReadonlySet<string>;
    /** Called with every run's last row; for figures. */
    finished: (run: Run) => void;
  }) {
    this.#orm = parts.orm;
    this.#pool = parts.pool;
    this.#journal = parts.journal;
    this.#bus = parts.bus;
    this.#secrets = parts.secrets;
    this.#log = parts.log;
    this.#owner = parts.owner;
    this.#redactedHeaders = parts.redactedHeaders;
    this.#finished = parts.finished;
  }

  /** Runs under way in this process. */
  get underWay(): number {
    return this.#live.size;
  }

  /** A run that is under way in this process. */
  find(runId: string): LiveRun | undefined {
    return this.#live.get(runId);
  }

  /** Accepts a run and begins it. Refused when the service is about to stop, or cannot record it. */
  async start(asked: NewRun, id = newId()): Promise<LiveRun> {
    if (this.#draining)
      throw new Refusal(
        "SHUTTING_DOWN",
        "the service is shutting down; try again",
        {},
        { retryAfterMs: 1_000 },
      );
    if (this.#journal.full) {
      throw new Refusal(
        "DATABASE_UNAVAILABLE",
        "runs cannot be recorded now; try again",
        {},
        { retryAfterMs: 1_000 },
      );
    }
    const secrets = await this.#secrets.forRun(asked.projectId);
    const row: Run = newRow(id, this.#owner, asked);
    const payload =
      asked.recordPayloads === "ALL" ? redacted(plainInput(asked.input), this.#redactedHeaders) : undefined;
    const live = new LiveRun({ journal: this.#journal, row, mask: secrets.mask });
    this.#live.set(id, live);
    this.#journal.begin(row, payload);
    const invocation: Invocation = {
      ...asked.input,
      secrets: secrets.values,
      context: {
        runId: id,
        codeId: asked.codeId ?? "",
        version: asked.version,
        projectId: asked.projectId,
        attempt: row.attempt,
      },
      timeoutMs: asked.timeoutMs,
      resultBytesMax: asked.resultBytesMax,
    };
    void this.#carryOut(live, asked.program, invocation, payload);
    return live;
  }

  /** Ends the runs of a code that have not been given to a worker yet: the code is gone. */
  cancelWaiting(codeId: string): void {
    for (const live of this.#live.values()) {
      if (live.row.codeId === codeId && live.row.status === "QUEUED") live.cancel("the code was deleted");
    }
  }

  /** Takes no new runs, waits for those under way, and ends what is left when the grace is over. */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    const all = () => Promise.allSettled([...this.#live.values()].map((live) => live.ended));
    const grace = Promise.withResolvers<void>();
    const timer = setTimeout(grace.resolve, graceMs);
    await Promise.race([all(), grace.promise]);
    clearTimeout(timer);
    for (const live of this.#live.values()) live.cancel("the service is shutting down");
    await all();
  }

  /** The life of a run from here to its record. Never throws: every end is the live run's. */
  async #carryOut(
    live: LiveRun,
    program: Program,
    invocation: Invocation,
    input: Payload | undefined,
  ): Promise<void> {
    try {
      const listener = {
        accepted: () => live.began({ status: "RUNNING", startTime: new Date() }),
        lines: (lines: Parameters<LiveRun["lines"]>[0]) => live.lines(lines),
      };
      const outcome = await this.#pool.run(program, invocation, listener, live.signal);
      await this.#conclude(live, outcome, invocation, input);
    } catch (error) {
      await this.#concludeUnstarted(live, error);
    } finally {
      this.#live.delete(live.id);
    }
  }

  async #conclude(
    live: LiveRun,
    outcome: Outcome,
    invocation: Invocation,
    input: Payload | undefined,
  ): Promise<void> {
    const { status, error, usage } = outcome;
    const row = live.answer({
      status,
      errorKind: error?.kind ?? null,
      errorMessage: error === undefined ? null : live.masked(error.message),
      errorTraceback: error === undefined ? null : live.masked(error.traceback),
      queueUs: Math.round(usage.queueMs * 1000),
      startUs: Math.round(usage.startMs * 1000),
      wallUs: Math.round(usage.wallMs * 1000),
      cpuUs: Math.round(usage.cpuMs * 1000),
      peakMemoryBytes: usage.peakMemoryBytes,
      cold: usage.cold,
    });
    const result = outcome.result && storedResult(outcome.result);
    const stored = input && { ...input, ...(result && { result }) };
    const answer: Payload = { ...(input ?? plainInput(invocation)), ...(result && { result }) };
    await this.#settle(live, row, stored, answer);
  }

  /** No worker had the run: it is withdrawn if nobody has seen it, and otherwise ends as what stopped it. */
  async #concludeUnstarted(live: LiveRun, error: unknown): Promise<void> {
    if (this.#journal.withdraw(live.id)) return live.refuse(error);
    const refusal = error instanceof Refusal ? error : undefined;
    if (refusal === undefined && !live.signal.aborted)
      this.#log.error({ error, runId: live.id }, "a run was lost");
    const row = live.answer({
      status: live.signal.aborted ? "CANCELLED" : "LOST",
      errorKind: live.signal.aborted ? "Cancelled" : (refusal?.reason ?? "Internal"),
      errorMessage:
        refusal?.message ??
        (live.signal.aborted ? "cancelled before it began" : "the platform lost this run"),
      errorTraceback: "",
    });
    await this.#settle(live, row, undefined, undefined, live.signal.aborted ? undefined : error);
  }

  /** Commits a run's last row, then tells everybody: its callers the end, or why they are refused. */
  async #settle(
    live: LiveRun,
    row: Run,
    stored: Payload | undefined,
    answer: Payload | undefined,
    refusal?: unknown,
  ): Promise<void> {
    try {
      const ours = await this.#journal.finish(row, stored);
      const view = ours ? { run: row, payload: answer } : await this.#endOnRecord(live.id);
      if (refusal === undefined) live.settle(view);
      else live.refuse(refusal);
      this.#bus.ended(view);
      this.#finished(view.run);
    } catch (error) {
      this.#log.error({ error, runId: live.id }, "a run's end could not be recorded");
      live.refuse(outcomeUnknown(live.id, error));
    }
  }

  /** Somebody else ended the run first (it was declared lost, or cancelled from elsewhere): their word stands. */
  async #endOnRecord(runId: string): Promise<RunView> {
    const run = await this.#orm.em.fork().findOne(RunEntity, { id: runId });
    if (run === null) throw new Error("the run's row is gone");
    return { run, payload: undefined };
  }
}

/** The run was given to its code; whether its end is on record is not known. */
export function outcomeUnknown(runId: string, cause: unknown): Refusal {
  return new Refusal(
    "OUTCOME_UNKNOWN",
    "the run was given to its code, but its record is not confirmed; GetRun will tell what became of it",
    { runId },
    { retryAfterMs: 1_000 },
    { cause },
  );
}
