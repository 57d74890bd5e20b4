import { create } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type CallbackDelivery,
  CallbackDeliverySchema,
  CallbackStatus,
  DurableRunSchema,
  PairSchema,
  type RetryPolicy as RetryPolicyMessage,
  RetryPolicySchema,
  RunAttemptSchema,
  RunErrorSchema,
  type RunInput as RunInputMessage,
  type Run as RunMessage,
  RunRequestSchema,
  RunResultSchema,
  RunSchema,
  RunStatus,
  RunTrigger,
  RunUsageSchema,
} from "../../gen/codeactions/v1/run_pb.ts";
import type { CallbackStatus as CallbackStatusWord } from "../core/db/entities/callbacks.ts";
import type {
  EarlierAttempt,
  RetryPolicy,
  Run,
  RunOrder,
  RunStatus as RunStatusWord,
  RunTrigger as RunTriggerWord,
} from "../core/db/entities/runs.ts";
import type { Pair } from "../sandbox/program.ts";
import type { Delivery } from "../services/callback-rows.ts";
import type { Payload } from "../services/journal-batch.ts";
import type { RunView } from "../services/live-run.ts";
import { RPC_BODY_BYTES_MAX, type RunInput } from "../services/new-run.ts";
import type { AskedPolicy } from "../services/retry-policy.ts";
import { given, millisecondsOf, optionalTimestamp, reader } from "./messages.ts";

/** Runs and what belongs to them, as our words and as messages of the contract. Nothing here decides anything. */

const STATUSES = {
  QUEUED: RunStatus.QUEUED,
  RUNNING: RunStatus.RUNNING,
  SUCCEEDED: RunStatus.SUCCEEDED,
  FAILED: RunStatus.FAILED,
  TIMED_OUT: RunStatus.TIMED_OUT,
  OUT_OF_MEMORY: RunStatus.OUT_OF_MEMORY,
  OUTPUT_LIMIT: RunStatus.OUTPUT_LIMIT,
  CANCELLED: RunStatus.CANCELLED,
  LOST: RunStatus.LOST,
} satisfies Record<RunStatusWord, number>;
const TRIGGERS = {
  RPC: RunTrigger.RPC,
  ENDPOINT: RunTrigger.ENDPOINT,
  ASYNC: RunTrigger.ASYNC,
  SCHEDULE: RunTrigger.SCHEDULE,
  TRY: RunTrigger.TRY,
} satisfies Record<RunTriggerWord, number>;
const CALLBACK_STATUSES = {
  WAITING: CallbackStatus.WAITING,
  PENDING: CallbackStatus.PENDING,
  DELIVERED: CallbackStatus.DELIVERED,
  FAILED: CallbackStatus.FAILED,
} satisfies Record<CallbackStatusWord, number>;

export const statusOf = reader<RunStatusWord>(STATUSES);
export const triggerOf = reader<RunTriggerWord>(TRIGGERS);

export function triggerNumber(run: Run): RunTrigger {
  return TRIGGERS[run.trigger as RunTriggerWord];
}

export function statusNumber(run: Run): RunStatus {
  return STATUSES[run.status as RunStatusWord];
}

/** A run; request and result only as far as the view has and wants them. */
export function runMessage(
  { run, payload, order, delivery }: RunView,
  show: { request: boolean; result: boolean },
): RunMessage {
  const ended = run.endTime != null;
  return create(RunSchema, {
    id: run.id,
    projectId: run.projectId,
    codeId: run.codeId ?? "",
    version: run.version,
    trigger: triggerNumber(run),
    status: statusNumber(run),
    attempt: run.attempt,
    request: show.request && payload !== undefined ? requestMessage(payload) : undefined,
    result: show.result && payload?.result !== undefined ? resultMessage(payload.result) : undefined,
    error:
      run.errorKind == null
        ? undefined
        : create(RunErrorSchema, {
            kind: run.errorKind,
            message: run.errorMessage ?? "",
            traceback: run.errorTraceback ?? "",
          }),
    usage: ended && run.wallUs != null ? usageMessage(run) : undefined,
    createTime: timestampFromDate(run.createTime),
    startTime: optionalTimestamp(run.startTime),
    endTime: optionalTimestamp(run.endTime),
    durable: order && durableMessage(run, order, delivery),
  });
}

function durableMessage(run: Run, order: RunOrder, delivery: Delivery | undefined) {
  return create(DurableRunSchema, {
    dueTime: optionalTimestamp(run.dueTime),
    retryPolicy: policyMessage(order.retryPolicy),
    idempotent: order.idempotent,
    earlierAttempts: order.earlierAttempts.map(attemptMessage),
    scheduleId: order.scheduleId ?? "",
    replayOf: order.replayOf ?? "",
    callback: delivery && deliveryMessage(delivery),
  });
}

/** How far a callback has come. */
function deliveryMessage({ url, status, tries, nextTime }: Delivery): CallbackDelivery {
  return create(CallbackDeliverySchema, {
    url,
    status: CALLBACK_STATUSES[status],
    tries: tries.map(({ number, time, durationMs, statusCode, error }) => ({
      number,
      time: timestampFromDate(new Date(time)),
      duration: durationFromMs(durationMs),
      statusCode,
      error,
    })),
    nextTime: nextTime && timestampFromDate(nextTime),
  });
}

export function policyMessage(policy: Readonly<RetryPolicy>) {
  return create(RetryPolicySchema, {
    maxAttempts: policy.maxAttempts,
    backoff: durationFromMs(policy.backoffMs),
    multiplier: policy.multiplier,
    maxBackoff: durationFromMs(policy.maxBackoffMs),
    retryOn: policy.retryOn.map((status) => STATUSES[status]),
  });
}

/** What a caller says of a retry policy; undefined when it says nothing. */
export function policyOf(message: RetryPolicyMessage | undefined): AskedPolicy | undefined {
  return (
    message && {
      maxAttempts: message.maxAttempts,
      backoffMs: millisecondsOf(message.backoff),
      multiplier: message.multiplier,
      maxBackoffMs: millisecondsOf(message.maxBackoff),
      retryOn: message.retryOn.map((status) => given(statusOf(status))),
    }
  );
}

function attemptMessage(earlier: EarlierAttempt) {
  const { attempt, status, errorKind, errorMessage, startTimeMs, endTimeMs } = earlier;
  return create(RunAttemptSchema, {
    attempt,
    status: STATUSES[status],
    error: create(RunErrorSchema, { kind: errorKind, message: errorMessage }),
    startTime: startTimeMs === undefined ? undefined : timestampFromMs(startTimeMs),
    endTime: timestampFromMs(endTimeMs),
  });
}

function requestMessage(payload: Payload) {
  return create(RunRequestSchema, {
    method: payload.method,
    path: payload.path,
    params: payload.query.map(pairMessage),
    headers: payload.headers.map(pairMessage),
    ...sizedBody(payload.body),
  });
}

function resultMessage(result: NonNullable<Payload["result"]>) {
  return create(RunResultSchema, {
    statusCode: result.statusCode,
    contentType: result.contentType,
    headers: result.headers.map(pairMessage),
    ...sizedBody(result.body),
  });
}

/** A body that would make the message too large for stock clients is left out; its size is told. */
export function sizedBody(body: Uint8Array) {
  const bodyBytes = BigInt(body.byteLength);
  return { bodyBytes, body: body.byteLength > RPC_BODY_BYTES_MAX ? new Uint8Array() : body };
}

function usageMessage(run: Run) {
  return create(RunUsageSchema, {
    queue: durationFromUs(run.queueUs ?? 0),
    start: durationFromUs(run.startUs ?? 0),
    wall: durationFromUs(run.wallUs ?? 0),
    cpu: durationFromUs(run.cpuUs ?? 0),
    peakMemoryBytes: BigInt(run.peakMemoryBytes ?? 0),
    logEntries: BigInt(run.logEntries ?? 0),
    cold: run.cold ?? false,
  });
}

export function pairMessage([name, value]: Pair) {
  return create(PairSchema, { name, value });
}

/** What a caller hands to a code, with the contract's defaults filled in. */
export function runInputOf(message: RunInputMessage | undefined): RunInput {
  return {
    method: message?.method ? message.method.toUpperCase() : "POST",
    path: message?.path || "/",
    query: message?.query.map(({ name, value }) => [name, value] as const) ?? [],
    headers: message?.headers.map(({ name, value }) => [name, value] as const) ?? [],
    body: message?.body ?? new Uint8Array(),
  };
}

function durationFromUs(us: number) {
  const seconds = Math.floor(us / 1e6);
  return {
    $typeName: "google.protobuf.Duration" as const,
    seconds: BigInt(seconds),
    nanos: Math.round(us - seconds * 1e6) * 1000,
  };
}
