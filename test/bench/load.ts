import { createInterface } from "node:readline";
import { type Child, startFile } from "./processes.ts";

/** What a load generator measured: calls answered in a second, how long they took, and how many went wrong. */
export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
}

/** What a load generator is told, as a line of JSON. */
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

/** Load before what is measured, while connections are opened. */
export const WARM_UP_SECONDS = 0.2;

/** Calls unary gRPC methods over HTTP/2, or sends POSTs over HTTP/1.1. */
export type Generator = "load-grpc.ts" | "load-http.ts";

/** A process of its own that makes the load, with as many calls under way as ordered, all the time. */
export class LoadGenerator implements AsyncDisposable {
  readonly #child: Child;

  constructor(generator: Generator) {
    this.#child = startFile(generator, []);
  }

  async measure(order: LoadOrder): Promise<Load> {
    return JSON.parse(await this.#child.ask(JSON.stringify(order))) as Load;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}

/** The other end: carries out the orders on standard input, one after the other. */
export async function serveOrders(measure: (order: LoadOrder) => Promise<Load>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await measure(JSON.parse(line) as LoadOrder))}\n`);
  }
}
