import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { delayAfter, pause } from "./backoff.ts";
import { asCodeActionsError, type CodeActionsError, givenUp, type Reason } from "./errors.ts";
import { requestIdOf } from "./request-ids.ts";

/** How often a call is sent at most, the first time included. */
export const ATTEMPTS_MAX = 5;

/** Refusals that say that nothing of the call has happened. */
const NOTHING_HAPPENED: ReadonlySet<Reason> = new Set([
  "POOL_FULL",
  "RATE_LIMITED",
  "LANGUAGE_PREPARING",
  "POOL_UNAVAILABLE",
  "SHUTTING_DOWN",
  "DATABASE_UNAVAILABLE",
]);

/** Whether the service is known to have done nothing, whatever was asked. */
export function didNothing(error: CodeActionsError): boolean {
  if (error.reason !== undefined) return NOTHING_HAPPENED.has(error.reason);
  return error.code === Code.Unavailable && wasNeverSent(error);
}

/**
 * How it is said that the server refused the stream before it looked at it, or that there was no connection to send
 * anything over. Most of a system's errors count only as those of connecting: a connection that has been made can fail
 * with them too, as in `read EHOSTUNREACH`.
 */
const NEVER_SENT =
  /REFUSED_STREAM|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT|\bconnect E[A-Z]+|^Name resolution failed/;

function wasNeverSent(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    // Several addresses were tried; each of them failed in its own way.
    if (cause instanceof AggregateError) return cause.errors.every(wasNeverSent);
    const { code } = cause as { code?: unknown };
    if (NEVER_SENT.test(`${code}`) || NEVER_SENT.test(cause.message)) return true;
  }
  return false;
}

/** Whether the call may be sent again after this error without doing anything twice. */
export function maySendAgain(error: CodeActionsError, method: DescMethod, input: object): boolean {
  if (didNothing(error)) return true;
  const isRepeatable =
    method.idempotency !== Idempotency.IDEMPOTENCY_UNKNOWN || requestIdOf(input) !== undefined;
  return isRepeatable && mayPass(error);
}

/**
 * Whether an error may be gone a moment later, as a broken connection is. A quarantine is not: it lasts, and the caller
 * is to know of it at once.
 */
export function mayPass(error: CodeActionsError): boolean {
  return error.code === Code.Unavailable && error.reason !== "CODE_QUARANTINED";
}

/**
 * Sends a call until it succeeds, fails for good, has been sent five times, or could not be answered before its
 * deadline any more. `send` is told what is left of the time, in milliseconds; undefined when there is no deadline.
 */
export async function retrying<Answer>(
  call: { method: DescMethod; input: object; timeoutMs: number; signal: AbortSignal | undefined },
  send: (timeoutMs: number | undefined) => Promise<Answer>,
): Promise<Answer> {
  const deadline = call.timeoutMs > 0 ? performance.now() + call.timeoutMs : Number.POSITIVE_INFINITY;
  for (let attempt = 1; ; attempt++) {
    const leftMs = deadline - performance.now();
    if (call.signal?.aborted) throw givenUp(call.signal);
    try {
      return await send(Number.isFinite(leftMs) ? Math.max(1, Math.ceil(leftMs)) : undefined);
    } catch (thrown) {
      const error = asCodeActionsError(thrown, call.signal);
      const delayMs = delayAfter(attempt, error.retryAfterMs);
      const isLate = performance.now() + delayMs >= deadline;
      if (attempt === ATTEMPTS_MAX || isLate || !maySendAgain(error, call.method, call.input)) throw error;
      await pause(delayMs, call.signal);
    }
  }
}
