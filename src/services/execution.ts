import type { RecordPayloads } from "../core/db/entities/codes.ts";
import type { Run, RunOrder } from "../core/db/entities/runs.ts";
import { type Reason, Refusal } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { TransientMap } from "../core/transient-map.ts";
import type { Pool } from "../runner/pool.ts";
import type { Invocation, Outcome } from "../sandbox/program.ts";
import type { Catalog } from "./catalog.ts";
import type { Journal } from "./journal.ts";
import type { Payload } from "./journal-batch.ts";
import { LiveRun, storedResult } from "./live-run.ts";
import { type NewRun, newRow, RPC_BODY_BYTES_MAX, type RunInput } from "./new-run.ts";
import type { RunEndings } from "./run-endings.ts";
import type { Secrets } from "./secrets.ts";
import { plainInput, redacted } from "./stored-input.ts";

/** A durable run that this service has taken: its row, what it was asked for and what its code is given. */
export interface ClaimedRun {
  readonly row: Run;
  readonly order: RunOrder;
  readonly input: RunInput;
}

/** The runs that are under way in this process: the life of each, from being accepted to its record. */
export class Execution {
  readonly #pool: Pool;
  readonly #journal: Journal;
  readonly #endings: RunEndings;
  readonly #catalog: Catalog;
  readonly #secrets: Secrets;
  readonly #log: Logger;
  readonly #owner: string;
  readonly #redactedHeaders: ReadonlySet<string>;
  readonly #live = new TransientMap<string, LiveRun>();
  #draining = false;

  constructor(parts: {
    pool: Pool;
    journal: Journal;
    endings: RunEndings;
    catalog: Catalog;
    secrets: Secrets;
    log: Logger;
    /** This service's id, under whose lease the runs are. */
    owner: string;
    /** Names of headers whose values are not recorded, in lower case. */
    redactedHeaders: ReadonlySet<string>;
  }) {
    this.#pool = parts.pool;
    this.#journal = parts.journal;
    this.#endings = parts.endings;
    this.#catalog = parts.catalog;
    this.#secrets = parts.secrets;
    this.#log = parts.log;
    this.#owner = parts.owner;
    this.#redactedHeaders = parts.redactedHeaders;
  }

  /** Runs under way in this process. */
  get underWay(): number {
    return this.#live.size;
  }

  /** The ids of the same. */
  runIds(): string[] {
    return [...this.#live.keys()];
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
    this.#pool.requireRoom(asked.program, asked.projectId);
    const secrets = await this.#secrets.forRun(asked.projectId);
    const row: Run = newRow(id, this.#owner, asked);
    const payload = this.#recorded(asked.input, asked.recordPayloads);
    const live = new LiveRun({ journal: this.#journal, row, mask: secrets.mask });
    this.#live.set(id, live);
    this.#journal.begin(row, payload);
    const invocation = invocationOf(row, asked, secrets.values);
    void this.#carryOut(live, asked, invocation, payload);
    return live;
  }

  /** Carries out an attempt of a durable run that this service has claimed. Resolves when it is over and on record. */
  async attempt({ row, order, input }: ClaimedRun): Promise<void> {
    const live = new LiveRun({ journal: this.#journal, row, mask: undefined, order });
    this.#live.set(row.id, live);
    this.#journal.adopt(row.id);
    try {
      if (this.#draining) live.interrupt();
      live.signal.throwIfAborted();
      const runnable = await this.#catalog.runnable(row.codeId ?? "", order.version);
      const secrets = await this.#secrets.forRun(row.projectId);
      live.prepare(runnable.version, secrets.mask);
      const asked = {
        input,
        timeoutMs: Math.min(order.timeoutMs ?? Number.POSITIVE_INFINITY, runnable.code.timeoutMs),
        resultBytesMax: RPC_BODY_BYTES_MAX,
      };
      const invocation = invocationOf(live.row, asked, secrets.values);
      const recorded = this.#recorded(input, order.recordPayloads);
      live.signal.throwIfAborted();
      const { program } = runnable;
      await this.#carryOut(live, { program, deadlineMs: undefined, idempotent: false }, invocation, recorded);
    } catch (error) {
      await this.#concludeAttempt(live as DurableLiveRun, error);
    } finally {
      this.#live.delete(row.id);
    }
  }

  /** Ends the runs of a code that have not been given to a worker yet: the code is gone. */
  cancelWaiting(codeId: string): void {
    for (const live of this.#live.values()) {
      if (live.row.codeId === codeId && live.row.status === "QUEUED") live.cancel("the code was deleted");
    }
  }

  /**
   * Takes no new runs, waits for those under way, and ends what is left when the grace is over. Durable runs that no
   * worker has yet are given back at once.
   */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    const all = () => Promise.allSettled([...this.#live.values()].map((live) => live.ended));
    for (const live of this.#live.values()) {
      if (isDurable(live) && live.row.status === "QUEUED") live.interrupt();
    }
    await withinGrace(all(), graceMs);
    for (const live of this.#live.values()) {
      if (isDurable(live)) live.interrupt();
      else live.cancel("the service is shutting down");
    }
    await withinGrace(all(), LAST_WORDS_MS);
  }

  /** What is kept of a run's input; undefined where nothing is. */
  #recorded(input: RunInput, recordPayloads: RecordPayloads): Payload | undefined {
    return recordPayloads === "ALL" ? redacted(plainInput(input), this.#redactedHeaders) : undefined;
  }

  /** The life of a run from here to its record. Never throws: every end is the live run's. */
  async #carryOut(
    live: LiveRun,
    { program, deadlineMs, idempotent }: Pick<NewRun, "program" | "deadlineMs" | "idempotent">,
    invocation: Invocation,
    input: Payload | undefined,
  ): Promise<void> {
    const listener = {
      accepted: () => live.began({ status: "RUNNING", startTime: new Date() }),
      lines: (lines: Parameters<LiveRun["lines"]>[0]) => live.lines(lines),
    };
    try {
      const again = idempotent
        ? (lost: Outcome) => this.#nextAttempt(live, lost, invocation, deadlineMs)
        : undefined;
      const order = { program, invocation, listener, deadlineMs, again };
      const outcome = await this.#pool.run(order, live.signal);
      await this.#conclude(live, outcome, invocation, input);
    } catch (error) {
      await this.#concludeUnstarted(live, error);
    } finally {
      this.#live.delete(live.id);
    }
  }

  /** What a run that may be repeated gives to another node while its caller waits; undefined when it has ended. */
  #nextAttempt(
    live: LiveRun,
    lost: Outcome,
    invocation: Invocation,
    deadlineMs: number | undefined,
  ): Invocation | undefined {
    if (live.signal.aborted || this.#draining || live.row.attempt === IDEMPOTENT_ATTEMPTS_MAX)
      return undefined;
    if (deadlineMs !== undefined && Date.now() >= deadlineMs) return undefined;
    live.repeat(lost.error?.message ?? "");
    return { ...invocation, context: { ...invocation.context, attempt: live.row.attempt } };
  }

  async #conclude(
    live: LiveRun,
    outcome: Outcome,
    invocation: Invocation,
    input: Payload | undefined,
  ): Promise<void> {
    const { status, error, usage } = wasInterrupted(live, outcome) ? lostOnTheWay(live, outcome) : outcome;
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
    await this.#endings.settleAttempt(live, row, stored, answer);
  }

  /** No worker had the run: it is withdrawn if nobody has seen it, and otherwise ends as what stopped it. */
  async #concludeUnstarted(live: LiveRun, error: unknown): Promise<void> {
    if (isDurable(live)) return this.#concludeAttempt(live, error);
    if (this.#journal.withdraw(live.id)) return live.refuse(error);
    const refusal = error instanceof Refusal ? error : undefined;
    if (refusal === undefined && !live.signal.aborted)
      this.#log.error({ error, runId: live.id }, "a run was lost");
    const row = live.signal.aborted ? cancelled(live) : lost(live, refusal);
    await this.#endings.settle(live, row, undefined, undefined, live.signal.aborted ? undefined : error);
  }

  /** The same for a durable run: it gets another chance, unless what stopped it will not pass. */
  async #concludeAttempt(live: DurableLiveRun, error: unknown): Promise<void> {
    if (live.interrupted) return this.#endings.giveBack(live, 0);
    if (live.signal.aborted) return this.#endings.settle(live, cancelled(live), undefined, undefined);
    if (!(error instanceof Refusal)) {
      this.#log.error({ error, runId: live.id }, "a durable run could not be begun; it is tried again");
      return this.#endings.giveBack(live, AFTER_FAULT_MS);
    }
    if (PASSING.has(error.reason)) {
      const waitMs = Math.min(error.details.retryAfterMs ?? 0, AFTER_REFUSAL_MS_MAX);
      return this.#endings.giveBack(live, Math.max(waitMs, AFTER_REFUSAL_MS) * (1 + Math.random() / 2));
    }
    live.say("error", `It cannot be begun: ${error.message}.`);
    const row = live.answer({
      status: error.reason === "CODE_NOT_FOUND" ? "CANCELLED" : "FAILED",
      errorKind: error.reason,
      errorMessage: error.reason === "CODE_NOT_FOUND" ? "the code was deleted" : error.message,
      errorTraceback: "",
    });
    await this.#endings.settle(live, row, undefined, undefined);
  }
}

/** What stops a run for now, and not for good. */
const PASSING: ReadonlySet<Reason> = new Set([
  "POOL_FULL",
  "POOL_UNAVAILABLE",
  "LANGUAGE_PREPARING",
  "CODE_QUARANTINED",
  "SHUTTING_DOWN",
  "DATABASE_UNAVAILABLE",
]);
/** How long a durable run waits after such a refusal, at least and at most. */
const AFTER_REFUSAL_MS = 100;
const AFTER_REFUSAL_MS_MAX = 60_000;
/** How long a durable run waits after a fault of ours. */
const AFTER_FAULT_MS = 2_000;

/** Attempts of a run that is waited for and may be repeated, where the platform loses them. */
const IDEMPOTENT_ATTEMPTS_MAX = 3;

/** How long the ends of runs may take to be recorded when the service stops. */
const LAST_WORDS_MS = 10_000;

async function withinGrace(over: Promise<unknown>, graceMs: number): Promise<void> {
  const grace = Promise.withResolvers<void>();
  const timer = setTimeout(grace.resolve, graceMs);
  await Promise.race([over, grace.promise]);
  clearTimeout(timer);
}

function invocationOf(
  row: Run,
  asked: { readonly input: RunInput; readonly timeoutMs: number; readonly resultBytesMax: number },
  secrets: Invocation["secrets"],
): Invocation {
  return {
    ...asked.input,
    secrets,
    context: {
      runId: row.id,
      codeId: row.codeId ?? "",
      version: row.version,
      projectId: row.projectId,
      attempt: row.attempt,
    },
    timeoutMs: asked.timeoutMs,
    resultBytesMax: asked.resultBytesMax,
  };
}

type DurableLiveRun = LiveRun & { readonly order: RunOrder };

function isDurable(live: LiveRun): live is DurableLiveRun {
  return live.order !== undefined;
}

/** The service is about to stop and ended the attempt, which nobody had asked for. */
function wasInterrupted(live: LiveRun, { status }: Outcome): boolean {
  return isDurable(live) && live.interrupted && status === "CANCELLED";
}

function lostOnTheWay(live: LiveRun, { usage }: Outcome): Outcome {
  live.say("error", "The service that ran this was shut down before it had ended.");
  const error = { kind: "Lost", message: "the service that ran this was shut down", traceback: "" };
  return { status: "LOST", error, usage };
}

function cancelled(live: LiveRun): Run {
  const error = { errorKind: "Cancelled", errorMessage: "cancelled before it began", errorTraceback: "" };
  return live.answer({ status: "CANCELLED", ...error });
}

function lost(live: LiveRun, refusal: Refusal | undefined): Run {
  return live.answer({
    status: "LOST",
    errorKind: refusal?.reason ?? "Internal",
    errorMessage: refusal?.message ?? "the platform lost this run",
    errorTraceback: "",
  });
}
