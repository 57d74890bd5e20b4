import { create } from "@bufbuild/protobuf";
import {
  type LogEvent,
  LogEventSchema,
  type LogService,
  type TailLogsRequest,
  type TailLogsResponse,
  TailLogsResponseSchema,
} from "../../gen/codeactions/v1/log_service_pb.ts";
import { Refusal } from "../core/errors.ts";
import type { LogScope } from "../services/log-bus.ts";
import type { LogFilter } from "../services/log-entry.ts";
import type { LogItem, LogStart, Logs } from "../services/logs.ts";
import type { Handlers } from "./handlers.ts";
import { levelOf, logBatchMessage, logEntryFields, microsecondsOf, streamOf } from "./messages.ts";
import { runMessage } from "./run-messages.ts";

/** Why entries of a run cannot be shown: the only reason there is. */
export const GAP_REASON = "these entries are no longer kept";

export function logHandlers({ logs }: { logs: Logs }): Handlers<typeof LogService> {
  // Followers who are given the same item are given the same message.
  const messages = new WeakMap<LogItem, TailLogsResponse>();
  const messageOf = (item: LogItem): TailLogsResponse => {
    const known = messages.get(item);
    if (known !== undefined) return known;
    const made = create(TailLogsResponseSchema, { event: logEvent(item) });
    messages.set(item, made);
    return made;
  };
  return {
    async listLogEntries(request, call) {
      const ask = { size: request.pageSize, token: request.pageToken, newestFirst: request.newestFirst };
      const filter = {
        ...filterOf(request),
        startTimeUs: microsecondsOf(request.startTime),
        endTimeUs: microsecondsOf(request.endTime),
      };
      const page = await logs.list(call, scopeOf(request.scope, []), filter, ask);
      return { entries: page.items.map(logEntryFields), nextPageToken: page.nextToken };
    },

    async *tailLogs(request, call) {
      const scope = scopeOf(request.scope, request.codeIds);
      const { cursor, items } = await logs.tail(call, scope, startOf(request), filterOf(request));
      // Headers leave with the first message: the caller knows at once that it follows.
      yield { event: { cursor, event: { case: "started", value: {} } } };
      for await (const item of items) yield messageOf(item);
      // A tail ends by itself only with its run; anything else is the call's end.
      if (scope.kind !== "run") call.signal.throwIfAborted();
    },
  };
}

function logEvent(item: LogItem): LogEvent {
  const { cursor } = item;
  switch (item.kind) {
    case "entries":
      return create(LogEventSchema, {
        cursor,
        event: { case: "batch", value: logBatchMessage(item.entries) },
      });
    case "gap": {
      const [fromSequence, toSequence] = [BigInt(item.fromSequence), BigInt(item.toSequence)];
      return create(LogEventSchema, {
        cursor,
        event: { case: "gap", value: { fromSequence, toSequence, reason: GAP_REASON } },
      });
    }
    case "heartbeat":
      return create(LogEventSchema, { cursor, event: { case: "heartbeat", value: {} } });
    case "ended": {
      const run = runMessage(item.view, { request: false, result: false });
      return create(LogEventSchema, { cursor, event: { case: "ended", value: run } });
    }
  }
}

type ScopeField =
  | { case: "runId"; value: string }
  | { case: "codeId"; value: string }
  | { case: "projectId"; value: string }
  | { case: undefined; value?: undefined };

function scopeOf(scope: ScopeField, codeIds: readonly string[]): LogScope {
  if (codeIds.length > 0 && scope.case !== "projectId") {
    throw new Refusal(
      "FIELD_INVALID",
      "code_ids: goes with project_id only",
      { field: "code_ids" },
      {
        fields: [{ field: "code_ids", description: "goes with project_id only" }],
      },
    );
  }
  switch (scope.case) {
    case "runId":
      return { kind: "run", runId: scope.value };
    case "codeId":
      return { kind: "code", codeId: scope.value };
    case "projectId":
      return { kind: "project", projectId: scope.value, codeIds };
    default:
      throw new Error("the contract let a request without a scope through");
  }
}

function filterOf(request: { minimumLevel: number; streams: number[]; text: string }): LogFilter {
  const minimumLevel = levelOf(request.minimumLevel);
  const streams = request.streams.map(streamOf).filter((stream) => stream !== undefined);
  return { ...(minimumLevel && { minimumLevel }), streams, text: request.text };
}

function startOf({ from }: TailLogsRequest): LogStart {
  switch (from.case) {
    case "cursor":
      return from.value === "" ? { from: "now" } : { from: "cursor", cursor: from.value };
    case "beginning":
      return { from: "beginning" };
    case "last":
      return { from: "last", count: from.value };
    default:
      return { from: "now" };
  }
}
