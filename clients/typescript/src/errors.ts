import { fromBinary } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ErrorReason } from "./gen/codeactions/v1/error_pb.ts";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.ts";

/** Why the service refused: a name of the contract's closed list, or one that a newer service added. */
export type Reason = Exclude<keyof typeof ErrorReason, "UNSPECIFIED"> | (string & {});

/** A field that breaks its rule. */
export interface FieldProblem {
  /** Which one, as `input.body`. */
  readonly field: string;
  /** What is wrong with it, and what is accepted. */
  readonly description: string;
}

/** Every call that does not succeed throws one of these. Branch on `reason`, or on `code`; never on the text. */
export class CodeActionsError extends Error {
  override readonly name = "CodeActionsError";
  /** The code of gRPC and Connect. A connection that broke, or was never made, is `Code.Unavailable`. */
  readonly code: Code;
  /**
   * Why the service refused. `DEADLINE_EXCEEDED` and `CALL_CANCELLED` also when this side noticed first; undefined when
   * what failed is the way to the service.
   */
  readonly reason: Reason | undefined;
  /** What the reason comes with, as `{ line: "2" }`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The fields that break their rules. */
  readonly fields: readonly FieldProblem[];
  /** When the service wants to be asked again. Undefined when it does not say. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    code: Code,
    known: {
      reason?: Reason | undefined;
      metadata?: Record<string, string> | undefined;
      fields?: readonly FieldProblem[] | undefined;
      retryAfterMs?: number | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: known.cause });
    this.code = code;
    this.reason = known.reason;
    this.metadata = known.metadata ?? {};
    this.fields = known.fields ?? [];
    this.retryAfterMs = known.retryAfterMs;
  }
}

const DOMAIN = "codeactions";

/** Whatever a transport throws, as the one error callers see. `signal` is what ends the call. */
export function asCodeActionsError(thrown: unknown, signal?: AbortSignal): CodeActionsError {
  if (thrown instanceof CodeActionsError) return thrown;
  if (signal?.aborted) return givenUp(signal);
  const error = ConnectError.from(thrown);
  const [info] = detailsOf(error, ErrorInfoSchema).filter(({ domain }) => domain === DOMAIN);
  if (info === undefined) return withoutReason(error);
  const [retry] = detailsOf(error, RetryInfoSchema);
  return new CodeActionsError(error.rawMessage, error.code, {
    reason: info.reason,
    metadata: info.metadata,
    fields: detailsOf(error, BadRequestSchema).flatMap(({ fieldViolations }) =>
      fieldViolations.map(({ field, description }) => ({ field, description })),
    ),
    retryAfterMs: retry?.retryDelay === undefined ? undefined : durationMs(retry.retryDelay),
    cause: error,
  });
}

/** The error of a call that is wanted no more, or no longer. A signal that aborts with an error of ours says it itself. */
export function givenUp(signal: AbortSignal): CodeActionsError {
  const cause: unknown = signal.reason;
  if (cause instanceof CodeActionsError) return cause;
  return cause instanceof Error && cause.name === "TimeoutError"
    ? new CodeActionsError("the caller's time-out passed", Code.DeadlineExceeded, {
        reason: "DEADLINE_EXCEEDED",
        cause,
      })
    : new CodeActionsError("the caller gave up the call", Code.Canceled, { reason: "CALL_CANCELLED", cause });
}

/** Codes that a broken connection can come as. The service itself never answers with them and without a reason. */
const BROKEN: ReadonlySet<Code> = new Set([
  Code.Unavailable,
  Code.Internal,
  Code.Unknown,
  Code.Aborted,
  Code.DataLoss,
  Code.Canceled,
]);

/** A message that cannot be written or read, which no other connection would change. */
const UNFIT = /^(serialize|parse) (binary|JSON)|^Request message serialization|^Response message parsing/i;
/** What only a server of something else says. 408 and 429 are also said by busy ones in between. */
const FOREIGN = /^unsupported content type|\bHTTP (status code )?(?!408|429)[34]\d\d$/;
/** What Node says when the answer is not of HTTP/2, which may be a web server's or come from a broken connection. */
const NOT_HTTP2 = /\bProtocol error\b/;

function withoutReason(error: ConnectError): CodeActionsError {
  const { code, rawMessage } = error;
  const as = (message: string, shown: Code) => new CodeActionsError(message, shown, { cause: error });
  if (code === Code.DeadlineExceeded)
    return new CodeActionsError(rawMessage, code, { reason: "DEADLINE_EXCEEDED", cause: error });
  if (FOREIGN.test(rawMessage))
    return as(`no Code Actions service answers at this address: ${rawMessage}`, code);
  const isCut = BROKEN.has(code) || /^protocol error: (missing|premature|promised)/.test(rawMessage);
  if (UNFIT.test(rawMessage) || !isCut) return as(rawMessage, code);
  const doubt = NOT_HTTP2.test(rawMessage) ? ", or what answers there does not speak HTTP/2" : "";
  return as(`the connection to the service broke${doubt}: ${rawMessage}`, Code.Unavailable);
}

/** Details of one type. What cannot be read counts as not there. */
function detailsOf<Shape extends typeof ErrorInfoSchema | typeof BadRequestSchema | typeof RetryInfoSchema>(
  error: ConnectError,
  schema: Shape,
): (Shape extends GenMessage<infer Message> ? Message : never)[] {
  return error.details.flatMap((detail) => {
    if (!("type" in detail) || detail.type !== schema.typeName) return [];
    try {
      return [fromBinary(schema, detail.value) as never];
    } catch {
      return [];
    }
  });
}
