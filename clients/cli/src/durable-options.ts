import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { type Command, InvalidArgumentError } from "commander";
import { type RetryPolicy, RunStatusSchema } from "../../typescript/src/node.ts";
import { EXIT, Failure } from "./failure.ts";
import { choice, count, duration } from "./options.ts";
import { numberOf } from "./words.ts";

/** How a durable run is repeated, and who is told of its end. */
export interface DurableOptions {
  readonly maxAttempts?: number;
  readonly backoff?: number;
  readonly multiplier?: number;
  readonly maxBackoff?: number;
  readonly retryOn?: readonly string[];
  /** False takes it away, where that is offered. */
  readonly callback?: string | false;
  readonly callbackSecret?: string;
}

/** The statuses after which there can be another attempt. */
const RETRIED = ["failed", "timed_out", "out_of_memory", "output_limit", "lost"];

/** Takes the options that say how a durable run is repeated, and who is told of its end. */
export function durableOptions(command: Command): Command {
  return command
    .option("--max-attempts <number>", "Try so often at most when an attempt fails (1)", count(1))
    .option("--backoff <duration>", "The wait before the second attempt (1s)", duration)
    .option("--multiplier <factor>", "By how much each further wait is longer, 1 to 10 (2)", factor)
    .option("--max-backoff <duration>", "The longest wait (5m)", duration)
    .addOption(choice("--retry-on <status...>", "Try again after these only (all but output_limit)", RETRIED))
    .option("--callback <url>", "Tell this https:// address of the end")
    .option("--callback-secret <name>", "The project's secret that signs what it is told");
}

function factor(value: string): number {
  const number = Number(value);
  if (value === "" || !(number >= 1 && number <= 10))
    throw new InvalidArgumentError("Give a number from 1 to 10.");
  return number;
}

/** The contract's fields for them; `before` is what a schedule has, of which unmentioned parts stay. */
export function durableFields(options: DurableOptions, before?: RetryPolicy) {
  const { maxAttempts, backoff, multiplier, maxBackoff, retryOn } = options;
  const changed = {
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    ...(backoff === undefined ? {} : { backoff: durationFromMs(backoff) }),
    ...(multiplier === undefined ? {} : { multiplier }),
    ...(maxBackoff === undefined ? {} : { maxBackoff: durationFromMs(maxBackoff) }),
    ...(retryOn === undefined ? {} : { retryOn: retryOn.map((word) => numberOf(RunStatusSchema, word)!) }),
  };
  const retryPolicy = before === undefined ? changed : { ...before, ...changed };
  return {
    ...(Object.keys(changed).length === 0 ? {} : { retryPolicy }),
    ...callbackField(options),
  };
}

function callbackField({ callback, callbackSecret }: DurableOptions) {
  if (callback === undefined && callbackSecret === undefined) return {};
  if (callback === false) return { callback: { url: "", secret: "" } };
  if (callback !== undefined && callbackSecret !== undefined)
    return { callback: { url: callback, secret: callbackSecret } };
  throw new Failure(
    "--callback and --callback-secret go together: codeactions secrets set <name> stores what signs",
    EXIT.usage,
  );
}
