import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from "node:http2";
import { performance } from "node:perf_hooks";
import { type Load, type LoadOrder, serveOrders, WARM_UP_SECONDS } from "./load.ts";
import { quantile } from "./rounds.ts";

/**
 * A load generator for unary gRPC, straight on `node:http2`: a ready client costs more than the servers it is to
 * measure, and would hide what they differ in. An error is a call without the status 0 or without the expected bytes.
 */

const CONNECTIONS_MAX = 4;

await serveOrders(measure);

interface Call {
  readonly headers: OutgoingHttpHeaders;
  readonly frame: Buffer;
  readonly expected: Buffer;
}

async function measure(order: LoadOrder): Promise<Load> {
  const call = callOf(order);
  const latencies: number[] = [];
  let errors = 0;
  const fromMs = performance.now() + WARM_UP_SECONDS * 1000;
  const untilMs = fromMs + order.seconds * 1000;

  const callAgainAndAgain = async (session: ClientHttp2Session) => {
    for (let startMs = performance.now(); startMs < untilMs; startMs = performance.now()) {
      const isGood = await make(call, session);
      const endMs = performance.now();
      if (endMs < fromMs || endMs > untilMs) continue;
      if (isGood) latencies.push(endMs - startMs);
      else errors += 1;
    }
  };
  const sessions = Array.from({ length: Math.min(order.concurrency, CONNECTIONS_MAX) }, () =>
    connect(new URL(order.url).origin, { settings: { initialWindowSize: 1 << 20 } }),
  );
  const callers = Array.from({ length: order.concurrency }, (_, index) =>
    callAgainAndAgain(sessions[index % sessions.length]!),
  );
  await Promise.all(callers);
  for (const session of sessions) session.close();

  return {
    perSecond: latencies.length / order.seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    errors,
  };
}

function callOf(order: LoadOrder): Call {
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
  return { headers, frame, expected: Buffer.from(order.expect) };
}

function make({ headers, frame, expected }: Call, session: ClientHttp2Session): Promise<boolean> {
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
