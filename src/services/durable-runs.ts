import type { RecordPayloads } from "../core/db/entities/codes.ts";
import type { Run } from "../core/db/entities/runs.ts";
import { fieldInvalid, Refusal } from "../core/errors.ts";
import { type Call, codeNotFound, requireRole, runNotFound } from "./access.ts";
import type { Catalog } from "./catalog.ts";
import type { DurableOrder } from "./durable-orders.ts";
import type { DurableQueue } from "./durable-queue.ts";
import type { RunView } from "./live-run.ts";
import { newCodeRun, type RunAsk } from "./new-run.ts";
import type { QueueRoom } from "./queue-room.ts";
import type { RequestKey } from "./request-ids.ts";
import { type AskedPolicy, retryPolicy } from "./retry-policy.ts";
import type { RunRecords } from "./run-records.ts";

const AHEAD_DAYS_MAX = 7;
const DAY_MS = 86_400_000;

/** What a durable run is asked for beside what every run is. */
export interface StartAsk extends Omit<RunAsk, "idempotent"> {
  readonly notBefore: Date | undefined;
  readonly retryPolicy: AskedPolicy | undefined;
  readonly idempotent: boolean;
  readonly callback: DurableOrder["callback"];
}

export interface ReplayAsk {
  readonly runId: string;
  /** 0 for the one that is active when the run begins. */
  readonly version: number;
  readonly retryPolicy: AskedPolicy | undefined;
  readonly callback: DurableOrder["callback"];
  readonly requestId: string;
}

/** Starts runs that outlive every process: each is on record, queued, when its caller has the answer. */
export class DurableRuns {
  readonly #queue: DurableQueue;
  readonly #room: QueueRoom;
  readonly #catalog: Catalog;
  readonly #records: RunRecords;
  readonly #requireCallback: (
    projectId: string,
    callback: NonNullable<StartAsk["callback"]>,
  ) => Promise<void>;

  constructor(parts: {
    queue: DurableQueue;
    room: QueueRoom;
    catalog: Catalog;
    records: RunRecords;
    /** Refuses a callback that could not be delivered. */
    requireCallback: (projectId: string, callback: NonNullable<StartAsk["callback"]>) => Promise<void>;
  }) {
    this.#queue = parts.queue;
    this.#room = parts.room;
    this.#catalog = parts.catalog;
    this.#records = parts.records;
    this.#requireCallback = parts.requireCallback;
  }

  /** Queues a run of a stored code. Answers with the run, or with the id of the one that the same request led to. */
  async start(call: Call, ask: StartAsk): Promise<RunView | string> {
    const { codeId, version, input, timeoutMs, notBefore, idempotent, callback } = ask;
    requireNotBefore(notBefore);
    const policy = retryPolicy(ask.retryPolicy, idempotent);
    const order = { version, input, timeoutMs, notBefore, idempotent, callback, retryPolicy: policy };
    return this.#add(call, codeId, { ...order, replayOf: undefined }, ask, "StartRun");
  }

  /** Queues a run with the input of an earlier one. */
  async replay(call: Call, ask: ReplayAsk): Promise<RunView | string> {
    const { runId, version, callback } = ask;
    const { run, payload: kept } = await this.#records.get(call, runId, true);
    requireRole(call.caller, "CONTRIBUTOR", {
      projectId: run.projectId,
      notFound: () => runNotFound(runId),
    });
    if (run.codeId == null || kept === undefined) throw inputNotKept(run);
    const { result: _, ...input } = kept;
    const policy = retryPolicy(ask.retryPolicy, false);
    const order = { version, input, callback, retryPolicy: policy, idempotent: false };
    const none = { timeoutMs: undefined, notBefore: undefined };
    return this.#add(call, run.codeId, { ...order, ...none, replayOf: runId }, ask, "ReplayRun");
  }

  async #add(
    call: Call,
    codeId: string,
    order: Omit<DurableOrder, "projectId" | "codeId" | "trigger" | "recordPayloads" | "scheduleId">,
    ask: StartAsk | ReplayAsk,
    method: string,
  ): Promise<RunView | string> {
    const runnable = await this.#catalog.runnable(codeId, order.version);
    const { projectId, recordPayloads } = runnable.code;
    requireRole(call.caller, "CONTRIBUTOR", { projectId, notFound: () => codeNotFound(codeId) });
    // Refuses what a run that begins now would be refused for.
    const { version, input, timeoutMs } = order;
    newCodeRun(runnable, { codeId, version, input, timeoutMs, requestId: "" }, "ASYNC");
    if (order.callback !== undefined) await this.#requireCallback(projectId, order.callback);
    const key: RequestKey | undefined =
      ask.requestId === "" ? undefined : { projectId, requestId: ask.requestId, method, ask };
    await this.#requireRoom(projectId, key);
    const whole = { projectId, codeId, recordPayloads: recordPayloads as RecordPayloads, ...order };
    return this.#queue.add({ ...whole, trigger: "ASYNC", scheduleId: undefined }, key);
  }

  /** A request that came before needs no room: it is answered with its run. */
  async #requireRoom(projectId: string, key: RequestKey | undefined): Promise<void> {
    try {
      await this.#room.take(projectId);
    } catch (error) {
      const isKnown = error instanceof Refusal && key !== undefined && (await this.#queue.knows(key));
      if (!isKnown) throw error;
    }
  }
}

/** Refuses a time that is too far ahead. */
export function requireNotBefore(notBefore: Date | undefined): void {
  if (notBefore === undefined || notBefore.getTime() <= Date.now() + AHEAD_DAYS_MAX * DAY_MS) return;
  throw fieldInvalid("not_before", `more than ${AHEAD_DAYS_MAX} days ahead`);
}

function inputNotKept(run: Run): Refusal {
  const why = run.codeId == null ? "it is the try of an unsaved source" : "its input was not recorded";
  return new Refusal("INPUT_NOT_KEPT", `the run cannot be used again: ${why}`, { runId: run.id });
}
