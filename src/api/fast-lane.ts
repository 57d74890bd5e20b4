import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Refusal } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { Metrics } from "../core/metrics.ts";
import type { Call, Caller } from "../services/access.ts";
import type { Projects } from "../services/projects.ts";
import { authenticate } from "./auth.ts";
import { deadlineExceeded, refusalOfCall } from "./errors.ts";
import { endWith, type Request, type Response, readInto } from "./http.ts";

/** A unary method that is called often enough to be worth a way of its own. */
export interface FastMethod<Ask> {
  /** As `/codeactions.v1.RunnerService/RunCode`. */
  readonly path: string;
  /** As metrics name it. */
  readonly name: string;
  /** What the bytes of a message ask for. Throws where they are no message, or one that breaks a rule. */
  readonly read: (bytes: Buffer) => Ask;
  /** The bytes of the answer. */
  readonly answer: (ask: Ask, call: Call) => Promise<Buffer>;
}

/** The full implementation of the protocols, for everything that this one leaves alone. */
export interface Reference {
  /** Answers a call some pieces of whose body have been read already. */
  handOn(request: Request, response: Response, correlationId: string, pieces: readonly Buffer[]): void;
  /** Answers a call with an error. */
  refuse(request: Request, response: Response, correlationId: string, refusal: Refusal): void;
}

interface Parts<Ask> {
  readonly method: FastMethod<Ask>;
  readonly projects: Projects;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly messageBytesMax: number;
  readonly compressBytesMin: number;
  readonly reference: Reference;
}

type Protocol = "grpc" | "connect";

/** A flag and the length of the message. */
const ENVELOPE_BYTES = 5;
const COMPRESSED = 1;
const TIMEOUT_MS = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 };
/** The largest delay that a timer takes; a deadline beyond it is none. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * A short way for plain calls of one method: gRPC or Connect, one binary message, not compressed. It reads and
 * writes the protocols' bytes itself, which costs a fraction of what the library for them does, and answers only what
 * succeeds. What is not plain is handed on to that library as it came, and so is every refusal, so that there is one
 * implementation of all that can go wrong.
 */
export function fastLane<Ask>(
  parts: Parts<Ask>,
): (request: Request, response: Response, correlationId: string) => boolean {
  return (request, response, correlationId) => {
    if (request.url !== parts.method.path || request.method !== "POST") return false;
    const protocol = plainProtocol(request);
    const timeoutMs = protocol && timeoutOf(request, protocol);
    if (protocol === undefined || timeoutMs === undefined) return false;
    void answer(parts, { protocol, timeoutMs, request, response, correlationId });
    return true;
  };
}

interface Visit {
  readonly protocol: Protocol;
  /** Infinity when there is none. */
  readonly timeoutMs: number;
  readonly request: Request;
  readonly response: Response;
  readonly correlationId: string;
}

async function answer<Ask>(parts: Parts<Ask>, visit: Visit): Promise<void> {
  const { request, response, correlationId } = visit;
  const { method, reference, log } = parts;
  const deadlineMs = Number.isFinite(visit.timeoutMs) ? Date.now() + visit.timeoutMs : undefined;
  const leaving = new AbortController();
  const timer = deadlineMs && setTimeout(() => leaving.abort(deadlineExceeded()), visit.timeoutMs);
  let answered = false;
  response.once("close", () => {
    clearTimeout(timer);
    if (!answered) leaving.abort(new DOMException("the caller went away", "AbortError"));
  });
  const pieces: Buffer[] = [];
  let read: { readonly ask: Ask } | undefined;
  let caller: Caller;
  try {
    // Before the message is read: what a stranger sends is nobody's to parse.
    caller = await authenticate(parts.projects, request.headers.authorization);
    if (await readInto(pieces, request, parts.messageBytesMax + ENVELOPE_BYTES))
      read = readMessage(method, visit.protocol, pieces);
  } catch {
    // Whatever it is, the reference finds it too and says what it is.
  }
  if (read === undefined) {
    clearTimeout(timer);
    return reference.handOn(request, response, correlationId, pieces);
  }
  try {
    const call = { caller: caller!, signal: leaving.signal, deadlineMs, correlationId };
    const bytes = await method.answer(read.ask, call);
    // The caller may have gone, or its deadline passed, while the answer was on its way.
    leaving.signal.throwIfAborted();
    answered = true;
    await write(visit, bytes, parts.compressBytesMin);
    parts.metrics.calls.inc({ method: method.name, code: "ok" });
    log.debug({ method: method.name, code: "ok", correlationId }, "call");
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    answered = true;
    const refusal = refusalOfCall(error, leaving.signal, log, correlationId);
    reference.refuse(request, response, correlationId, refusal);
  }
}

/** The protocol of a call without anything that takes more than its bytes; undefined for every other call. */
function plainProtocol({ headers, httpVersionMajor }: Request): Protocol | undefined {
  switch (headers["content-type"]) {
    case "application/grpc":
    case "application/grpc+proto":
      return httpVersionMajor === 2 && isIdentity(headers["grpc-encoding"]) ? "grpc" : undefined;
    case "application/proto":
      return isIdentity(headers["content-encoding"]) ? "connect" : undefined;
    default:
      return undefined;
  }
}

function isIdentity(encoding: string | string[] | undefined): boolean {
  return encoding === undefined || encoding === "identity";
}

/** How long the caller waits, Infinity where it does not say; undefined where it says it in a way that is wrong. */
function timeoutOf({ headers }: Request, protocol: Protocol): number | undefined {
  const told = headers[protocol === "grpc" ? "grpc-timeout" : "connect-timeout-ms"];
  if (told === undefined) return Number.POSITIVE_INFINITY;
  if (typeof told !== "string") return undefined;
  const read = protocol === "grpc" ? /^(\d{1,8})([HMSmun])$/.exec(told) : /^(\d{1,10})$/.exec(told);
  if (read === null) return undefined;
  const milliseconds = Number(read[1]) * TIMEOUT_MS[(read[2] ?? "m") as keyof typeof TIMEOUT_MS];
  return milliseconds <= TIMER_MS_MAX ? milliseconds : undefined;
}

/** What is asked for; undefined, or an error, when the bytes are not those of one message that follows its rules. */
function readMessage<Ask>(method: FastMethod<Ask>, protocol: Protocol, pieces: readonly Buffer[]) {
  const whole = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  const bytes = protocol === "grpc" ? unwrap(whole) : whole;
  return bytes && { ask: method.read(bytes) };
}

function unwrap(body: Buffer): Buffer | undefined {
  if (body.byteLength < ENVELOPE_BYTES || body[0] !== 0) return undefined;
  return body.readUInt32BE(1) === body.byteLength - ENVELOPE_BYTES
    ? body.subarray(ENVELOPE_BYTES)
    : undefined;
}

async function write({ protocol, request, response }: Visit, plain: Buffer, compressBytesMin: number) {
  const [accepts, says] =
    protocol === "grpc"
      ? (["grpc-accept-encoding", "grpc-encoding"] as const)
      : (["accept-encoding", "content-encoding"] as const);
  const compress = plain.byteLength >= compressBytesMin && /\bgzip\b/.test(String(request.headers[accepts]));
  const bytes = compress ? await promisify(gzip)(plain) : plain;
  if (compress) response.setHeader(says, "gzip");
  if (protocol === "connect") {
    response.setHeader("content-type", "application/proto");
    response.setHeader("content-length", bytes.byteLength);
    return endWith(response, bytes);
  }
  response.setHeader("content-type", "application/grpc+proto");
  response.addTrailers({ "grpc-status": "0" });
  const framed = Buffer.allocUnsafe(ENVELOPE_BYTES + bytes.byteLength);
  framed[0] = compress ? COMPRESSED : 0;
  framed.writeUInt32BE(bytes.byteLength, 1);
  framed.set(bytes, ENVELOPE_BYTES);
  endWith(response, framed);
}
