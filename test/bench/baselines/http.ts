import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { announce, answerFromFile } from "./answer.ts";

/** A bare `node:http` server: reads the body, answers with the same bytes each time. */

const answer = answerFromFile();
const type = process.argv[3] ?? "application/octet-stream";
const server = createServer((request, response) => {
  request.on("end", () => {
    response.writeHead(200, { "content-type": type, "content-length": answer.byteLength });
    response.end(answer);
  });
  request.resume();
});
server.listen(0, "127.0.0.1", () => announce((server.address() as AddressInfo).port));
