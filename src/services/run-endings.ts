import type { MikroORM } from "@mikro-orm/postgresql";
import {
  type EarlierAttempt,
  type Run,
  RunEntity,
  type RunOrder,
  RunPayloadEntity,
} from "../core/db/entities/runs.ts";
import { Refusal } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { Journal } from "./journal.ts";
import type { Payload, Requeue } from "./journal-batch.ts";
import type { LiveRun, RunView } from "./live-run.ts";
import type { LogBus } from "./log-bus.ts";
import { backoffMs, isRepeated } from "./retry-policy.ts";
import { plainInput, redacted } from "./stored-input.ts";

/** How attempts end: on record first, then told to everybody who waits. */
export class RunEndings {
  readonly #orm: MikroORM;
  readonly #journal: Journal;
  readonly #bus: LogBus;
  readonly #log: Logger;
  readonly #redactedHeaders: ReadonlySet<string>;
  readonly #finished: (run: Run) => void;
  readonly #requeued: (run: Run, repeated: boolean) => void;

  constructor(parts: {
    orm: MikroORM;
    journal: Journal;
    bus: LogBus;
    log: Logger;
    /** Names of headers whose values are not recorded, in lower case. */
    redactedHeaders: ReadonlySet<string>;
    /** Called with every run's last row, once it is committed. */
    finished: (run: Run) => void;
    /** Called with a durable run that waits again, once that is committed; `repeated` for another attempt. */
    requeued: (run: Run, repeated: boolean) => void;
  }) {
    this.#orm = parts.orm;
    this.#journal = parts.journal;
    this.#bus = parts.bus;
    this.#log = parts.log;
    this.#redactedHeaders = parts.redactedHeaders;
    this.#finished = parts.finished;
    this.#requeued = parts.requeued;
  }

  /** Commits a run's last row, then tells everybody: its callers the end, or why they are refused. */
  async settle(
    live: LiveRun,
    row: Run,
    stored: Payload | undefined,
    answer: Payload | undefined,
    refusal?: unknown,
  ): Promise<void> {
    try {
      const forgetsInput = live.order?.recordPayloads === "METADATA";
      const kept = stored ?? (await this.#redactedInput(live));
      const ours = await this.#journal.finish(row, kept, forgetsInput);
      const view = ours ? { run: row, payload: answer } : await this.#onRecord(live.id);
      if (refusal === undefined) live.settle(view);
      else live.refuse(refusal);
      if (isFinal(view.run)) this.#bus.ended(view);
      if (ours) this.#finished(row);
    } catch (error) {
      this.#log.error({ error, runId: live.id }, "a run's end could not be recorded");
      live.refuse(outcomeUnknown(live.id, error));
      // What the database refuses for what it is must not leave the run without an end.
      if (row.errorKind !== UNRECORDED.errorKind)
        await this.settle(live, { ...row, ...UNRECORDED }, undefined, undefined);
    }
  }

  /** Ends an attempt: with the run, or, of a durable one, with another attempt that waits for its time. */
  async settleAttempt(
    live: LiveRun,
    row: Run,
    stored: Payload | undefined,
    answer: Payload | undefined,
  ): Promise<void> {
    const { order } = live;
    if (order === undefined || !isRepeated(order, row.attempt, row.status))
      return this.settle(live, row, stored, answer);
    const waitMs = backoffMs(order.retryPolicy, row.attempt);
    const dueTime = new Date(Date.now() + waitMs);
    live.say("warning", repeatText(row, order, dueTime));
    const requeue = {
      attempt: row.attempt + 1,
      version: order.version,
      dueTime,
      earlier: earlierAttempt(row),
    };
    await this.#requeue(live, requeue, true);
  }

  /** A run was ended by its row alone: everybody who waits is told. */
  announce(run: Run): void {
    this.#bus.ended({ run, payload: undefined });
    this.#finished(run);
  }

  /** Gives a durable run back that no worker had: the same attempt gets another chance. */
  async giveBack(live: LiveRun & { readonly order: RunOrder }, waitMs: number): Promise<void> {
    const dueTime = new Date(Date.now() + waitMs);
    const requeue = { attempt: live.row.attempt, version: live.order.version, dueTime, earlier: undefined };
    await this.#requeue(live, requeue, false);
  }

  async #requeue(live: LiveRun, requeue: Requeue, repeated: boolean): Promise<void> {
    try {
      const row: Run = { ...live.row, logEntries: live.entries };
      const ours = await this.#journal.requeue(row, requeue);
      const view = ours ? { run: waiting(row, requeue), payload: undefined } : await this.#onRecord(live.id);
      live.settle(view);
      if (ours) this.#requeued(view.run, repeated);
    } catch (error) {
      this.#log.error({ error, runId: live.id }, "it could not be recorded that a run waits again");
      live.refuse(outcomeUnknown(live.id, error));
    }
  }

  /** What a durable run was given, without the values of credentials, which are not kept beyond its end. */
  async #redactedInput({ id, order }: LiveRun): Promise<Payload | undefined> {
    if (order?.recordPayloads !== "ALL") return undefined;
    const kept = await this.#orm.em.fork().findOne(RunPayloadEntity, { runId: id });
    return kept === null ? undefined : redacted(plainInput(kept), this.#redactedHeaders);
  }

  /** The row as it is on record: somebody else may have ended the run first, and their word stands. */
  async #onRecord(runId: string): Promise<RunView> {
    const run = await this.#orm.em.fork().findOne(RunEntity, { id: runId });
    if (run === null) throw new Error("the run's row is gone");
    return { run, payload: undefined };
  }
}

/** The row of a run that waits again. */
function waiting(row: Run, { attempt, version, dueTime }: Requeue): Run {
  const turn = {
    status: "QUEUED",
    attempt,
    version,
    dueTime,
    owner: null,
    startTime: null,
    endTime: null,
  } as const;
  return { ...row, ...turn, errorKind: null, errorMessage: null, errorTraceback: null };
}

/** The end of a run whose own cannot be kept. */
const UNRECORDED = {
  status: "LOST",
  errorKind: "Unrecorded",
  errorMessage: "the database refused to record how the run ended",
  errorTraceback: "",
} as const;

export function isFinal({ status }: Pick<Run, "status">): boolean {
  return status !== "QUEUED" && status !== "RUNNING";
}

/** What is remembered of an attempt that is followed by another one. */
export function earlierAttempt(row: Run): EarlierAttempt {
  return {
    attempt: row.attempt,
    status: row.status,
    errorKind: row.errorKind ?? "",
    errorMessage: row.errorMessage ?? "",
    startTimeMs: row.startTime?.getTime(),
    endTimeMs: row.endTime?.getTime() ?? Date.now(),
  };
}

/** What the log says of an attempt that is followed by another one. */
export function repeatText(row: Run, { retryPolicy }: RunOrder, dueTime: Date): string {
  return `Attempt ${row.attempt} of ${retryPolicy.maxAttempts} ended as ${row.status}; the next one may begin at ${dueTime.toISOString()}.`;
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
