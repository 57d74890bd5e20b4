import type { RetryPolicy, RunStatus } from "../core/db/entities/runs.ts";
import { fieldInvalid } from "../core/errors.ts";

/** What a caller says of a retry policy, as far as it does: 0, absent and empty stand for the defaults. */
export interface AskedPolicy {
  readonly maxAttempts: number;
  readonly backoffMs: number | undefined;
  readonly multiplier: number;
  readonly maxBackoffMs: number | undefined;
  readonly retryOn: readonly RunStatus[];
}

const BACKOFF_MS = 1_000;
const MULTIPLIER = 2;
const MAX_BACKOFF_MS = 300_000;
const RETRY_ON: readonly RunStatus[] = ["FAILED", "TIMED_OUT", "OUT_OF_MEMORY", "LOST"];
/** What `idempotent` stands for where nothing else is said. */
const IDEMPOTENT_ATTEMPTS = 3;
/** By how much a wait is made longer at most, so that what failed together does not come back together. */
const JITTER = 0.1;

/** The policy with every field filled in. Refuses, by its field, what cannot be meant. */
export function retryPolicy(asked: AskedPolicy | undefined, idempotent: boolean): RetryPolicy {
  if (asked === undefined) {
    const defaults = { backoffMs: BACKOFF_MS, multiplier: MULTIPLIER, maxBackoffMs: MAX_BACKOFF_MS };
    return idempotent
      ? { maxAttempts: IDEMPOTENT_ATTEMPTS, ...defaults, retryOn: ["LOST"] }
      : { maxAttempts: 1, ...defaults, retryOn: RETRY_ON };
  }
  const backoffMs = asked.backoffMs ?? BACKOFF_MS;
  if (asked.maxBackoffMs !== undefined && asked.maxBackoffMs < backoffMs) {
    throw fieldInvalid("retry_policy.max_backoff", `shorter than the backoff of ${backoffMs / 1000} s`);
  }
  if (asked.multiplier !== 0 && !(asked.multiplier >= 1)) {
    throw fieldInvalid("retry_policy.multiplier", "below 1, so that waits would become shorter");
  }
  return {
    maxAttempts: asked.maxAttempts || 1,
    backoffMs,
    multiplier: asked.multiplier || MULTIPLIER,
    maxBackoffMs: asked.maxBackoffMs ?? Math.max(MAX_BACKOFF_MS, backoffMs),
    retryOn: asked.retryOn.length === 0 ? RETRY_ON : asked.retryOn,
  };
}

/** Whether an attempt that ended like this is followed by another one. */
export function isRepeated(
  order: { readonly retryPolicy: RetryPolicy; readonly idempotent: boolean },
  attempt: number,
  status: RunStatus,
): boolean {
  const { maxAttempts, retryOn } = order.retryPolicy;
  return attempt < maxAttempts && (retryOn.includes(status) || (order.idempotent && status === "LOST"));
}

/** How long to wait after an attempt, counted from 1, before the next one. */
export function backoffMs(policy: RetryPolicy, attempt: number): number {
  const waitMs = policy.backoffMs * policy.multiplier ** (attempt - 1);
  return Math.round(Math.min(waitMs * (1 + Math.random() * JITTER), policy.maxBackoffMs));
}
