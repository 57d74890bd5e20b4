import { type IncomingMessage, request, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type Connection, Refusal } from "./run.ts";

/** Between two neighbours only; what else `Connection` names is so as well. */
const HOP_BY_HOP = [
  ["connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization"],
  ["te", "trailer", "transfer-encoding", "upgrade"],
  // These are answered or written here.
  ["expect", "host"],
].flat();

/** Methods that have no body unless they say so. */
const BODILESS = ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"];

/** Asks the upstream what the guest asks, and passes the answer on. Nothing of the host is added to either. */
export function forward(
  from: IncomingMessage,
  to: ServerResponse,
  way: { upstream: Socket; authority: string; path: string },
  connection: Connection,
): void {
  const { upstream, authority, path } = way;
  const asking = request({
    createConnection: () => upstream,
    method: from.method!,
    path,
    headers: requestHeaders(from, authority),
    insecureHTTPParser: false,
  });
  asking.on("error", (error) => answerBroken(to, connection, error));
  asking.once("response", (answer) => passOn(answer, to, connection));
  asking.once("upgrade", () => answerBroken(to, connection, new Error("it spoke another protocol")));
  from.on("data", (chunk: Buffer) => {
    // An upstream may answer and close before it has read everything.
    if (connection.over.aborted) return connection.waste(chunk.byteLength);
    if (!asking.write(chunk)) from.pause();
    connection.moved();
  });
  from.once("end", () => asking.end());
  asking.on("drain", () => from.resume());
  connection.over.addEventListener("abort", () => from.resume());
}

/** Throws `Refusal` where the body's end could be understood in two ways. */
function requestHeaders(from: IncomingMessage, authority: string): string[] {
  const encoding = from.headers["transfer-encoding"];
  if (encoding !== undefined && encoding.toLowerCase() !== "chunked") {
    throw new Refusal(400, "of the transfer encodings only chunked is passed on");
  }
  const headers = ["Host", authority, ...endToEnd(from)];
  if (encoding !== undefined) headers.push("Transfer-Encoding", "chunked");
  else if (from.headers["content-length"] === undefined && !BODILESS.includes(from.method!))
    headers.push("Content-Length", "0");
  headers.push("Connection", "close");
  return headers;
}

/** Names and values one after the other, in the order and spelling in which they came. */
function endToEnd({ rawHeaders, headers }: IncomingMessage): string[] {
  const named = (headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase());
  // Who names the length there would have the body's end understood differently behind this proxy.
  const left = new Set([...HOP_BY_HOP, ...named.filter((name) => name !== "content-length")]);
  return rawHeaders.filter((_, index) => !left.has(rawHeaders[index - (index % 2)]!.toLowerCase()));
}

function passOn(answer: IncomingMessage, to: ServerResponse, connection: Connection): void {
  answer.on("error", (error) => answerBroken(to, connection, error));
  to.sendDate = false;
  try {
    to.writeHead(answer.statusCode!, answer.statusMessage, endToEnd(answer));
  } catch (error) {
    return answerBroken(to, connection, error as Error);
  }
  answer.on("data", (chunk: Buffer) => {
    connection.moved();
    if (!to.destroyed && !to.write(chunk)) answer.pause();
  });
  to.on("drain", () => answer.resume());
  answer.once("end", () => to.end());
}

function answerBroken(to: ServerResponse, connection: Connection, error: Error): void {
  const why = `the connection broke off: ${error.message}`;
  connection.finish("failed", why);
  if (to.writableEnded || to.destroyed) return;
  if (to.headersSent) to.destroy();
  else answerRefusal(to, new Refusal(502, why));
}

/** A refusal as a guest sees it. */
export function answerRefusal(to: ServerResponse, { status, message }: Refusal): void {
  if (to.destroyed) return;
  to.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(`${message}\n`);
}
