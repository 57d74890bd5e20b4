import { createConnectTransport } from "@connectrpc/connect-web";
import { type CodeActions, clientOver } from "./client.ts";
import { readSettings, type Settings } from "./settings.ts";

/**
 * A client that speaks Connect over `fetch`: for browsers, Node, and whatever else has it. A page needs an address of
 * its own origin, or one whose service allows it (`CODEACTIONS_CORS_ORIGINS`).
 */
export function createCodeActions(settings: Settings = {}): CodeActions {
  const ready = readSettings(settings);
  const transport =
    settings.transport ?? createConnectTransport({ baseUrl: ready.address, useBinaryFormat: true });
  return clientOver(transport, ready);
}

export { Code as ErrorCode } from "@connectrpc/connect";
export {
  type CodeActions,
  entriesOf,
  type FollowOptions,
  type LogStep,
  type PoolStep,
  type RunStep,
} from "./client.ts";
export { CodeActionsError, type FieldProblem, type Reason } from "./errors.ts";
export * from "./gen/codeactions/v1/code_pb.ts";
export * from "./gen/codeactions/v1/code_service_pb.ts";
export * from "./gen/codeactions/v1/error_pb.ts";
export * from "./gen/codeactions/v1/log_pb.ts";
export * from "./gen/codeactions/v1/log_service_pb.ts";
export * from "./gen/codeactions/v1/pool_pb.ts";
export * from "./gen/codeactions/v1/project_pb.ts";
export * from "./gen/codeactions/v1/project_service_pb.ts";
export * from "./gen/codeactions/v1/run_pb.ts";
export * from "./gen/codeactions/v1/runner_service_pb.ts";
export * from "./gen/codeactions/v1/schedule_pb.ts";
export * from "./gen/codeactions/v1/secret_pb.ts";
export type { Settings } from "./settings.ts";
export { VERSION } from "./version.ts";
