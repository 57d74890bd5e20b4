import { create } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { CallbackSchema, RunInputSchema } from "../../gen/codeactions/v1/run_pb.ts";
import type {
  CreateScheduleRequest,
  ListSchedulesRequest,
  RunnerService,
  UpdateScheduleRequest,
} from "../../gen/codeactions/v1/runner_service_pb.ts";
import {
  Overlap as OverlapEnum,
  type Schedule as ScheduleMessage,
  ScheduleSchema,
} from "../../gen/codeactions/v1/schedule_pb.ts";
import type { Overlap, Schedule } from "../core/db/entities/schedules.ts";
import { fieldInvalid } from "../core/errors.ts";
import { etagOf } from "../services/projects.ts";
import type { ScheduleFields, Schedules } from "../services/schedules.ts";
import { redacted } from "../services/stored-input.ts";
import type { Handlers } from "./handlers.ts";
import { millisecondsOf } from "./messages.ts";
import { pairMessage, policyMessage, policyOf, runInputOf } from "./run-messages.ts";

const OVERLAPS = {
  SKIP: OverlapEnum.SKIP,
  QUEUE: OverlapEnum.QUEUE,
  ALLOW: OverlapEnum.ALLOW,
} satisfies Record<Overlap, number>;

interface Parts {
  readonly schedules: Schedules;
  /** Names of headers whose values are not shown, in lower case. */
  readonly redactedHeaders: ReadonlySet<string>;
}

export type ScheduleMethod =
  | "createSchedule"
  | "getSchedule"
  | "listSchedules"
  | "updateSchedule"
  | "deleteSchedule";

export function scheduleHandlers({
  schedules,
  redactedHeaders,
}: Parts): Pick<Handlers<typeof RunnerService>, ScheduleMethod> {
  return {
    async createSchedule(request, call) {
      const { codeId, name, cron, requestId } = request;
      const input = runInputOf(request.input);
      const schedule = await schedules.create(call, {
        ...newFields(request),
        codeId,
        name,
        cron,
        input,
        requestId,
      });
      return { schedule: scheduleMessage(schedule, redactedHeaders) };
    },

    async getSchedule({ scheduleId }, call) {
      return { schedule: scheduleMessage(await schedules.get(call, scheduleId), redactedHeaders) };
    },

    async listSchedules(request, call) {
      const page = await schedules.list(call, scopeOf(request), {
        size: request.pageSize,
        token: request.pageToken,
      });
      return {
        schedules: page.items.map((schedule) => scheduleMessage(schedule, undefined)),
        nextPageToken: page.nextToken,
      };
    },

    async updateSchedule(request, call) {
      const { scheduleId, etag } = request;
      const schedule = await schedules.update(call, { scheduleId, etag, fields: changedFields(request) });
      return { schedule: scheduleMessage(schedule, redactedHeaders) };
    },

    async deleteSchedule({ scheduleId, etag }, call) {
      await schedules.delete(call, scheduleId, etag);
      return {};
    },
  };
}

function newFields(request: CreateScheduleRequest): Partial<ScheduleFields> {
  const { timeZone, paused, version, idempotent } = request;
  return withoutUndefined({
    ...sharedFields(request),
    timeZone: timeZone || undefined,
    paused,
    version,
    idempotent,
  });
}

function changedFields(request: UpdateScheduleRequest): Partial<ScheduleFields> {
  const { name, cron, timeZone, paused, version, idempotent, input } = request;
  return withoutUndefined({
    ...sharedFields(request),
    name,
    cron,
    timeZone,
    paused,
    version,
    idempotent,
    input: input && runInputOf(input),
  });
}

function sharedFields(request: CreateScheduleRequest | UpdateScheduleRequest) {
  return {
    overlap: overlapOf(request.overlap),
    catchUpMs: millisecondsOf(request.catchUpWindow),
    timeoutMs: millisecondsOf(request.timeout),
    retryPolicy: policyOf(request.retryPolicy),
    callback: request.callback && { url: request.callback.url, secret: request.callback.secret },
  };
}

function overlapOf(number: OverlapEnum): Overlap | undefined {
  return (Object.keys(OVERLAPS) as Overlap[]).find((word) => OVERLAPS[word] === number);
}

function scopeOf({ scope }: ListSchedulesRequest): { projectId: string } | { codeId: string } {
  if (scope.case === undefined) throw fieldInvalid("scope", "project_id or code_id is needed");
  return scope.case === "projectId" ? { projectId: scope.value } : { codeId: scope.value };
}

/** A schedule; without what it gives to its code where no headers are named that may not be shown. */
function scheduleMessage(
  row: Readonly<Schedule>,
  redactedHeaders: ReadonlySet<string> | undefined,
): ScheduleMessage {
  const { callbackUrl: url, callbackSecret: secret } = row;
  return create(ScheduleSchema, {
    id: row.id,
    projectId: row.projectId,
    codeId: row.codeId,
    name: row.name,
    cron: row.cron,
    timeZone: row.timeZone,
    overlap: OVERLAPS[row.overlap as Overlap],
    catchUpWindow: durationFromMs(row.catchUpMs),
    paused: row.paused,
    version: row.version,
    input: redactedHeaders && inputMessage(row, redactedHeaders),
    timeout: row.timeoutMs == null ? undefined : durationFromMs(row.timeoutMs),
    retryPolicy: policyMessage(row.retryPolicy),
    idempotent: row.idempotent,
    callback: url == null || secret == null ? undefined : create(CallbackSchema, { url, secret }),
    etag: etagOf(row.revision),
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
    nextFireTime: row.nextFireTime == null ? undefined : timestampFromDate(row.nextFireTime),
    lastFire:
      row.lastFireTime == null
        ? undefined
        : {
            fireTime: timestampFromDate(row.lastFireTime),
            runId: row.lastRunId ?? "",
            skippedBecause: row.lastSkippedBecause ?? "",
          },
  });
}

function inputMessage(row: Readonly<Schedule>, redactedHeaders: ReadonlySet<string>) {
  const { method, path, query, headers, body } = redacted(row, redactedHeaders);
  return create(RunInputSchema, {
    method,
    path,
    query: query.map(pairMessage),
    headers: headers.map(pairMessage),
    body,
  });
}

function withoutUndefined<Fields extends object>(fields: Fields): Partial<ScheduleFields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
