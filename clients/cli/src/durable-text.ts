import { type Duration, durationMs, timestampDate } from "@bufbuild/protobuf/wkt";
import {
  type CallbackDelivery,
  CallbackStatusSchema,
  type DurableRun,
  type RetryPolicy,
  type Run,
  RunStatusSchema,
} from "../../typescript/src/node.ts";
import { statusText } from "./run-status.ts";
import { type Colors, shown } from "./terminal.ts";
import { relativeText, timeText } from "./times.ts";
import { durationText, tookText } from "./units.ts";
import { wordOf } from "./words.ts";

/** What is to be told of a durable run beside what every run has, as names and values. */
export function durableLines(
  { attempt, durable }: Run & { readonly durable: DurableRun },
  color: Colors,
): [name: string, value: string][] {
  const { dueTime, retryPolicy, idempotent, earlierAttempts, callback, scheduleId, replayOf } = durable;
  const lines: [string, string][] = [];
  if (dueTime !== undefined) lines.push(["due", dueText(durable)]);
  if (scheduleId !== "") lines.push(["schedule", scheduleId]);
  if (replayOf !== "") lines.push(["replay of", replayOf]);
  lines.push(["attempt", `${attempt} of ${policyText(retryPolicy)}${idempotent ? ", idempotent" : ""}`]);
  for (const earlier of earlierAttempts) {
    const why = earlier.error === undefined ? "" : `: ${earlier.error.kind}: ${earlier.error.message}`;
    const when = timeText(earlier.endTime ?? earlier.startTime);
    lines.push(["", `${earlier.attempt}  ${statusText(earlier, color)}  ${when}${shown(why)}`]);
  }
  if (callback !== undefined) lines.push(...callbackLines(callback));
  return lines;
}

/** When the next attempt may begin: `at once`, or the moment and how far it is. */
export function dueText({ dueTime }: Pick<DurableRun, "dueTime">, now = new Date()): string {
  if (dueTime === undefined || timestampDate(dueTime) <= now) return "at once";
  return `${timeText(dueTime)} (${relativeText(dueTime, now)})`;
}

/** `3, after FAILED or LOST; wait 1s, ×2 each time, 5m at most`. */
export function policyText(policy: RetryPolicy | undefined): string {
  if (policy === undefined || policy.maxAttempts <= 1) return "1";
  const { maxAttempts, multiplier, retryOn } = policy;
  const [backoffMs, maxBackoffMs] = [millisecondsOf(policy.backoff), millisecondsOf(policy.maxBackoff)];
  const statuses = retryOn.map((status) => wordOf(RunStatusSchema, status).toUpperCase());
  const after = STATUSES.format(statuses);
  const isGrowing = multiplier > 1 && maxBackoffMs > backoffMs;
  const growing = isGrowing ? `, ×${multiplier} each time, ${durationText(maxBackoffMs)} at most` : "";
  const wait = backoffMs === 0 ? "at once" : `wait ${durationText(backoffMs)}${growing}`;
  return `${maxAttempts}, after ${after}; ${wait}`;
}

const STATUSES = new Intl.ListFormat("en-GB", { type: "disjunction" });

function millisecondsOf(duration: Duration | undefined): number {
  return duration === undefined ? 0 : durationMs(duration);
}

function callbackLines({ url, status, tries, nextTime }: CallbackDelivery): [string, string][] {
  const next = nextTime === undefined ? "" : `, next ${relativeText(nextTime)}`;
  const state = wordOf(CallbackStatusSchema, status).toUpperCase();
  const lines: [string, string][] = [["callback", `${state}${next}: ${shown(url)}`]];
  for (const { number, time, duration, statusCode, error } of tries) {
    const took = duration === undefined ? "" : ` in ${tookText(durationMs(duration))}`;
    const outcome = [statusCode === 0 ? "" : String(statusCode), shown(error)].filter(Boolean).join(" ");
    lines.push(["", `${number}  ${timeText(time)}  ${outcome}${took}`]);
  }
  return lines;
}
