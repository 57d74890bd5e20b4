import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { Failure } from "./failure.ts";
import { gatheredHeader, gatheredPair, type Pair } from "./options.ts";
import { readStandardInput } from "./standard-input.ts";

/** What a run is given. */
export interface InputOptions {
  readonly param?: readonly Pair[];
  readonly header?: readonly Pair[];
  readonly body?: string;
  readonly method?: string;
  readonly path?: string;
}

/** Takes the options that say what a run is given. */
export function inputOptions(command: Command): Command {
  return command
    .option("-p, --param <name=value>", "A query parameter; may come more than once", gatheredPair)
    .option("-H, --header <header>", "A header, as 'Name: value'; may come more than once", gatheredHeader)
    .option("-b, --body <body>", "The body: text, @file, or - for what stdin has")
    .option("--method <method>", "The method that the code sees (POST)")
    .option("--path <path>", "The path that the code sees (/)");
}

/** The contract's `RunInput`. */
export async function readInput({ param, header, body, method, path }: InputOptions, signal: AbortSignal) {
  return {
    method: method ?? "",
    path: path ?? "",
    query: [...(param ?? [])],
    headers: [...(header ?? [])],
    body: body === undefined ? new Uint8Array() : await readBody(body, signal),
  };
}

async function readBody(given: string, signal: AbortSignal): Promise<Uint8Array> {
  if (given === "-") return readStandardInput(signal);
  if (!given.startsWith("@")) return Buffer.from(given);
  try {
    return await readFile(given.slice(1));
  } catch (error) {
    throw new Failure(`the body cannot be read: ${(error as Error).message}`);
  }
}
