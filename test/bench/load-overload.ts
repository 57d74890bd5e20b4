import { type ClientHttp2Session, connect } from "node:http2";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { quantile } from "./rounds.ts";

/**
 * Calls a unary gRPC method so often a second, whatever comes back and however long that takes: an open loop, as many
 * callers who know nothing of each other make one.
 */

/** What it is told, as a line of JSON. */
export interface OverloadOrder {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The message of every request, in base64. */
  readonly body: string;
  readonly perSecond: number;
  readonly seconds: number;
}

/** What it saw. */
export interface Overload {
  readonly offeredPerSecond: number;
  /** Answered well while the load lasted. */
  readonly goodPerSecond: number;
  readonly refusedP50Ms: number;
  readonly refusedP99Ms: number;
  /** Refusals without a word on when to come back, and everything that is neither an answer nor such a refusal. */
  readonly errors: number;
  /** How often each other status came. */
  readonly statuses: Readonly<Record<string, number>>;
}

const CONNECTIONS = 4;
const TICK_MS = 5;
const RESOURCE_EXHAUSTED = "8";
/** A call that has not been answered by then never is. */
const PATIENCE_MS = 40_000;

if (process.argv[1]?.endsWith("load-overload.ts")) {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await offer(JSON.parse(line) as OverloadOrder))}\n`);
  }
}

interface Answer {
  readonly status: string;
  /** It says when to come back. */
  readonly hasRetry: boolean;
}

async function offer(order: OverloadOrder): Promise<Overload> {
  const message = Buffer.from(order.body, "base64");
  const frame = Buffer.concat([Buffer.alloc(5), message]);
  frame.writeUInt32BE(message.byteLength, 1);
  const headers = {
    ":method": "POST",
    ":path": new URL(order.url).pathname,
    "content-type": "application/grpc+proto",
    te: "trailers",
    ...order.headers,
  };
  const sessions = Array.from({ length: CONNECTIONS }, () => connect(new URL(order.url).origin));
  const refusedMs: number[] = [];
  const statuses: Record<string, number> = {};
  let [offered, good, errors] = [0, 0, 0];
  const beganMs = performance.now();
  const endMs = beganMs + order.seconds * 1000;
  const calls = new Set<Promise<void>>();

  const call = async (session: ClientHttp2Session) => {
    const startMs = performance.now();
    const { status, hasRetry } = await make(session, headers, frame);
    const nowMs = performance.now();
    if (status === "0") {
      if (nowMs <= endMs) good += 1;
    } else if (status === RESOURCE_EXHAUSTED && hasRetry) refusedMs.push(nowMs - startMs);
    else {
      errors += 1;
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  for (let nowMs = beganMs; nowMs < endMs; nowMs = performance.now()) {
    const due = Math.floor(((nowMs - beganMs) / 1000) * order.perSecond);
    for (; offered < due; offered += 1) {
      const under: Promise<void> = call(sessions[offered % CONNECTIONS]!).finally(() => calls.delete(under));
      calls.add(under);
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  const tookSeconds = (performance.now() - beganMs) / 1000;
  await Promise.all(calls);
  for (const session of sessions) session.close();
  return {
    offeredPerSecond: offered / tookSeconds,
    goodPerSecond: good / order.seconds,
    refusedP50Ms: quantile(refusedMs, 0.5),
    refusedP99Ms: quantile(refusedMs, 0.99),
    errors,
    statuses,
  };
}

function make(session: ClientHttp2Session, headers: Record<string, string>, frame: Buffer): Promise<Answer> {
  return new Promise((resolve) => {
    const stream = session.request(headers);
    let answer: Answer = { status: "none", hasRetry: false };
    const read = (received: Record<string, unknown>) => {
      if (received["grpc-status"] === undefined) return;
      const details = Buffer.from(String(received["grpc-status-details-bin"] ?? ""), "base64");
      answer = {
        status: String(received["grpc-status"]),
        hasRetry: details.includes("google.rpc.RetryInfo"),
      };
    };
    stream.setTimeout(PATIENCE_MS, () => stream.close());
    stream.on("response", read);
    stream.on("trailers", read);
    stream.on("error", () => {});
    stream.on("close", () => resolve(answer));
    stream.resume();
    stream.end(frame);
  });
}
