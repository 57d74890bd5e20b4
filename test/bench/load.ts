import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startFile } from "./processes.ts";

/** What a load generator measured: calls answered in a second, how long they took, and how many went wrong. */
export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
}

/** What a load generator is told, in a file. */
export interface LoadOrder {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body of every request, in base64. */
  readonly body: string;
  /** What every good answer contains. */
  readonly expect: string;
  readonly concurrency: number;
  readonly seconds: number;
}

/** Seconds of load before the measurement, in the generator's own process: it has to get warm each time. */
export const WARM_UP_SECONDS = 0.4;

/** Calls unary gRPC methods over HTTP/2, or sends POSTs over HTTP/1.1. */
export type Generator = "load-grpc.ts" | "load-http.ts";

/** Has a process of its own make the load, with as many calls under way as ordered, all the time. */
export async function load(folder: string, generator: Generator, order: LoadOrder): Promise<Load> {
  const file = join(folder, "load-order.json");
  await writeFile(file, JSON.stringify(order));
  await using child = startFile(generator, [file]);
  return JSON.parse(await child.finished()) as Load;
}
