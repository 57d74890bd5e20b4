import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampDate } from "@bufbuild/protobuf/wkt";

/** A moment in this machine's time zone, to the second. Empty if there is none. */
export function timeText(time: Timestamp | undefined): string {
  return time === undefined
    ? ""
    : `${dayOf(timestampDate(time))} ${clockOf(timestampDate(time)).slice(0, 8)}`;
}

/** The time of day to the millisecond; with the day before it, unless that is today. */
export function shortTimeText(time: Timestamp | undefined, now = new Date()): string {
  if (time === undefined) return "";
  const date = timestampDate(time);
  return dayOf(date) === dayOf(now) ? clockOf(date) : `${dayOf(date)} ${clockOf(date)}`;
}

/**
 * A moment in a time zone of its own, to the minute, with the day of the week: `Mon 2026-11-30 06:00`. In this machine's
 * zone if it does not know the other one.
 */
export function zonedTimeText(time: Timestamp | undefined, timeZone: string): string {
  if (time === undefined) return "";
  const date = timestampDate(time);
  const parts = new Map(
    zonedFormat(timeZone)
      .formatToParts(date)
      .map(({ type, value }) => [type, value]),
  );
  const day = `${parts.get("weekday")} ${parts.get("year")}-${parts.get("month")}-${parts.get("day")}`;
  return `${day} ${parts.get("hour")}:${parts.get("minute")}`;
}

/** How far a moment is: `in 42 s`, `in 7 h 20 min`, `3 d 4 h ago`. */
export function relativeText(time: Timestamp, now = new Date()): string {
  const seconds = Math.round((timestampDate(time).getTime() - now.getTime()) / 1_000);
  const far = distanceText(Math.abs(seconds));
  return seconds < 0 ? `${far} ago` : `in ${far}`;
}

function distanceText(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return inTwo(hours, "h", minutes % 60, "min");
  return inTwo(Math.floor(hours / 24), "d", hours % 24, "h");
}

function inTwo(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

function zonedFormat(timeZone: string): Intl.DateTimeFormat {
  const fields = {
    weekday: "short",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  } as const;
  try {
    return new Intl.DateTimeFormat("en-GB", { ...fields, timeZone });
  } catch {
    return new Intl.DateTimeFormat("en-GB", fields);
  }
}

function dayOf(date: Date): string {
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join("-");
}

function clockOf(date: Date): string {
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":");
  return `${clock}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}
