import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Refusal } from "../core/errors.ts";
import { httpStatusOf } from "./errors.ts";

/** Plain HTTP, as all doors speak it: a request or response of either version of the protocol. */
export type Request = IncomingMessage | Http2ServerRequest;
export type Response = ServerResponse | Http2ServerResponse;

/** Refusals as plain HTTP: problem+json, and what the caller can do about it in headers. */
export function writeRefusal(response: Response, refusal: Refusal): void {
  const { reason, details, message, metadata } = refusal;
  if (details.retryAfterMs !== undefined)
    response.setHeader("retry-after", Math.max(1, Math.ceil(details.retryAfterMs / 1000)));
  const status = httpStatusOf(refusal);
  if (status === 401) response.setHeader("www-authenticate", "Bearer");
  problem(response, status, { title: message, reason, ...(metadata.runId && { runId: metadata.runId }) });
}

/** The pieces of a body. Whoever stops reading leaves the connection whole, so that the answer can still be sent. */
export function bodyPieces(request: Request): AsyncIterable<Buffer> {
  return {
    [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>,
  };
}

/**
 * Reads a body to its end; false when it has more bytes than that, or is cut off. The pieces hold what was read then;
 * the rest can still be read.
 */
export function readInto(pieces: Buffer[], request: Request, bytesMax: number): Promise<boolean> {
  // One that was cut off before somebody listened has nothing more to say.
  if (request.destroyed) return Promise.resolve(false);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let bytes = 0;
  const take = (piece: Buffer) => {
    pieces.push(piece);
    bytes += piece.byteLength;
    if (bytes > bytesMax) stop(false);
  };
  const end = () => stop(!request.aborted);
  const cut = () => stop(false);
  const stop = (whole: boolean) => {
    request.off("data", take);
    request.off("end", end);
    request.off("error", cut);
    request.off("close", cut);
    if (!whole) request.pause();
    resolve(whole);
  };
  request.on("data", take);
  request.once("end", end);
  request.once("error", cut);
  request.once("close", cut);
  return promise;
}

/** How long a refused body may go on arriving before its connection is cut. */
const DISCARD_MS = 5_000;

/**
 * Reads what is left of a body nobody wants: left unread, it would stand in the way of the connection's next request;
 * cut off, the caller might never read why it was refused.
 */
export function discardRest(request: Request): void {
  if (request.readableEnded || request.destroyed) return;
  request.resume();
  // A process that has nothing else to do does not wait for it.
  const timer = setTimeout(() => request.destroy(), DISCARD_MS).unref();
  request.once("close", () => clearTimeout(timer));
}

/** RFC 9457, with the older service's `message` beside it. */
export function problem(
  response: Response,
  status: number,
  { title, reason, runId }: { title: string; reason?: string; runId?: string },
): void {
  if (runId !== undefined) response.setHeader("x-run-id", runId);
  if (status === 405) response.setHeader("allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  const members = {
    type: "about:blank",
    title,
    status,
    ...(reason && { reason }),
    ...(runId && { run_id: runId }),
    message: title,
  };
  const body = Buffer.from(`${JSON.stringify(members)}\n`);
  response.statusCode = status;
  response.setHeader("content-type", "application/problem+json");
  response.setHeader("content-length", body.byteLength);
  endWith(response, body);
}

/** Ends an answer, with its body if it has one. */
export function endWith(response: Response, body: Buffer | undefined): void {
  // The two classes overload `end` differently; what is called here is common to both.
  if (body === undefined) response.end();
  else (response as ServerResponse).end(body);
}
