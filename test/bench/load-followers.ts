import { readFileSync } from "node:fs";
import { connect } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { TailLogsResponseSchema } from "../../gen/codeactions/v1/log_service_pb.ts";
import type { Followed, FollowOrder } from "./p8-log-volume.ts";

/** Many tails of one code at once. Prints `following` once all are open, and how they got on when all have ended. */

const STREAMS_PER_SESSION = 200;
const SILENCE_MS_MAX = 60_000;

const order = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as FollowOrder;
const url = new URL(order.url);
const message = Buffer.from(order.body, "base64");
const frame = Buffer.concat([Buffer.alloc(5), message]);
frame.writeUInt32BE(message.byteLength, 1);

let open = 0;
const sessions = Array.from({ length: Math.ceil(order.followers / STREAMS_PER_SESSION) }, () =>
  connect(url.origin, { settings: { initialWindowSize: 1 << 20 } }),
);
const tails = Array.from({ length: order.followers }, (_, index) =>
  follow(sessions[Math.floor(index / STREAMS_PER_SESSION)]!),
);
const ended = await Promise.all(tails);
const followed: Followed = {
  lost: ended.reduce((sum, { seen }) => sum + order.lines - seen, 0),
  outOfOrder: ended.reduce((sum, { outOfOrder }) => sum + outOfOrder, 0),
};
process.stdout.write(JSON.stringify(followed));
for (const session of sessions) session.destroy();

/** One tail, until it has seen every line or nothing comes any more. */
function follow(session: ReturnType<typeof connect>): Promise<{ seen: number; outOfOrder: number }> {
  const { promise, resolve } = Promise.withResolvers<{ seen: number; outOfOrder: number }>();
  const stream = session.request({
    ":method": "POST",
    ":path": url.pathname,
    "content-type": "application/grpc+proto",
    te: "trailers",
    ...order.headers,
  });
  let seen = 0;
  let outOfOrder = 0;
  let rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  const take = (bytes: Uint8Array) => {
    const event = fromBinary(TailLogsResponseSchema, bytes).event?.event;
    if (event?.case === "started") {
      open += 1;
      if (open === order.followers) process.stdout.write("following\n");
    }
    if (event?.case !== "batch") return;
    for (const { sequence } of event.value.entries) {
      seen += 1;
      if (Number(sequence) !== seen) outOfOrder += 1;
    }
    if (seen >= order.lines) stream.close();
  };
  stream.setTimeout(SILENCE_MS_MAX, () => stream.close());
  stream.on("data", (piece: Buffer) => {
    rest = rest.byteLength === 0 ? piece : Buffer.concat([rest, piece]);
    while (rest.byteLength >= 5 && rest.byteLength >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1);
      take(rest.subarray(5, end));
      rest = rest.subarray(end);
    }
  });
  stream.on("error", () => {});
  stream.on("close", () => resolve({ seen, outOfOrder }));
  stream.end(frame);
  return promise;
}
