import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Refusal } from "../../src/core/errors.ts";
import { type Cron, parseCron } from "../../src/services/cron.ts";
import { newestTime, nextTime, requireTimeZone } from "../../src/services/schedule-times.ts";

const MINUTE_MS = 60_000;
/** A failure prints the seed and the path to the smallest case. */
const SEEDED = { seed: 20_261_128 };

/** The first times after a moment, as they are told in UTC. */
function times(expression: string, timeZone: string, after: string, count: number): string[] {
  const cron = parseCron(expression);
  const found: string[] = [];
  for (let place: Date | undefined = new Date(after); found.length < count; ) {
    place = nextTime(cron, timeZone, place);
    if (place === undefined) break;
    found.push(place.toISOString().replace(":00.000Z", "Z"));
  }
  return found;
}

function refused(work: () => unknown): Refusal {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("in UTC", () => {
  test.each([
    ["every minute", "* * * * *", ["2026-12-31T23:59Z", "2027-01-01T00:00Z"]],
    ["steps", "*/20 22-23 * * *", ["2027-01-01T22:00Z", "2027-01-01T22:20Z", "2027-01-01T22:40Z"]],
    ["a step from a value goes to the end", "50/4 23 * * *", ["2027-01-01T23:50Z", "2027-01-01T23:54Z"]],
    ["lists, with ranges and steps in them", "0 1,4-5,10/6 * * *", hours([1, 4, 5, 10, 16, 22])],
    ["the year's turn", "0 0 1 1 *", ["2027-01-01T00:00Z", "2028-01-01T00:00Z"]],
    ["a leap day", "0 12 29 FEB *", ["2028-02-29T12:00Z", "2032-02-29T12:00Z", "2036-02-29T12:00Z"]],
    ["only months that have the day", "0 0 31 * *", ["2027-01-31T00:00Z", "2027-03-31T00:00Z"]],
    [
      "either of two restricted days",
      "0 0 13 * fri",
      ["2027-01-01T00:00Z", "2027-01-08T00:00Z", "2027-01-13T00:00Z"],
    ],
    [
      "days of the week by name",
      "0 0 * * Mon-Wed",
      ["2027-01-04T00:00Z", "2027-01-05T00:00Z", "2027-01-06T00:00Z"],
    ],
    ["Sunday as 0 and as 7", "0 0 * * 7", times("0 0 * * 0", "UTC", "2026-12-31T23:58:30Z", 3)],
    [
      "a range that ends with Sunday",
      "0 0 * * SAT-SUN",
      times("0 0 * * 6,0", "UTC", "2026-12-31T23:58:30Z", 3),
    ],
    ["@hourly", "@hourly", ["2027-01-01T00:00Z", "2027-01-01T01:00Z"]],
    ["@daily", "@daily", ["2027-01-01T00:00Z", "2027-01-02T00:00Z"]],
    ["@weekly", "@weekly", ["2027-01-03T00:00Z", "2027-01-10T00:00Z"]],
    ["@monthly", "@monthly", ["2027-01-01T00:00Z", "2027-02-01T00:00Z"]],
    ["@yearly", "@yearly", ["2027-01-01T00:00Z", "2028-01-01T00:00Z"]],
    ["white space of any length", " 0\t0  1 1 * ", ["2027-01-01T00:00Z"]],
  ])("%s", (_, expression, expected) => {
    expect(times(expression, "UTC", "2026-12-31T23:58:30Z", expected.length)).toEqual(expected);
  });

  test("a time is not its own next time", () => {
    expect(times("30 12 * * *", "UTC", "2026-05-01T12:30:00Z", 1)).toEqual(["2026-05-02T12:30Z"]);
    expect(times("30 12 * * *", "UTC", "2026-05-01T12:29:59.999Z", 1)).toEqual(["2026-05-01T12:30Z"]);
  });

  test("a leap day is found across a century that has none", () => {
    expect(times("0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", 1)).toEqual(["2104-02-29T00:00Z"]);
  });
});

describe("clocks are put forward", () => {
  test.each([
    [
      "a time that does not exist is made up for at the end of the gap",
      "30 2 * * *",
      "Europe/Berlin",
      "2026-03-28T12:00:00Z",
      ["2026-03-29T01:00Z", "2026-03-30T00:30Z"],
    ],
    [
      "several that do not exist are made up for once",
      "0,20,40 2 * * *",
      "Europe/Berlin",
      "2026-03-28T12:00:00Z",
      ["2026-03-29T01:00Z", "2026-03-30T00:00Z"],
    ],
    [
      "also together with the time at the end of the gap",
      "0 2,3 * * *",
      "Europe/Berlin",
      "2026-03-28T12:00:00Z",
      ["2026-03-29T01:00Z", "2026-03-30T00:00Z"],
    ],
    [
      "the day's other times stay",
      "30 2,14 * * *",
      "Europe/Berlin",
      "2026-03-28T12:00:00Z",
      ["2026-03-28T13:30Z", "2026-03-29T01:00Z", "2026-03-29T12:30Z"],
    ],
    [
      "steps from * go on, and nothing is made up for",
      "*/30 2 * * *",
      "Europe/Berlin",
      "2026-03-28T12:00:00Z",
      ["2026-03-30T00:00Z", "2026-03-30T00:30Z"],
    ],
    [
      "every hour goes on",
      "30 * * * *",
      "Europe/Berlin",
      "2026-03-28T23:45:00Z",
      ["2026-03-29T00:30Z", "2026-03-29T01:30Z"],
    ],
    [
      "New York",
      "30 2 * * *",
      "America/New_York",
      "2026-03-07T12:00:00Z",
      ["2026-03-08T07:00Z", "2026-03-09T06:30Z"],
    ],
    [
      "half an hour on Lord Howe",
      "15 2 * * *",
      "Australia/Lord_Howe",
      "2026-10-03T00:00:00Z",
      ["2026-10-03T15:30Z", "2026-10-04T15:15Z"],
    ],
    [
      "at midnight",
      "0 0 * * *",
      "America/Sao_Paulo",
      "2018-11-03T12:00:00Z",
      ["2018-11-04T03:00Z", "2018-11-05T02:00Z"],
    ],
    [
      "a whole day that was left out",
      "0 12 30 12 *",
      "Pacific/Apia",
      "2011-12-29T00:00:00Z",
      ["2011-12-30T10:00Z", "2012-12-29T22:00Z"],
    ],
  ])("%s", (_, expression, timeZone, after, expected) => {
    expect(times(expression, timeZone, after, expected.length)).toEqual(expected);
  });
});

describe("clocks are put back", () => {
  test.each([
    [
      "a time that comes twice fires at its first coming",
      "30 2 * * *",
      "Europe/Berlin",
      "2026-10-24T12:00:00Z",
      ["2026-10-25T00:30Z", "2026-10-26T01:30Z"],
    ],
    [
      "each of several, too",
      "0,30 2 * * *",
      "Europe/Berlin",
      "2026-10-24T12:00:00Z",
      ["2026-10-25T00:00Z", "2026-10-25T00:30Z", "2026-10-26T01:00Z"],
    ],
    [
      "and not again for who asks between the two comings",
      "30 2 * * *",
      "Europe/Berlin",
      "2026-10-25T01:10:00Z",
      ["2026-10-26T01:30Z"],
    ],
    [
      "the end of the repeated hour comes once",
      "0 3 * * *",
      "Europe/Berlin",
      "2026-10-24T12:00:00Z",
      ["2026-10-25T02:00Z", "2026-10-26T02:00Z"],
    ],
    [
      "steps from * go through both",
      "*/30 2 * * *",
      "Europe/Berlin",
      "2026-10-24T12:00:00Z",
      [
        "2026-10-25T00:00Z",
        "2026-10-25T00:30Z",
        "2026-10-25T01:00Z",
        "2026-10-25T01:30Z",
        "2026-10-26T01:00Z",
      ],
    ],
    [
      "every hour goes through both",
      "30 * * * *",
      "Europe/Berlin",
      "2026-10-25T00:00:00Z",
      ["2026-10-25T00:30Z", "2026-10-25T01:30Z", "2026-10-25T02:30Z"],
    ],
    [
      "New York",
      "30 1 * * *",
      "America/New_York",
      "2026-10-31T12:00:00Z",
      ["2026-11-01T05:30Z", "2026-11-02T06:30Z"],
    ],
    [
      "half an hour on Lord Howe",
      "45 1 * * *",
      "Australia/Lord_Howe",
      "2026-04-04T00:00:00Z",
      ["2026-04-04T14:45Z", "2026-04-05T15:15Z"],
    ],
    [
      "half an hour on Lord Howe, every hour",
      "45 * * * *",
      "Australia/Lord_Howe",
      "2026-04-04T14:00:00Z",
      ["2026-04-04T14:45Z", "2026-04-04T15:15Z", "2026-04-04T16:15Z"],
    ],
  ])("%s", (_, expression, timeZone, after, expected) => {
    expect(times(expression, timeZone, after, expected.length)).toEqual(expected);
  });
});

describe("what cannot be read is refused with its place", () => {
  test.each([
    ["a value out of range", "61 * * * *", 1, "61 is out of range; accepted are 0 to 59"],
    ["a value out of range further on", "0 24 * * *", 3, "in the hour, 24 is out of range"],
    ["a day 0", "0 0 0 * *", 5, "in the day of the month, 0 is out of range"],
    ["a month 13", "0 0 1 13 *", 7, "accepted are 1 to 12 or JAN to DEC"],
    ["a weekday 8", "0 0 * * 8", 9, "accepted are 0 to 7 or SUN to SAT"],
    ["the end of a range out of range", "0 9-25 * * *", 5, "25 is out of range"],
    ["a range the wrong way round", "0 17-9 * * *", 3, "the range 17-9 is the wrong way round"],
    ["a step of 0", "*/0 * * * *", 3, '"0" is no step; steps are from 1 to 60'],
    ["a step beyond the field", "*/90 * * * *", 3, "steps are from 1 to 60"],
    ["a missing step", "*/ * * * *", 3, '"" is no step'],
    ["a missing value", "0,,5 * * * *", 3, "a value is missing"],
    ["a missing value at the end", "0, * * * *", 3, "a value is missing"],
    ["a missing end of a range", "0 9- * * *", 5, "a value is missing"],
    ["a missing beginning of a range", "0 -9 * * *", 3, '"-9" is none'],
    ["a range from *", "0 *-9 * * *", 4, "a range cannot begin with *"],
    ["an unknown character", "0 0 L * *", 5, '"L" is no value of it'],
    ["an unknown character behind a value", "0 0 1W * *", 5, '"1W" is no value of it'],
    ["a sign", "0 0 * * 5#2", 10, '"#2" cannot stand here'],
    ["a question mark", "0 0 ? * *", 5, '"?" is none'],
    ["an unknown name", "0 0 * JANUARY *", 7, '"JANUARY" is no value of it'],
    ["a name in the wrong field", "0 MON * * *", 3, '"MON" is no value of it'],
    ["too few fields", "0 0 * *", 8, "it has 4 fields; accepted are five: minute, hour"],
    ["too many fields", "0 0 * * * 2027", 11, "it has 6 fields"],
    ["nothing", "  ", 3, "it has 0 fields"],
    ["an unknown shorthand", " @minutely", 2, "accepted are @hourly, @daily, @weekly, @monthly, @yearly"],
    ["a day that never comes", "0 0 30 2 *", 5, "no month that it names has a day 30"],
    ["a 31st in short months only", "0 0 31 4,6,SEP *", 5, "no month that it names has a day 31"],
  ])("%s", (_, expression, position, why) => {
    const refusal = refused(() => parseCron(expression));
    expect(refusal).toMatchObject({
      reason: "CRON_INVALID",
      metadata: { position: String(position), field: "cron" },
      details: { fields: [{ field: "cron" }] },
    });
    expect(refusal.message).toContain(`cron: at position ${position}: `);
    expect(refusal.message).toContain(why);
  });

  test.each(["Mars/Olympus", "+02:00", "Europe/", "", "UTC+1"])("the time zone %j", (name) => {
    const refusal = refused(() => requireTimeZone(name));
    expect(refusal).toMatchObject({ reason: "FIELD_INVALID", metadata: { field: "time_zone" } });
    expect(refusal.message).toContain("Europe/Berlin");
  });

  test("known time zones are not", () => {
    for (const name of ["UTC", "Europe/Berlin", "Asia/Calcutta", "Etc/GMT+5"]) requireTimeZone(name);
  });
});

/** A field with the values that it means, made apart from how it is read. */
function field(least: number, most: number) {
  const value = fc.integer({ min: least, max: most });
  const item = fc.oneof(
    value.map((one) => ({ text: `${one}`, values: [one], isEven: false })),
    fc.tuple(value, value, fc.integer({ min: 1, max: 7 })).map(([a, b, step]) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      return { text: `${from}-${to}/${step}`, values: stepped(from, to, step), isEven: false };
    }),
    fc.integer({ min: 1, max: 7 }).map((step) => ({
      text: `*/${step}`,
      values: stepped(least, most, step),
      isEven: true,
    })),
  );
  const every = { text: "*", values: stepped(least, most, 1), isEven: true };
  const list = fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => ({
    text: items.map(({ text }) => text).join(","),
    values: [...new Set(items.flatMap(({ values }) => values))],
    isEven: items.some(({ isEven }) => isEven),
  }));
  return fc.oneof({ arbitrary: list, weight: 2 }, { arbitrary: fc.constantFrom(every), weight: 1 });
}

const expressions = fc
  .tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6))
  .map((fields) => {
    const [minutes, hoursOf, days, months, weekdays] = fields;
    const either = days.values.length < 31 && weekdays.values.length < 7;
    return {
      text: fields.map(({ text }) => text).join(" "),
      isEven: minutes.isEven || hoursOf.isEven,
      /** Whether the expression means what a clock shows, given as if it showed UTC. */
      means(wall: Date): boolean {
        const isDay = days.values.includes(wall.getUTCDate());
        const isWeekday = weekdays.values.includes(wall.getUTCDay());
        return (
          minutes.values.includes(wall.getUTCMinutes()) &&
          hoursOf.values.includes(wall.getUTCHours()) &&
          months.values.includes(wall.getUTCMonth() + 1) &&
          (either ? isDay || isWeekday : isDay && isWeekday)
        );
      },
    };
  });

function parsedOrNever(text: string): Cron | undefined {
  try {
    return parseCron(text);
  } catch (error) {
    // All that is made here can be read; it may name a day that never comes.
    expect(error).toMatchObject({ message: expect.stringContaining("would never start anything") });
    return undefined;
  }
}

test("the next time is the one that going from minute to minute finds", () => {
  const from = fc.integer({ min: Date.UTC(2024, 0) / MINUTE_MS, max: Date.UTC(2032, 0) / MINUTE_MS });
  fc.assert(
    fc.property(expressions, from, (expression, fromMinute) => {
      const cron = parsedOrNever(expression.text);
      const after = new Date(fromMinute * MINUTE_MS);
      const found = cron && nextTime(cron, "UTC", after);
      const end = after.getTime() + 40 * 1440 * MINUTE_MS;
      for (let ms = after.getTime() + MINUTE_MS; ms <= end; ms += MINUTE_MS) {
        if (!expression.means(new Date(ms))) continue;
        expect(found).toEqual(new Date(ms));
        return;
      }
      if (found === undefined) return;
      expect(found.getTime()).toBeGreaterThan(end);
      expect(expression.means(found)).toBe(true);
    }),
    { ...SEEDED, numRuns: 150 },
  );
});

/** Two days around a shift, minute by minute, with what the clock shows as if it showed UTC. */
function daysAround(timeZone: string, shift: string) {
  const shown = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
  const from = Date.parse(shift) - 1440 * MINUTE_MS;
  const minutes = Array.from({ length: 2880 }, (_, index) => {
    const at = new Date(from + index * MINUTE_MS);
    return { at, wallMs: Date.parse(`${shown.format(at).replace(" ", "T")}Z`) };
  });
  return { timeZone, minutes };
}

const SHIFTS = [
  daysAround("Europe/Berlin", "2026-03-29T01:00Z"),
  daysAround("Europe/Berlin", "2026-10-25T01:00Z"),
  daysAround("America/New_York", "2026-03-08T07:00Z"),
  daysAround("America/New_York", "2026-11-01T06:00Z"),
  daysAround("Australia/Lord_Howe", "2026-04-04T15:00Z"),
  daysAround("Australia/Lord_Howe", "2026-10-03T15:30Z"),
];

test("around every shift of a clock, the times are those that watching it from minute to minute finds", () => {
  fc.assert(
    fc.property(
      fc.record({ expression: expressions, shift: fc.constantFrom(...SHIFTS) }),
      ({ expression, shift }) => {
        const cron = parsedOrNever(expression.text);
        if (cron === undefined) return;
        const { timeZone, minutes } = shift;
        const expected: Date[] = [];
        let shownUpToMs = minutes[0]!.wallMs;
        for (const { at, wallMs } of minutes.slice(1)) {
          // What the clock shows for the first time with this minute: nothing, one minute, or all of a gap.
          let isNew = false;
          for (; shownUpToMs < wallMs; shownUpToMs += MINUTE_MS)
            isNew ||= expression.means(new Date(shownUpToMs + MINUTE_MS));
          if (expression.isEven ? expression.means(new Date(wallMs)) : isNew) expected.push(at);
        }
        const found: Date[] = [];
        for (let at: Date | undefined = minutes[0]!.at; ; found.push(at)) {
          at = nextTime(cron, timeZone, at);
          if (at === undefined || at > minutes.at(-1)!.at) break;
        }
        expect(found).toEqual(expected);
        const span = { from: minutes[1]!.at, to: minutes.at(-1)!.at };
        expect(newestTime(cron, timeZone, span)).toEqual(expected.at(-1));
      },
    ),
    { ...SEEDED, numRuns: 300 },
  );
});

test("the newest time is found as well in years as in minutes", () => {
  const newest = (expression: string, from: string, to: string) =>
    newestTime(parseCron(expression), "UTC", { from: new Date(from), to: new Date(to) })?.toISOString();
  expect(newest("* * * * *", "2026-01-01T00:00Z", "2026-12-24T18:30:59Z")).toBe("2026-12-24T18:30:00.000Z");
  expect(newest("0 0 1 1 *", "2020-01-01T00:00Z", "2026-12-24T18:30Z")).toBe("2026-01-01T00:00:00.000Z");
  expect(newest("30 18 * * *", "2026-12-24T18:30Z", "2026-12-24T18:30Z")).toBe("2026-12-24T18:30:00.000Z");
  expect(newest("31 18 * * *", "2026-12-24T18:30Z", "2026-12-24T18:30Z")).toBeUndefined();
});

function hours(of: readonly number[]): string[] {
  return of.map((hour) => `2027-01-01T${String(hour).padStart(2, "0")}:00Z`);
}

function stepped(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}
