import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { Command } from "commander";
import { OverlapSchema, type Schedule } from "../../../typescript/src/node.ts";
import { type DurableOptions, durableFields, durableOptions } from "../durable-options.ts";
import { choice, count, duration } from "../options.ts";
import { type InputOptions, inputOptions, readInput } from "../run-input.ts";
import { numberOf, wordsOf } from "../words.ts";

/** What a schedule is made of. */
export interface ScheduleOptions extends InputOptions, DurableOptions {
  readonly timeZone?: string;
  readonly overlap?: string;
  readonly catchUp?: number;
  readonly version?: number;
  readonly timeout?: number;
  readonly idempotent?: boolean;
}

/** Takes the options that a schedule is made of and can be changed by, name and cron expression aside. */
export function scheduleOptions(command: Command): Command {
  command
    .option("--time-zone <zone>", "The expression's time zone, as Europe/Berlin (UTC)")
    .addOption(
      choice("--overlap <what>", "What to do while an earlier run goes on (skip)", wordsOf(OverlapSchema)),
    )
    .option("--catch-up <duration>", "How late a missed start is made up for (1h)", duration)
    .option("--version <number>", "The version; 0 for the active one of each start (0)", count(0))
    .option("--timeout <duration>", "A shorter time-out than the code's own, for each attempt", duration)
    .option("--idempotent", "Runs may run again although a lost attempt may have had effects");
  return durableOptions(inputOptions(command));
}

/**
 * The contract's fields for what was given. `before` is the schedule to change, if there is one: of its retry policy and
 * its input the parts that are not mentioned stay.
 */
export async function scheduleFields(options: ScheduleOptions, signal: AbortSignal, before?: Schedule) {
  const { timeZone, overlap, catchUp, version, timeout, idempotent } = options;
  return {
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(overlap === undefined ? {} : { overlap: numberOf(OverlapSchema, overlap)! }),
    ...(catchUp === undefined ? {} : { catchUpWindow: durationFromMs(catchUp) }),
    ...(version === undefined ? {} : { version }),
    ...(timeout === undefined ? {} : { timeout: durationFromMs(timeout) }),
    ...(idempotent === undefined ? {} : { idempotent }),
    ...(await inputField(options, signal, before)),
    ...durableFields(options, before?.retryPolicy),
  };
}

async function inputField(given: InputOptions, signal: AbortSignal, before: Schedule | undefined) {
  const { param, header, body, method, path } = given;
  if ([param, header, body, method, path].every((part) => part === undefined)) return {};
  const read = await readInput(given, signal);
  const kept = before?.input;
  return {
    input: {
      method: method === undefined ? (kept?.method ?? "") : read.method,
      path: path === undefined ? (kept?.path ?? "") : read.path,
      query: param === undefined ? (kept?.query ?? []) : read.query,
      headers: header === undefined ? (kept?.headers ?? []) : read.headers,
      body: body === undefined ? (kept?.body ?? new Uint8Array()) : read.body,
    },
  };
}
