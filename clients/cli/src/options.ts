import { type Command, InvalidArgumentError, Option } from "commander";
import { durationMs } from "./units.ts";

/** Which service and which project a command speaks of. */
export interface ServiceOptions {
  readonly context?: string;
  readonly project?: string;
}

/** Takes the options that say which service, and unless `projectToo` is false which project, is meant. */
export function serviceOptions(command: Command, projectToo = true): Command {
  command.option("--context <name>", "The service: one you are logged in to");
  if (projectToo) command.option("--project <project>", "The project: its slug or its id");
  return command;
}

/** Shows examples below a command's help: the command, and what it is for. */
export function examples(command: Command, lines: readonly (readonly [line: string, why: string])[]): void {
  const width = Math.max(...lines.map(([line]) => line.length));
  const text = lines.map(([line, why]) => `  ${line.padEnd(width)}  # ${why}`).join("\n");
  command.addHelpText("after", `\nExamples:\n${text}`);
}

/** An option that takes one of a few words. */
export function choice(flags: string, description: string, words: readonly string[]): Option {
  return new Option(flags, description).choices([...words]);
}

/** `name=value`; what comes after the first `=` is the value. */
export function gatheredPair(value: string, earlier: readonly Pair[] | undefined): readonly Pair[] {
  const at = value.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Write it as name=value.");
  return [...(earlier ?? []), { name: value.slice(0, at), value: value.slice(at + 1) }];
}

/** `Name: value`, as curl takes headers. */
export function gatheredHeader(value: string, earlier: readonly Pair[] | undefined): readonly Pair[] {
  const at = value.indexOf(":");
  if (at < 1) throw new InvalidArgumentError("Write it as 'Name: value'.");
  return [...(earlier ?? []), { name: value.slice(0, at).trim(), value: value.slice(at + 1).trim() }];
}

export interface Pair {
  readonly name: string;
  readonly value: string;
}

/** A whole number of at least `least`. */
export function count(least: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || !Number.isSafeInteger(number) || number < least)
      throw new InvalidArgumentError(`Give a whole number from ${least}.`);
    return number;
  };
}

/** A duration, in milliseconds. */
export function duration(value: string): number {
  const milliseconds = durationMs(value);
  if (milliseconds === undefined) throw new InvalidArgumentError("Write it as 500ms, 30s, 15m, 2h or 7d.");
  return milliseconds;
}

/** A moment: how long ago, or a date with or without a time. */
export function moment(value: string): Date {
  const agoMs = durationMs(value);
  if (agoMs !== undefined) return new Date(Date.now() - agoMs);
  const date = new Date(value);
  if (Number.isNaN(date.getTime()))
    throw new InvalidArgumentError("Write how long ago, as 15m or 2h, or when, as 2026-01-31T12:00.");
  return date;
}

/** A moment that is still to come: in how long, or a date with or without a time. */
export function laterMoment(value: string): Date {
  const inMs = durationMs(value);
  const date = inMs === undefined ? new Date(value) : new Date(Date.now() + inMs);
  if (Number.isNaN(date.getTime()) || date.getTime() <= Date.now())
    throw new InvalidArgumentError("Write in how long, as 12h or 30d, or when, as 2030-01-31.");
  return date;
}
