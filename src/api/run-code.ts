import { fromBinary } from "@bufbuild/protobuf";
import { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import {
  PairSchema,
  RunErrorSchema,
  RunInputSchema,
  RunResultSchema,
  RunSchema,
  RunUsageSchema,
} from "../../gen/codeactions/v1/run_pb.ts";
import {
  RunCodeRequestSchema,
  RunCodeResponseSchema,
  RunnerService,
} from "../../gen/codeactions/v1/runner_service_pb.ts";
import type { Run } from "../core/db/entities/runs.ts";
import type { Payload } from "../services/journal-batch.ts";
import type { RunView } from "../services/live-run.ts";
import type { RunAsk } from "../services/new-run.ts";
import type { Runs } from "../services/runs.ts";
import type { FastMethod } from "./fast-lane.ts";
import { sizedBody, statusNumber, triggerNumber } from "./run-messages.ts";
import { runAsk } from "./runs.ts";
import type { Check } from "./validation.ts";
import { readBytesFields, WireWriter } from "./wire.ts";

/** RunCode from bytes to bytes: what most requests look like is read, and every answer written, without the library. */
export function fastRunCode(runs: Runs, check: Check): FastMethod<RunAsk> {
  const { parent, name } = RunnerService.method.runCode;
  return {
    path: `/${parent.typeName}/${name}`,
    name: `${parent.typeName}/${name}`,
    read: (bytes) => {
      const plain = readPlain(bytes);
      if (plain !== undefined) return plain;
      const message = fromBinary(RunCodeRequestSchema, bytes);
      check(RunCodeRequestSchema, message);
      return runAsk(message);
    },
    answer: async (ask, call) => writeRunCode(await runs.runCode(call, ask)),
  };
}

const REQUEST = RunCodeRequestSchema.field;
const INPUT = RunInputSchema.field;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const NOTHING = Buffer.alloc(0);

/** A request with a code's id and a body, and no more; undefined for every other one, whatever it is. */
export function readPlain(bytes: Buffer): RunAsk | undefined {
  const request = readBytesFields(bytes, [REQUEST.codeId.number, REQUEST.input.number]);
  const input = readBytesFields(request?.[REQUEST.input.number] ?? NOTHING, [INPUT.body.number]);
  const codeId = request?.[REQUEST.codeId.number]?.toString("latin1") ?? "";
  if (input === undefined || !UUID.test(codeId)) return undefined;
  const body = input[INPUT.body.number] ?? NOTHING;
  return {
    codeId,
    version: 0,
    input: { method: "POST", path: "/", query: [], headers: [], body },
    timeoutMs: undefined,
    requestId: "",
  };
}

const RESPONSE = RunCodeResponseSchema.field;
const RUN = RunSchema.field;
const RESULT = RunResultSchema.field;
const PAIR = PairSchema.field;
const ERROR = RunErrorSchema.field;
const USAGE = RunUsageSchema.field;
const TIMESTAMP = TimestampSchema.field;
const DURATION = DurationSchema.field;
/** What an answer takes beside the result's body, mostly. */
const ANSWER_BYTES = 1024;

/** The answer to a run: what `toBinary` makes of `runMessage` with its result. */
export function writeRunCode({ run, payload }: RunView): Buffer {
  const result = payload?.result;
  const to = new WireWriter(ANSWER_BYTES + (result?.body.byteLength ?? 0));
  to.message(RESPONSE.run.number, () => {
    to.text(RUN.id.number, run.id);
    to.text(RUN.projectId.number, run.projectId);
    to.text(RUN.codeId.number, run.codeId ?? "");
    to.number(RUN.version.number, run.version);
    to.number(RUN.trigger.number, triggerNumber(run));
    to.number(RUN.status.number, statusNumber(run));
    to.number(RUN.attempt.number, run.attempt);
    if (result !== undefined) to.message(RUN.result.number, () => writeResult(to, result));
    if (run.errorKind != null) to.message(RUN.error.number, () => writeError(to, run));
    if (run.endTime != null && run.wallUs != null) to.message(RUN.usage.number, () => writeUsage(to, run));
    writeTime(to, RUN.createTime.number, run.createTime);
    writeTime(to, RUN.startTime.number, run.startTime);
    writeTime(to, RUN.endTime.number, run.endTime);
  });
  return to.bytes;
}

function writeResult(to: WireWriter, result: NonNullable<Payload["result"]>): void {
  const { body, bodyBytes } = sizedBody(result.body);
  to.number(RESULT.statusCode.number, result.statusCode);
  to.text(RESULT.contentType.number, result.contentType);
  for (const [name, value] of result.headers) {
    to.message(RESULT.headers.number, () => {
      to.text(PAIR.name.number, name);
      to.text(PAIR.value.number, value);
    });
  }
  to.data(RESULT.body.number, body);
  to.number(RESULT.bodyBytes.number, Number(bodyBytes));
}

function writeError(to: WireWriter, run: Run): void {
  to.text(ERROR.kind.number, run.errorKind ?? "");
  to.text(ERROR.message.number, run.errorMessage ?? "");
  to.text(ERROR.traceback.number, run.errorTraceback ?? "");
}

function writeUsage(to: WireWriter, run: Run): void {
  writeDuration(to, USAGE.queue.number, run.queueUs ?? 0);
  writeDuration(to, USAGE.start.number, run.startUs ?? 0);
  writeDuration(to, USAGE.wall.number, run.wallUs ?? 0);
  writeDuration(to, USAGE.cpu.number, run.cpuUs ?? 0);
  to.number(USAGE.peakMemoryBytes.number, run.peakMemoryBytes ?? 0);
  to.number(USAGE.logEntries.number, run.logEntries ?? 0);
  to.boolean(USAGE.cold.number, run.cold ?? false);
}

function writeTime(to: WireWriter, field: number, time: Date | null | undefined): void {
  if (time == null) return;
  const ms = time.getTime();
  const seconds = Math.floor(ms / 1000);
  to.message(field, () => {
    to.number(TIMESTAMP.seconds.number, seconds);
    to.number(TIMESTAMP.nanos.number, (ms - seconds * 1000) * 1e6);
  });
}

function writeDuration(to: WireWriter, field: number, us: number): void {
  const seconds = Math.floor(us / 1e6);
  to.message(field, () => {
    to.number(DURATION.seconds.number, seconds);
    to.number(DURATION.nanos.number, Math.round(us - seconds * 1e6) * 1000);
  });
}
