import { create } from "@bufbuild/protobuf";
import { type RunEvent, RunEventSchema } from "../../gen/codeactions/v1/run_pb.ts";
import {
  type ListRunsRequest,
  type RunCodeRequest,
  type RunCodeStreamRequest,
  type RunnerService,
  RunView as RunViewEnum,
  type StartRunRequest,
} from "../../gen/codeactions/v1/runner_service_pb.ts";
import { fieldInvalid, Refusal } from "../core/errors.ts";
import type { Call } from "../services/access.ts";
import type { Cancellations } from "../services/cancellations.ts";
import type { DurableRuns } from "../services/durable-runs.ts";
import type { RunView } from "../services/live-run.ts";
import { RunCursor, readRunCursor } from "../services/log-cursor.ts";
import type { Logs } from "../services/logs.ts";
import type { RunAsk } from "../services/new-run.ts";
import type { RunFilter, RunRecords } from "../services/run-records.ts";
import type { Runs } from "../services/runs.ts";
import type { Handlers } from "./handlers.ts";
import { GAP_REASON } from "./logs.ts";
import { dateOf, given, languageOf, limitsOf, logBatchMessage, millisecondsOf } from "./messages.ts";
import type { PoolMethod } from "./pool.ts";
import { policyOf, runInputOf, runMessage, statusOf, triggerOf } from "./run-messages.ts";
import type { ScheduleMethod } from "./schedules.ts";

interface Parts {
  readonly runs: Runs;
  readonly durableRuns: DurableRuns;
  readonly cancellations: Cancellations;
  readonly records: RunRecords;
  readonly logs: Logs;
}

export function runHandlers({
  runs,
  durableRuns,
  cancellations,
  records,
  logs,
}: Parts): Omit<Handlers<typeof RunnerService>, PoolMethod | ScheduleMethod> {
  /** A run that was queued just now, or the one that the same request led to before. */
  const queued = async (found: RunView | string) => {
    const view = typeof found === "string" ? await records.view(found) : found;
    return { run: runMessage(view, { request: false, result: typeof found === "string" }) };
  };
  return {
    async runCode(request, call) {
      const view = await runs.runCode(call, runAsk(request));
      return { run: runMessage(view, { request: false, result: true }) };
    },

    async *runCodeStream(request, call) {
      const runId = await runs.startCode(call, runAsk(request));
      for await (const event of follow(records, logs, runId, undefined, call)) yield { event };
    },

    async *runSource(request, call) {
      const runId = await runs.startSource(call, {
        projectId: request.projectId,
        language: given(languageOf(request.language)),
        source: request.source,
        input: runInputOf(request.input),
        timeoutMs: millisecondsOf(request.timeout),
        memoryLimitBytes:
          request.memoryLimitBytes === undefined ? undefined : Number(request.memoryLimitBytes),
        limits: limitsOf(request.limits),
        egressHosts: request.egressHosts,
        environment: request.environment,
        requestId: request.requestId,
      });
      for await (const event of follow(records, logs, runId, undefined, call)) yield { event };
    },

    async startRun(request, call) {
      return queued(
        await durableRuns.start(call, {
          ...runAsk(request),
          notBefore: dateOf(request.notBefore, "not_before"),
          retryPolicy: policyOf(request.retryPolicy),
          idempotent: request.idempotent,
          callback: request.callback,
        }),
      );
    },

    async replayRun({ runId, version, requestId, retryPolicy, callback }, call) {
      return queued(
        await durableRuns.replay(call, {
          runId,
          version,
          requestId,
          retryPolicy: policyOf(retryPolicy),
          callback,
        }),
      );
    },

    async getRun({ runId, view }, call) {
      const full = view !== RunViewEnum.BASIC;
      return { run: runMessage(await records.get(call, runId, full), { request: full, result: full }) };
    },

    async listRuns(request, call) {
      const full = request.view === RunViewEnum.FULL;
      const page = await records.list(call, filterOf(request), {
        size: request.pageSize,
        token: request.pageToken,
        full,
      });
      const items = page.items.map((view) => runMessage(view, { request: full, result: full }));
      return { runs: items, nextPageToken: page.nextToken };
    },

    async *watchRun({ runId, cursor }, call) {
      await records.get(call, runId, false);
      const place = cursor === "" ? undefined : readRunCursor(runId, cursor);
      if (cursor !== "" && place === undefined) {
        throw new Refusal(
          "CURSOR_INVALID",
          "cursor: not one that this run gave; leave it empty to start anew",
          {},
          {
            fields: [{ field: "cursor", description: "not one that this run gave" }],
          },
        );
      }
      for await (const event of follow(records, logs, runId, place, call)) yield { event };
    },

    async cancelRun({ runId }, call) {
      const run = await cancellations.cancel(call, runId);
      return { run: runMessage({ run, payload: undefined }, { request: false, result: false }) };
    },
  };
}

/** A run's events from a place on, or from its very start: started, its log, its end. */
async function* follow(
  records: RunRecords,
  logs: Logs,
  runId: string,
  place: RunCursor | undefined,
  call: Call,
): AsyncGenerator<RunEvent> {
  const cursor = place ?? new RunCursor(runId, 0);
  // Something is sent at once, so that the caller has headers and knows that it follows.
  if (place === undefined) {
    const started = runMessage(await records.view(runId), { request: false, result: false });
    yield create(RunEventSchema, { cursor: cursor.text(), event: { case: "started", value: started } });
  } else {
    yield create(RunEventSchema, { cursor: cursor.text(), event: { case: "heartbeat", value: {} } });
  }
  for await (const item of logs.follow({ kind: "run", runId }, cursor, {}, call.signal)) {
    switch (item.kind) {
      case "entries":
        yield create(RunEventSchema, {
          cursor: item.cursor,
          event: { case: "log", value: logBatchMessage(item.entries) },
        });
        break;
      case "gap": {
        const gap = {
          fromSequence: BigInt(item.fromSequence),
          toSequence: BigInt(item.toSequence),
          reason: GAP_REASON,
        };
        yield create(RunEventSchema, { cursor: item.cursor, event: { case: "gap", value: gap } });
        break;
      }
      case "heartbeat":
        yield create(RunEventSchema, { cursor: item.cursor, event: { case: "heartbeat", value: {} } });
        break;
      case "ended": {
        const finished = runMessage(await wholeEnd(item.view, records), { request: false, result: true });
        yield create(RunEventSchema, { cursor: item.cursor, event: { case: "finished", value: finished } });
        return;
      }
    }
  }
  if (!cursor.ended) call.signal.throwIfAborted();
}

/** Live, the end comes with its result; what a durable run was asked for, and a result on record, is looked up. */
async function wholeEnd(view: RunView, records: RunRecords): Promise<RunView> {
  const { run, payload } = view;
  if (payload !== undefined && run.trigger !== "ASYNC" && run.trigger !== "SCHEDULE") return view;
  const recorded = await records.view(run.id);
  return { ...recorded, payload: payload ?? recorded.payload };
}

export function runAsk(request: RunCodeRequest | RunCodeStreamRequest | StartRunRequest): RunAsk {
  return {
    codeId: request.codeId,
    version: request.version,
    input: runInputOf(request.input),
    timeoutMs: millisecondsOf(request.timeout),
    requestId: request.requestId,
    ...(request.idempotent && { idempotent: true }),
  };
}

function filterOf(request: ListRunsRequest): RunFilter {
  const { scope } = request;
  if (scope.case === undefined) throw fieldInvalid("scope", "project_id or code_id is needed");
  return {
    scope: scope.case === "projectId" ? { projectId: scope.value } : { codeId: scope.value },
    statuses: request.statuses.map((status) => given(statusOf(status))),
    triggers: request.triggers.map((trigger) => given(triggerOf(trigger))),
    startTime: dateOf(request.startTime, "start_time"),
    endTime: dateOf(request.endTime, "end_time"),
    scheduleId: request.scheduleId || undefined,
  };
}
