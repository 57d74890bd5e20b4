import { readFileSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { performance } from "node:perf_hooks";
import { type Load, type LoadOrder, WARM_UP_SECONDS } from "./load.ts";
import { quantile } from "./rounds.ts";

/**
 * A load generator for unary gRPC, straight on `node:http2`: a ready client costs more than the servers it is to
 * measure, and would hide what they differ in. An error is a call without the status 0 or without the expected bytes.
 */

const CONNECTIONS_MAX = 4;

const order = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as LoadOrder;
const url = new URL(order.url);
const message = Buffer.from(order.body, "base64");
const frame = Buffer.concat([Buffer.alloc(5), message]);
frame.writeUInt32BE(message.byteLength, 1);
const expected = Buffer.from(order.expect);
const headers = {
  ":method": "POST",
  ":path": url.pathname,
  "content-type": "application/grpc+proto",
  te: "trailers",
  ...order.headers,
};

const latencies: number[] = [];
let errors = 0;
const fromMs = performance.now() + WARM_UP_SECONDS * 1000;
const untilMs = fromMs + order.seconds * 1000;

const sessions = Array.from({ length: Math.min(order.concurrency, CONNECTIONS_MAX) }, () =>
  connect(url.origin, { settings: { initialWindowSize: 1 << 20 } }),
);
await Promise.all(
  Array.from({ length: order.concurrency }, (_, index) =>
    callAgainAndAgain(sessions[index % sessions.length]!),
  ),
);
for (const session of sessions) session.close();

const measured: Load = {
  perSecond: latencies.length / order.seconds,
  p50Ms: quantile(latencies, 0.5),
  p99Ms: quantile(latencies, 0.99),
  errors,
};
process.stdout.write(JSON.stringify(measured));

async function callAgainAndAgain(session: ClientHttp2Session): Promise<void> {
  for (;;) {
    const startMs = performance.now();
    if (startMs >= untilMs) return;
    const isGood = await call(session);
    const endMs = performance.now();
    if (endMs < fromMs || endMs > untilMs) continue;
    if (isGood) latencies.push(endMs - startMs);
    else errors += 1;
  }
}

function call(session: ClientHttp2Session): Promise<boolean> {
  return new Promise((resolve) => {
    const stream = session.request(headers);
    const pieces: Buffer[] = [];
    let status: unknown;
    stream.on("data", (piece: Buffer) => pieces.push(piece));
    stream.on("response", (received) => {
      status = received["grpc-status"];
    });
    stream.on("trailers", (received) => {
      status = received["grpc-status"];
    });
    stream.on("error", () => {});
    stream.on("close", () => {
      const answer = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
      resolve(status === "0" && answer.includes(expected));
    });
    stream.end(frame);
  });
}
