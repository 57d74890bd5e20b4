import { create, toJsonString } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type CallbackDelivery,
  CallbackDeliverySchema,
  CallbackStatus as CallbackStatusEnum,
  RunSchema,
} from "../../gen/codeactions/v1/run_pb.ts";
import type { CallbackStatus } from "../core/db/entities/callbacks.ts";
import type { Delivery } from "../services/callbacks.ts";
import type { RunView } from "../services/live-run.ts";
import { runMessage } from "./messages.ts";

const STATUSES = {
  WAITING: CallbackStatusEnum.WAITING,
  PENDING: CallbackStatusEnum.PENDING,
  DELIVERED: CallbackStatusEnum.DELIVERED,
  FAILED: CallbackStatusEnum.FAILED,
} satisfies Record<CallbackStatus, number>;

/** A result's body that is larger is left out of what a callback says; its size is told. */
const RESULT_BYTES_MAX = 256 * 1024;

/** What a callback says: a run as JSON of the contract, with its result and without its input. */
export function callbackBody(view: RunView): string {
  const run = runMessage(view, { request: false, result: true });
  if (run.result !== undefined && run.result.body.byteLength > RESULT_BYTES_MAX)
    run.result.body = new Uint8Array();
  return toJsonString(RunSchema, run);
}

/** How far a callback has come. */
export function deliveryMessage({ url, status, tries, nextTime }: Delivery): CallbackDelivery {
  return create(CallbackDeliverySchema, {
    url,
    status: STATUSES[status],
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
