import { durationMs } from "@bufbuild/protobuf/wkt";
import { OverlapSchema, type Schedule } from "../../../typescript/src/node.ts";
import { policyText } from "../durable-text.ts";
import { shown } from "../terminal.ts";
import { relativeText, timeText, zonedTimeText } from "../times.ts";
import { durationText, sizeText } from "../units.ts";
import { wordOf } from "../words.ts";

/** When it starts its code next, in its own zone: `Mon 2026-11-30 06:00 (in 32 h)`, `paused` or `never again`. */
export function nextText({ nextFireTime, paused, timeZone }: Schedule, now = new Date()): string {
  if (nextFireTime !== undefined)
    return `${zonedTimeText(nextFireTime, timeZone)} (${relativeText(nextFireTime, now)})`;
  return paused ? "paused" : "never again";
}

/** All of a schedule, as names and values. */
export function scheduleLines(schedule: Schedule, codeName: string): [name: string, value: string][] {
  const { version, overlap, catchUpWindow, timeout, input, retryPolicy, idempotent, callback } = schedule;
  const lines: [string, string][] = [
    ["schedule", schedule.id],
    ["name", shown(schedule.name)],
    ["code", `${codeName}, ${version === 0 ? "the active version" : `version ${version}`}`],
    ["cron", `${schedule.cron}  ${schedule.timeZone}`],
    ["next", nextText(schedule)],
    ["last", lastText(schedule)],
    ["overlap", wordOf(OverlapSchema, overlap)],
    ["catch up", durationText(catchUpWindow === undefined ? 0 : durationMs(catchUpWindow))],
    ["attempts", `${policyText(retryPolicy)}${idempotent ? ", idempotent" : ""}`],
  ];
  if (timeout !== undefined) lines.push(["timeout", durationText(durationMs(timeout))]);
  if (input !== undefined) {
    const query = input.query.map(({ name, value }) => `${name}=${value}`).join("&");
    const target = `${input.path || "/"}${query === "" ? "" : `?${query}`}`;
    lines.push(["asks", shown(`${input.method || "POST"} ${target}, ${sizeText(input.body.length)}`)]);
    for (const { name, value } of input.headers) lines.push(["", shown(`${name}: ${value}`)]);
  }
  if (callback !== undefined)
    lines.push(["callback", shown(`${callback.url}, signed with the secret ${callback.secret}`)]);
  lines.push(["changed", timeText(schedule.updateTime)]);
  return lines;
}

/** What became of its newest time. */
function lastText({ lastFire, timeZone }: Schedule): string {
  if (lastFire === undefined) return "not yet";
  const { fireTime, runId, skippedBecause } = lastFire;
  return `${zonedTimeText(fireTime, timeZone)}, ${runId === "" ? `skipped: ${shown(skippedBecause)}` : `run ${runId}`}`;
}
