import { Refusal } from "../core/errors.ts";

/** A cron expression that was read: the times that it means, whatever the time zone. */
export interface Cron {
  /** Minutes since midnight, growing. */
  readonly minutesOfDay: readonly number[];
  /** 1 to 31. */
  readonly days: ReadonlySet<number>;
  /** 1 to 12. */
  readonly months: ReadonlySet<number>;
  /** 0 to 6, from Sunday. */
  readonly weekdays: ReadonlySet<number>;
  /** Both kinds of days are restricted, so that either of them is enough. */
  readonly eitherDay: boolean;
  /** Minutes or hours count on evenly while clocks are put forward or back. */
  readonly isEven: boolean;
}

interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** Short names of values, the first one of the least. */
  readonly names: readonly string[];
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const FIELDS = [
  { name: "minute", least: 0, most: 59, names: [] },
  { name: "hour", least: 0, most: 23, names: [] },
  { name: "day of the month", least: 1, most: 31, names: [] },
  { name: "month", least: 1, most: 12, names: MONTHS },
  // 7 is Sunday, too.
  { name: "day of the week", least: 0, most: 7, names: WEEKDAYS },
] as const satisfies readonly Field[];

const SHORTHANDS: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
};

/** The longest that each month can be. */
const DAYS_OF_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Reads a cron expression as the contract describes it. Throws CRON_INVALID with the place of what is wrong, and also
 * where there is no day that it could mean.
 */
export function parseCron(text: string): Cron {
  const shorthand = text.trim();
  if (shorthand.startsWith("@")) {
    const meant = SHORTHANDS[shorthand];
    if (meant !== undefined) return parseCron(meant);
    const accepted = Object.keys(SHORTHANDS).join(", ");
    throw cronInvalid(text.indexOf("@"), `${quoted(shorthand)} stands for nothing; accepted are ${accepted}`);
  }
  const words = [...text.matchAll(/[^ \t]+/g)];
  const extra = words[FIELDS.length];
  if (words.length !== FIELDS.length) {
    const accepted = `accepted are five: ${FIELDS.map(({ name }) => name).join(", ")}`;
    throw cronInvalid(
      extra === undefined ? text.length : extra.index,
      `it has ${words.length} fields; ${accepted}`,
    );
  }
  const [minutes, hours, days, months, weekdays] = words.map((word, index) =>
    readField(word[0], word.index, FIELDS[index]!),
  ) as [Values, Values, Values, Values, Values];
  if (weekdays.all.delete(7)) weekdays.all.add(0);
  const restrictsDays = days.all.size < 31;
  const restrictsWeekdays = weekdays.all.size < 7;
  const eitherDay = restrictsDays && restrictsWeekdays;
  const longest = Math.max(...[...months.all].map((month) => DAYS_OF_MONTHS[month - 1]!));
  if (!eitherDay && Math.min(...days.all) > longest)
    throw cronInvalid(
      words[2]!.index,
      `no month that it names has a day ${words[2]![0]}, so it would never start anything`,
    );
  return {
    minutesOfDay: ascending(hours.all).flatMap((hour) =>
      ascending(minutes.all).map((minute) => hour * 60 + minute),
    ),
    days: days.all,
    months: months.all,
    weekdays: weekdays.all,
    eitherDay,
    isEven: minutes.isEven || hours.isEven,
  };
}

interface Values {
  readonly all: Set<number>;
  /** `*`, or a step from it. */
  readonly isEven: boolean;
}

function readField(text: string, start: number, field: Field): Values {
  const all = new Set<number>();
  let isEven = false;
  let at = start;
  for (const item of text.split(",")) {
    const { from, to, step, every } = readItem(item, at, field);
    for (let value = from; value <= to; value += step) all.add(value);
    isEven ||= every;
    at += item.length + 1;
  }
  return { all, isEven };
}

const ITEM = /^(?<from>\*|[0-9a-z]+)(?<range>-(?<to>[0-9a-z]*))?(?<steps>\/(?<step>[0-9a-z]*))?/i;

function readItem(text: string, start: number, field: Field) {
  const { from = "", range, to, steps, step = "" } = ITEM.exec(text)?.groups ?? {};
  if (from === "") throw wrong(field, start, text === "" ? "a value is missing" : `${quoted(text)} is none`);
  const rangeAt = start + from.length;
  const stepAt = rangeAt + (range?.length ?? 0);
  const end = stepAt + (steps?.length ?? 0);
  if (end < start + text.length)
    throw wrong(field, end, `${quoted(text.slice(end - start))} cannot stand here`);
  const every = from === "*";
  if (every && range !== undefined) throw wrong(field, rangeAt, "a range cannot begin with *");
  const first = every ? field.least : readValue(from, start, field);
  const size = field.most - field.least + (field.names === WEEKDAYS ? 0 : 1);
  if (steps !== undefined && !(/^\d{1,3}$/.test(step) && Number(step) >= 1 && Number(step) <= size)) {
    throw wrong(field, stepAt + 1, `${quoted(step)} is no step; steps are from 1 to ${size}`);
  }
  const last = every || steps !== undefined ? Math.max(first, lastOf(field)) : first;
  const until = range === undefined ? last : readEnd(to!, rangeAt + 1, field, first);
  if (until < first) throw wrong(field, start, `the range ${from}-${to} is the wrong way round`);
  return { from: first, to: until, step: steps === undefined ? 1 : Number(step), every };
}

/** Sunday ends a week that began before it. */
function readEnd(text: string, start: number, field: Field, first: number): number {
  const value = readValue(text, start, field);
  return field.names === WEEKDAYS && value === 0 && first > 0 && text !== "0" ? 7 : value;
}

/** Of days of the week, 0 to 6 are all. */
function lastOf(field: Field): number {
  return field.names === WEEKDAYS ? 6 : field.most;
}

function readValue(text: string, start: number, field: Field): number {
  const { least, most, names } = field;
  const isNumber = /^\d+$/.test(text);
  const value = isNumber ? Number(text) : least + names.indexOf(text.toUpperCase());
  if (text === "") throw wrong(field, start, "a value is missing");
  if (value >= least && value <= most) return value;
  throw wrong(field, start, isNumber ? `${text} is out of range` : `${quoted(text)} is no value of it`);
}

function wrong(field: Field, start: number, what: string): Refusal {
  const { name, least, most, names } = field;
  const named = names.length === 0 ? "" : ` or ${names[0]} to ${names.at(-1)}`;
  return cronInvalid(
    start,
    `in the ${name}, ${what}; accepted are ${least} to ${most}${named}, *, ranges as a-b, lists as a,b and steps as */n`,
  );
}

/** The index counts from 0, and what is told from 1. */
function cronInvalid(index: number, why: string): Refusal {
  const position = index + 1;
  const description = `at position ${position}: ${why}`;
  return new Refusal(
    "CRON_INVALID",
    `cron: ${description}`,
    { field: "cron", position: String(position) },
    { fields: [{ field: "cron", description }] },
  );
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

function ascending(values: ReadonlySet<number>): number[] {
  return [...values].sort((a, b) => a - b);
}
