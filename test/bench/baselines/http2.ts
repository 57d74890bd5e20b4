import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { announce, answerFromFile } from "./answer.ts";

/** The least that answers gRPC: bare `node:http2` streams, the same frame and trailers for every call. */

const answer = answerFromFile();
const frame = Buffer.concat([Buffer.alloc(5), answer]);
frame.writeUInt32BE(answer.byteLength, 1);
const server = createServer();
server.on("stream", (stream) => {
  stream.on("error", () => {});
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.on("end", () => {
    stream.respond({ ":status": 200, "content-type": "application/grpc+proto" }, { waitForTrailers: true });
    stream.end(frame);
  });
  stream.resume();
});
server.listen(0, "127.0.0.1", () => announce((server.address() as AddressInfo).port));
