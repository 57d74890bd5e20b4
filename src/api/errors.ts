import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  QuotaFailureSchema,
  RetryInfoSchema,
} from "../../gen/google/rpc/error_details_pb.ts";
import { REASONS, type Reason, Refusal } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { correlationKey } from "./handlers.ts";

/**
 * The only place where refusals and faults become errors on the wire. The RPC protocols get a code and typed details;
 * the HTTP door takes `asRefusal` and `httpStatusOf` from here and writes problem+json.
 */
const CODES: Record<(typeof REASONS)[Reason], Code> = {
  invalid_argument: Code.InvalidArgument,
  resource_exhausted: Code.ResourceExhausted,
  unauthenticated: Code.Unauthenticated,
  permission_denied: Code.PermissionDenied,
  not_found: Code.NotFound,
  unimplemented: Code.Unimplemented,
  already_exists: Code.AlreadyExists,
  aborted: Code.Aborted,
  failed_precondition: Code.FailedPrecondition,
  unavailable: Code.Unavailable,
  deadline_exceeded: Code.DeadlineExceeded,
  canceled: Code.Canceled,
  internal: Code.Internal,
};

const HTTP_STATUSES: Record<(typeof REASONS)[Reason], number> = {
  invalid_argument: 400,
  resource_exhausted: 429,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  unimplemented: 404,
  already_exists: 409,
  aborted: 409,
  failed_precondition: 400,
  unavailable: 503,
  deadline_exceeded: 504,
  canceled: 499,
  internal: 500,
};

export function httpStatusOf(refusal: Refusal): number {
  if (refusal.reason === "MESSAGE_TOO_LARGE") return 413;
  // A full pool is the service's trouble, not the caller's appetite.
  if (refusal.reason === "POOL_FULL") return 503;
  return HTTP_STATUSES[REASONS[refusal.reason]];
}

/** Any error as a refusal. What is our fault is logged with its cause and told only as an id to look it up by. */
export function asRefusal(error: unknown, log: Logger, correlationId: string): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof ConnectError) return fromConnect(error, log, correlationId);
  if (isAway(error)) {
    log.error({ error, correlationId }, "the database does not answer");
    return new Refusal(
      "DATABASE_UNAVAILABLE",
      "the database does not answer; try again",
      {},
      { retryAfterMs: 1_000 },
    );
  }
  if (error instanceof Error && error.name === "TimeoutError") return deadlineExceeded();
  if (error instanceof Error && error.name === "AbortError")
    return new Refusal("CALL_CANCELLED", "the caller went away");
  log.error({ error, correlationId }, "a call failed for a fault of ours");
  return new Refusal("INTERNAL", `internal error; ask the operator for ${correlationId}`, { correlationId });
}

export function toConnectError(refusal: Refusal): ConnectError {
  const { reason, metadata, details } = refusal;
  const outgoing = [
    detail(ErrorInfoSchema, { domain: "codeactions", reason, metadata: { ...metadata } }),
    ...(details.fields === undefined
      ? []
      : [detail(BadRequestSchema, { fieldViolations: [...details.fields] })]),
    ...(details.retryAfterMs === undefined
      ? []
      : [detail(RetryInfoSchema, { retryDelay: durationFromMs(details.retryAfterMs) })]),
    ...(details.quota === undefined
      ? []
      : [detail(QuotaFailureSchema, { violations: [{ subject: "project", description: details.quota }] })]),
  ];
  // Without a trace, as a refusal has none.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = new ConnectError(refusal.message, CODES[REASONS[reason]], undefined, outgoing, refusal);
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}

/** What a handler throws, as a refusal. An aborted wait says "aborted"; the call's signal knows why. */
export function refusalOfCall(
  error: unknown,
  signal: AbortSignal,
  log: Logger,
  correlationId: string,
): Refusal {
  const cause = signal.aborted && !(error instanceof Refusal) ? signal.reason : error;
  return asRefusal(cause, log, correlationId);
}

/** Turns whatever a handler throws, early or in the middle of its stream, into an error of the contract. */
export function errorInterceptor(log: Logger): Interceptor {
  return (next) => async (request) => {
    const correlationId = request.contextValues.get(correlationKey);
    const translate = (error: unknown) =>
      toConnectError(refusalOfCall(error, request.signal, log, correlationId));
    try {
      const response = await next(request);
      return response.stream ? { ...response, message: translated(response.message, translate) } : response;
    } catch (error) {
      throw translate(error);
    }
  };
}

async function* translated<Message>(
  messages: AsyncIterable<Message>,
  translate: (error: unknown) => ConnectError,
): AsyncIterable<Message> {
  try {
    yield* messages;
  } catch (error) {
    throw translate(error);
  }
}

function detail<Desc extends DescMessage>(desc: Desc, value: MessageInitShape<Desc>) {
  return { desc, value: create(desc, value) as unknown as MessageInitShape<DescMessage> };
}

/** What Connect itself refuses: messages it cannot read, sizes, deadlines. */
function fromConnect(error: ConnectError, log: Logger, correlationId: string): Refusal {
  if (error.cause instanceof Refusal) return error.cause;
  switch (error.code) {
    case Code.InvalidArgument:
      return new Refusal("MALFORMED", error.rawMessage);
    case Code.ResourceExhausted:
      return new Refusal("MESSAGE_TOO_LARGE", error.rawMessage);
    case Code.DeadlineExceeded:
      return deadlineExceeded();
    case Code.Canceled:
      return new Refusal("CALL_CANCELLED", "the caller went away");
    case Code.Unimplemented:
      return new Refusal("METHOD_UNKNOWN", error.rawMessage);
    case Code.Unavailable:
      return new Refusal("SHUTTING_DOWN", error.rawMessage, {}, { retryAfterMs: 1_000 });
    default:
      return asRefusal(error.cause ?? new Error(error.rawMessage, { cause: error }), log, correlationId);
  }
}

export function deadlineExceeded(): Refusal {
  return new Refusal("DEADLINE_EXCEEDED", "the deadline passed before the answer was there; allow more time");
}

/** PostgreSQL is away, shutting down or out of connections; everything else it says is our fault. */
function isAway(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as { code?: unknown };
    if (typeof code === "string" && /^(08|57P|53300|ECONNREFUSED$|ECONNRESET$|ENOENT$|EPIPE$)/.test(code))
      return true;
    if (AWAY.test(cause.message)) return true;
  }
  return false;
}

const AWAY =
  /Connection terminated|connection ended|timeout exceeded when trying to connect|Query read timeout/i;
