import { readFileSync } from "node:fs";
import { connect } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { TailLogsResponseSchema } from "../../gen/codeactions/v1/log_service_pb.ts";
import type { Tail, TailOrder } from "./p7-log-tail.ts";
import { quantile } from "./rounds.ts";
import { nowUs, TICKS } from "./ticks.ts";

/**
 * Follows a stream of lines that say when they were written, and tells how long they were under way. Prints
 * `following` once the stream is open, and the figures when the last line is there or none has come for a while.
 */

const SILENCE_MS_MAX = 5_000;

const order = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as TailOrder;
const url = new URL(order.url);
const message = Buffer.from(order.body, "base64");
const frame = Buffer.concat([Buffer.alloc(5), message]);
frame.writeUInt32BE(message.byteLength, 1);

const tookMs: number[] = [];
const seen = new Set<number>();
let twice = 0;
let outOfOrder = 0;
let latest = -1;

const session = connect(url.origin);
const stream = session.request({
  ":method": "POST",
  ":path": url.pathname,
  "content-type": "application/grpc+proto",
  te: "trailers",
  ...order.headers,
});
stream.end(frame);
stream.setTimeout(SILENCE_MS_MAX, () => stream.close());
let rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);
stream.on("data", (piece: Buffer) => {
  rest = rest.byteLength === 0 ? piece : Buffer.concat([rest, piece]);
  while (rest.byteLength >= 5 && rest.byteLength >= 5 + rest.readUInt32BE(1)) {
    const end = 5 + rest.readUInt32BE(1);
    receive(rest.subarray(5, end));
    rest = rest.subarray(end);
  }
});
stream.on("error", () => {});
stream.on("close", () => {
  const lost = TICKS.count - seen.size;
  const tail: Tail = { p50Ms: quantile(tookMs, 0.5), p99Ms: quantile(tookMs, 0.99), lost, twice, outOfOrder };
  process.stdout.write(JSON.stringify(tail));
  session.destroy();
});

function receive(bytes: Uint8Array): void {
  const receivedUs = nowUs();
  const event = fromBinary(TailLogsResponseSchema, bytes).event?.event;
  if (event?.case === "started") process.stdout.write("following\n");
  if (event?.case !== "batch") return;
  for (const { text } of event.value.entries) {
    const [index, writtenUs] = text.split(" ").map(Number) as [number, number];
    if (seen.has(index)) twice += 1;
    if (index < latest) outOfOrder += 1;
    seen.add(index);
    latest = index;
    tookMs.push((receivedUs - writtenUs) / 1000);
  }
  // A moment is left for lines that should not come any more.
  if (seen.size === TICKS.count) setTimeout(() => stream.close(), 100);
}
