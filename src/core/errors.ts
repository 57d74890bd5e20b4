/**
 * Why we refuse a call: the closed list of `codeactions.v1.ErrorReason` without its prefix, with the code each reason
 * comes with. What each one means stands in `proto/codeactions/v1/error.proto`; the two lists are held together by a
 * test.
 */
export const REASONS = {
  FIELD_INVALID: "invalid_argument",
  PAGE_TOKEN_INVALID: "invalid_argument",
  CURSOR_INVALID: "invalid_argument",
  SOURCE_INVALID: "invalid_argument",
  ABOVE_CEILING: "invalid_argument",
  CRON_INVALID: "invalid_argument",
  MALFORMED: "invalid_argument",
  MESSAGE_TOO_LARGE: "resource_exhausted",
  TOKEN_MISSING: "unauthenticated",
  TOKEN_INVALID: "unauthenticated",
  ROLE_INSUFFICIENT: "permission_denied",
  PROJECT_NOT_FOUND: "not_found",
  CODE_NOT_FOUND: "not_found",
  VERSION_NOT_FOUND: "not_found",
  RUN_NOT_FOUND: "not_found",
  SECRET_NOT_FOUND: "not_found",
  TOKEN_NOT_FOUND: "not_found",
  SCHEDULE_NOT_FOUND: "not_found",
  METHOD_UNKNOWN: "unimplemented",
  SLUG_TAKEN: "already_exists",
  REQUEST_ID_REUSED: "already_exists",
  ETAG_MISMATCH: "aborted",
  RUN_ENDED: "failed_precondition",
  NO_ACTIVE_VERSION: "failed_precondition",
  LANGUAGE_UNAVAILABLE: "failed_precondition",
  NOT_DELETED: "failed_precondition",
  INPUT_NOT_KEPT: "failed_precondition",
  NOT_QUARANTINED: "failed_precondition",
  POOL_FULL: "resource_exhausted",
  RATE_LIMITED: "resource_exhausted",
  QUOTA_EXCEEDED: "resource_exhausted",
  LANGUAGE_PREPARING: "unavailable",
  POOL_UNAVAILABLE: "unavailable",
  SHUTTING_DOWN: "unavailable",
  DATABASE_UNAVAILABLE: "unavailable",
  OUTCOME_UNKNOWN: "unavailable",
  CODE_QUARANTINED: "unavailable",
  DEADLINE_EXCEEDED: "deadline_exceeded",
  CALL_CANCELLED: "canceled",
  INTERNAL: "internal",
} as const;

export type Reason = keyof typeof REASONS;

/** A field of the request and what is wrong with it; becomes a BadRequest detail. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

export interface RefusalDetails {
  readonly fields?: readonly FieldViolation[];
  /** When it is worth coming back; becomes a RetryInfo detail, or `Retry-After`. */
  readonly retryAfterMs?: number;
  /** The limit that was met; becomes a QuotaFailure detail. */
  readonly quota?: string;
}

/**
 * We refuse: the caller asked for something that it may not have, or that cannot be had now. Nothing is wrong with
 * us, and nothing is logged as if it were. The message says what to do next; callers branch on the reason.
 */
export class Refusal extends Error {
  override name = "Refusal";
  readonly reason: Reason;
  readonly metadata: Readonly<Record<string, string>>;
  readonly details: RefusalDetails;

  constructor(
    reason: Reason,
    message: string,
    metadata: Readonly<Record<string, string>> = {},
    details: RefusalDetails = {},
    options?: ErrorOptions,
  ) {
    // Where it was decided tells nobody anything, and a trace costs more than all else of a refusal: an overloaded
    // service makes thousands a second.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, options);
    Error.stackTraceLimit = stackTraceLimit;
    this.reason = reason;
    this.metadata = metadata;
    this.details = details;
  }
}

/** A field breaks a rule that the contract cannot express. */
export function fieldInvalid(field: string, description: string): Refusal {
  return new Refusal(
    "FIELD_INVALID",
    `${field}: ${description}`,
    { field },
    { fields: [{ field, description }] },
  );
}
