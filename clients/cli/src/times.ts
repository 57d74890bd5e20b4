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
