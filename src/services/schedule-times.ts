import { Temporal } from "temporal-polyfill";
import { fieldInvalid } from "../core/errors.ts";
import type { Cron } from "./cron.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** The 29th of February can be eight years away. */
const HORIZON_MS = 9 * 366 * DAY_MS;

/** Refuses what is no IANA time zone that this service knows. */
export function requireTimeZone(name: string): void {
  // A plain offset would be understood, but it is not a place whose clocks somebody puts forward.
  if (/^[A-Za-z]/.test(name) && isKnown(name)) return;
  throw fieldInvalid(
    "time_zone",
    `${JSON.stringify(name)} is not a time zone that is known here; accepted are names of the IANA database such as Europe/Berlin, America/New_York or UTC`,
  );
}

function isKnown(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/**
 * The first time after another one that an expression means on the clocks of a time zone; undefined when there is
 * none. A clock that is put forward makes up once for what it leaves out, at the first moment after the gap; a time that
 * it shows twice counts the first time. Expressions that count on evenly leave out and repeat as the clock does.
 */
export function nextTime(cron: Cron, timeZone: string, after: Date): Date | undefined {
  const afterMs = after.getTime();
  const foundMs = cron.isEven ? nextEven(cron, timeZone, afterMs) : nextShown(cron, timeZone, afterMs);
  return foundMs === undefined ? undefined : new Date(foundMs);
}

/** The newest time from one moment to another one, both included; undefined when there is none. */
export function newestTime(
  cron: Cron,
  timeZone: string,
  { from, to }: { from: Date; to: Date },
): Date | undefined {
  const followsSoon = (ms: number) => {
    const next = nextTime(cron, timeZone, new Date(ms));
    return next !== undefined && next <= to ? next : undefined;
  };
  let before = from.getTime() - 1;
  let newest = followsSoon(before);
  if (newest === undefined) return undefined;
  // Times are a minute apart at least, so that the one in the last minute is the only one.
  for (let notBefore = to.getTime(); notBefore - before > MINUTE_MS; ) {
    const middle = Math.floor((before + notBefore) / 2);
    const found = followsSoon(middle);
    if (found === undefined) notBefore = middle;
    else [before, newest] = [middle, found];
  }
  return newest;
}

/** Between two shifts a clock runs evenly: each stretch is looked at as if there was no other. */
function nextEven(cron: Cron, timeZone: string, afterMs: number): number | undefined {
  let place = zoned(timeZone, afterMs);
  let fromMs = afterMs;
  for (;;) {
    const offsetMs = place.offsetNanoseconds / 1e6;
    const shift = place.getTimeZoneTransition("next");
    const wallMs = nextWall(cron, fromMs + offsetMs);
    if (wallMs === undefined) return undefined;
    if (shift === null || wallMs - offsetMs < shift.epochMilliseconds) return wallMs - offsetMs;
    place = shift;
    fromMs = shift.epochMilliseconds - 1;
  }
}

function nextShown(cron: Cron, timeZone: string, afterMs: number): number | undefined {
  let wallMs: number | undefined = afterMs + zoned(timeZone, afterMs).offsetNanoseconds / 1e6;
  for (;;) {
    wallMs = nextWall(cron, wallMs);
    if (wallMs === undefined) return undefined;
    const shownMs = firstShown(timeZone, wallMs);
    // While a clock repeats itself, what it shows was there before.
    if (shownMs > afterMs) return shownMs;
  }
}

/** When a clock shows a time first or, where it leaves it out, the first moment after the gap. */
function firstShown(timeZone: string, wallMs: number): number {
  const wall = Temporal.Instant.fromEpochMilliseconds(wallMs).toZonedDateTimeISO("UTC").toPlainDateTime();
  const shown = wall.toZonedDateTime(timeZone, { disambiguation: "earlier" });
  if (shown.toPlainDateTime().equals(wall)) return shown.epochMilliseconds;
  return shown.getTimeZoneTransition("next")!.epochMilliseconds;
}

function zoned(timeZone: string, ms: number): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone);
}

/** The first time after another one on a clock that is never put forward or back, in milliseconds as UTC has them. */
function nextWall(cron: Cron, afterMs: number): number | undefined {
  const startMs = (Math.floor(afterMs / MINUTE_MS) + 1) * MINUTE_MS;
  let dayMs = Math.floor(startMs / DAY_MS) * DAY_MS;
  let minute = (startMs - dayMs) / MINUTE_MS;
  const endMs = dayMs + HORIZON_MS;
  while (dayMs < endMs) {
    const day = new Date(dayMs);
    if (!cron.months.has(day.getUTCMonth() + 1)) {
      dayMs = Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1);
    } else {
      const found = isDayOf(cron, day) ? cron.minutesOfDay.find((each) => each >= minute) : undefined;
      if (found !== undefined) return dayMs + found * MINUTE_MS;
      dayMs += DAY_MS;
    }
    minute = 0;
  }
  return undefined;
}

function isDayOf(cron: Cron, day: Date): boolean {
  const isDay = cron.days.has(day.getUTCDate());
  const isWeekday = cron.weekdays.has(day.getUTCDay());
  return cron.eitherDay ? isDay || isWeekday : isDay && isWeekday;
}
