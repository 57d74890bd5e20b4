import { statSync } from "node:fs";
import { resolve } from "node:path";

/** One variable of the environment: what it means, what is accepted and what holds without it. */
export interface Setting<Value> {
  readonly variable: string;
  readonly default: Value;
  readonly shownDefault: string;
  readonly meaning: string;
  readonly accepted: string;
  /** The value, or undefined when the text is not accepted. */
  parse(given: string): Value | undefined;
}

export function text(variable: string, fallback: string, meaning: string): Setting<string> {
  return {
    variable,
    default: fallback,
    shownDefault: fallback,
    meaning,
    accepted: "text",
    parse: (given) => given,
  };
}

export function number(
  variable: string,
  fallback: number,
  least: number,
  most: number,
  meaning: string,
): Setting<number> {
  const accepted = `a whole number from ${least} to ${most}`;
  const parse = (given: string) => {
    const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
    return value >= least && value <= most ? value : undefined;
  };
  return { variable, default: fallback, shownDefault: String(fallback), meaning, accepted, parse };
}

export function flag(variable: string, fallback: boolean, meaning: string): Setting<boolean> {
  const parse = (given: string) => ({ true: true, "1": true, false: false, "0": false })[given.toLowerCase()];
  return {
    variable,
    default: fallback,
    shownDefault: String(fallback),
    meaning,
    accepted: "true or false",
    parse,
  };
}

export function choice<const Value extends string>(
  variable: string,
  fallback: NoInfer<Value>,
  values: readonly Value[],
  meaning: string,
): Setting<Value> {
  const parse = (given: string) => values.find((value) => value === given);
  return { variable, default: fallback, shownDefault: fallback, meaning, accepted: values.join(", "), parse };
}

export function list(variable: string, meaning: string): Setting<readonly string[]> {
  const parse = (given: string) =>
    given
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== "");
  return { variable, default: [], shownDefault: "", meaning, accepted: "a list separated by commas", parse };
}

/** Folders that are there when the service starts; as absolute paths. */
export function folders(variable: string, meaning: string): Setting<readonly string[]> {
  const accepted = "folders that exist, separated by commas";
  const parse = (given: string) => {
    const paths = list(variable, meaning)
      .parse(given)!
      .map((path) => resolve(path));
    return paths.every((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory())
      ? paths
      : undefined;
  };
  return { ...list(variable, meaning), accepted, parse };
}

export function url(variable: string, meaning: string): Setting<string> {
  const parse = (given: string) =>
    /^https?:\/\/[^/]+/.test(given) && URL.canParse(given) ? given.replace(/\/+$/, "") : undefined;
  return {
    variable,
    default: "",
    shownDefault: "",
    meaning,
    accepted: "an http:// or https:// address",
    parse,
  };
}

/** A limit that every code has: what holds for those that ask for none, and the most that one may ask for. */
export function limit<const Name extends string>(
  name: Name,
  variable: string,
  [fallback, ceiling]: readonly [fallback: number, ceiling: number],
  [least, most]: readonly [least: number, most: number],
  meaning: string,
): Record<Name | `${Name}Ceiling`, Setting<number>> {
  return {
    [name]: number(variable, fallback, least, most, `${meaning}; for codes that ask for nothing else.`),
    [`${name}Ceiling`]: number(
      `${variable}_CEILING`,
      ceiling,
      least,
      most,
      "The most of it a code may ask for.",
    ),
  } as Record<Name | `${Name}Ceiling`, Setting<number>>;
}
