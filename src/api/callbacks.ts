import { toJsonString } from "@bufbuild/protobuf";
import { RunSchema } from "../../gen/codeactions/v1/run_pb.ts";
import type { RunView } from "../services/live-run.ts";
import { runMessage } from "./run-messages.ts";

/** A result's body that is larger is left out of what a callback says; its size is told. */
const RESULT_BYTES_MAX = 256 * 1024;

/** What a callback says: a run as JSON of the contract, with its result and without its input. */
export function callbackBody(view: RunView): string {
  const run = runMessage(view, { request: false, result: true });
  if (run.result !== undefined && run.result.body.byteLength > RESULT_BYTES_MAX)
    run.result.body = new Uint8Array();
  // How far this very message is would never be right.
  if (run.durable !== undefined) run.durable.callback = undefined;
  return toJsonString(RunSchema, run);
}
