import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { createServer as createPlainServer } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { CERTIFICATE, KEY } from "./certificate.ts";

/** A request as it came. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server on loopback that keeps what it is sent and answers as it was told. */
export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  /** What it answers from now on: a status, or a way of its own. 200 at first. */
  answer: number | ((response: ServerResponse) => void);
}

export async function startReceiver(scheme: "https" | "http" = "https"): Promise<Receiver> {
  const received: Received[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = request;
    received.push({ method, path: url, headers, body: Buffer.concat(chunks).toString("utf8") });
    const { answer } = receiver;
    if (typeof answer === "function") answer(response);
    else response.writeHead(answer).end("noted");
  };
  const server =
    scheme === "https" ? createServer({ cert: CERTIFICATE, key: KEY }, take) : createPlainServer(take);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const receiver: Receiver = {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer: 200,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  return receiver;
}
