import {
  type IncomingMessage,
  type ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Code } from "../core/db/entities/codes.ts";
import { Refusal } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { Pair } from "../sandbox/program.ts";
import { codeNotFound, requireRole } from "../services/access.ts";
import type { Catalog, Runnable } from "../services/catalog.ts";
import type { RunView } from "../services/live-run.ts";
import type { Projects } from "../services/projects.ts";
import { HTTP_BODY_BYTES_MAX, type RunInput, type Runs } from "../services/runs.ts";
import { authenticate } from "./auth.ts";
import { asRefusal, httpStatusOf } from "./errors.ts";

export type Request = IncomingMessage | Http2ServerRequest;
export type Response = ServerResponse | Http2ServerResponse;

interface Parts {
  readonly catalog: Catalog;
  readonly runs: Runs;
  readonly projects: Projects;
  readonly log: Logger;
  /** The rate limit of a code that has none of its own. */
  readonly rateLimit: { readonly requests: number; readonly windowMs: number };
  /** A host that only codes answer under; empty when they share one with everything else. */
  readonly endpointHost: string;
}

/** Where a request is addressed to: a code by its id, or by its project's and its own slug. */
type Address = { readonly codeId: string } | { readonly project: string; readonly name: string };

/** Methods that a code cannot be called with: they are about the connection, not about what lies behind it. */
const REFUSED_METHODS = new Set(["CONNECT", "TRACE"]);

/**
 * The public addresses of ENDPOINT codes: any method, query, headers and body go in, the code's status, headers and
 * body come out, and `X-Run-Id` says where to look. Answers with false when the path is not one of these addresses.
 */
export function endpointDoor(
  parts: Parts,
): (request: Request, response: Response, correlationId: string) => boolean {
  const limits = new RateLimits(parts.rateLimit);
  return (request, response, correlationId) => {
    const url = new URL(request.url ?? "/", "http://any");
    const address = addressOf(url.pathname);
    if (address === undefined) return false;
    void answer(parts, limits, address, url, request, response, correlationId);
    return true;
  };
}

async function answer(
  parts: Parts,
  limits: RateLimits,
  address: Address,
  url: URL,
  request: Request,
  response: Response,
  correlationId: string,
): Promise<void> {
  // The older address answers time-outs as it always did.
  const timeoutStatus = "codeId" in address ? 408 : 504;
  try {
    const method = request.method ?? "GET";
    if (REFUSED_METHODS.has(method))
      return problem(response, 405, { title: `${method} cannot reach a code` });
    const runnable = await find(parts.catalog, address);
    await requireAccess(parts.projects, runnable, request);
    await limits.take(runnable.code, response);
    const input = await inputOf(request, method, url, runnable.code);
    if (input === undefined) return tooLarge(request, response);
    const view = await parts.runs.runEndpoint(runnable, input);
    response.setHeader("x-run-id", view.run.id);
    writeEnd(response, view, {
      timeoutStatus,
      sharedOrigin: parts.endpointHost === "",
      head: method === "HEAD",
    });
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    writeRefusal(response, asRefusal(error, parts.log, correlationId));
  }
}

function addressOf(path: string): Address | undefined {
  const byId = /^\/action\/endpoint\/([^/]+)\/?$/.exec(path)?.[1];
  if (byId !== undefined) return { codeId: byId.toLowerCase() };
  const bySlug = /^\/e\/([^/]+)\/([^/]+)\/?$/.exec(path);
  return bySlug === null ? undefined : { project: bySlug[1]!, name: bySlug[2]! };
}

/** The code at an address. One that is called by authenticated callers only is not there at all. */
async function find(catalog: Catalog, address: Address): Promise<Runnable> {
  const codeId = "codeId" in address ? address.codeId : await catalog.codeAt(address.project, address.name);
  if (codeId === undefined || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(codeId))
    throw codeNotFound(codeId ?? "");
  const runnable = await catalog.runnable(codeId, 0);
  if (runnable.code.type !== "ENDPOINT") throw codeNotFound(codeId);
  return runnable;
}

async function requireAccess(projects: Projects, { code }: Runnable, request: Request): Promise<void> {
  if (code.endpointAuth !== "TOKEN") return;
  const caller = await authenticate(projects, request.headers.authorization);
  requireRole(caller, "CONTRIBUTOR", { projectId: code.projectId, notFound: () => codeNotFound(code.id) });
}

/** What the code is given; undefined when the body is larger than this door takes. */
async function inputOf(
  request: Request,
  method: string,
  url: URL,
  code: Readonly<Code>,
): Promise<RunInput | undefined> {
  const body = await bodyOf(request);
  if (body === undefined) return undefined;
  return {
    method,
    path: url.pathname,
    query: [...url.searchParams],
    headers: headersFor(request, code),
    body,
  };
}

async function bodyOf(request: Request): Promise<Uint8Array | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > HTTP_BODY_BYTES_MAX) return undefined;
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of bodyPieces(request)) {
    bytes += piece.byteLength;
    if (bytes > HTTP_BODY_BYTES_MAX) return undefined;
    pieces.push(piece);
  }
  return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces, bytes);
}

/** The caller's headers as the code sees them: all but those of the connection, and but a credential of ours. */
function headersFor(request: Request, code: Readonly<Code>): Pair[] {
  const pairs: Pair[] = [];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index]!;
    const lower = name.toLowerCase();
    if (lower.startsWith(":") || HOP_BY_HOP.has(lower)) continue;
    if (lower === "authorization" && code.endpointAuth === "TOKEN") continue;
    pairs.push([name, request.rawHeaders[index + 1]!]);
  }
  const authority = request.headers[":authority"];
  if (typeof authority === "string" && request.headers.host === undefined) pairs.push(["host", authority]);
  return pairs;
}

interface Manner {
  readonly timeoutStatus: number;
  readonly sharedOrigin: boolean;
  readonly head: boolean;
}

function writeEnd(response: Response, { run, payload }: RunView, manner: Manner): void {
  const result = payload?.result;
  if (run.status === "SUCCEEDED" && result !== undefined) return writeResult(response, result, manner);
  const runId = run.id;
  switch (run.status) {
    case "TIMED_OUT":
      return problem(response, manner.timeoutStatus, { title: "the code used up its time", runId });
    case "OUT_OF_MEMORY":
      return problem(response, 500, { title: "the code used up its memory", runId });
    case "OUTPUT_LIMIT":
      return problem(response, 500, { title: "the code wrote more than it may", runId });
    case "CANCELLED":
      return problem(response, 503, { title: "the run was cancelled", runId });
    case "LOST":
      return problem(response, 503, { title: "the run was lost by the platform; try again", runId });
    default:
      return problem(response, 500, { title: "the code failed; its log says why", runId });
  }
}

type StoredResult = NonNullable<NonNullable<RunView["payload"]>["result"]>;

function writeResult(response: Response, result: StoredResult, manner: Manner): void {
  const refused = result.headers.find(([name, value]) => !isHeader(name, value));
  if (refused !== undefined || !isHeader("content-type", result.contentType)) {
    const name = refused?.[0] ?? "Content-Type";
    return problem(response, 500, {
      title: `the code set a header that HTTP does not allow: ${JSON.stringify(name)}`,
    });
  }
  if (result.statusCode < 200 || result.statusCode > 599) {
    return problem(response, 500, {
      title: `the code answered with the status ${result.statusCode}; HTTP has 200 to 599`,
    });
  }
  const kept = result.headers.filter(
    ([name]) => !HOP_BY_HOP.has(name.toLowerCase()) && !OURS.has(name.toLowerCase()),
  );
  for (const [name, value] of kept) {
    if (manner.sharedOrigin && UNSAFE_ON_A_SHARED_ORIGIN.has(name.toLowerCase())) continue;
    response.appendHeader(name, value);
  }
  if (result.contentType !== "" && !response.hasHeader("content-type"))
    response.setHeader("content-type", result.contentType);
  if (manner.sharedOrigin) {
    // A second policy beside the code's own: browsers hold a page to both.
    response.appendHeader("content-security-policy", "sandbox");
    response.setHeader("x-content-type-options", "nosniff");
  }
  const bodiless = result.statusCode === 204 || result.statusCode === 304;
  if (!bodiless) response.setHeader("content-length", result.body.byteLength);
  response.statusCode = result.statusCode;
  endWith(
    response,
    manner.head || bodiless
      ? undefined
      : Buffer.from(result.body.buffer, result.body.byteOffset, result.body.byteLength),
  );
}

function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

/** Refusals as plain HTTP: problem+json, and what the caller can do about it in headers. */
export function writeRefusal(response: Response, refusal: Refusal): void {
  const { reason, details, message, metadata } = refusal;
  if (details.retryAfterMs !== undefined)
    response.setHeader("retry-after", Math.max(1, Math.ceil(details.retryAfterMs / 1000)));
  const status = httpStatusOf(refusal);
  if (status === 401) response.setHeader("www-authenticate", "Bearer");
  problem(response, status, { title: message, reason, ...(metadata.runId && { runId: metadata.runId }) });
}

function tooLarge(request: Request, response: Response): void {
  response.once("finish", () => discardRest(request));
  problem(response, 413, {
    title: `the body is larger than ${HTTP_BODY_BYTES_MAX} bytes`,
    reason: "MESSAGE_TOO_LARGE",
  });
}

/** The pieces of a body. Whoever stops reading leaves the connection whole, so that the answer can still be sent. */
export function bodyPieces(request: Request): AsyncIterable<Buffer> {
  return {
    [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>,
  };
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
  const timer = setTimeout(() => request.destroy(), DISCARD_MS);
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

function endWith(response: Response, body: Buffer | undefined): void {
  // The two classes overload `end` differently; what is called here is common to both.
  if (body === undefined) response.end();
  else (response as ServerResponse).end(body);
}

/** How often each code's public address is called, in this process. */
class RateLimits {
  readonly #fallback: Parts["rateLimit"];
  /** One limiter per distinct limit; each counts every code by its id. */
  readonly #limiters = new Map<string, RateLimiterMemory>();

  constructor(fallback: Parts["rateLimit"]) {
    this.#fallback = fallback;
  }

  /** Counts a call and tells its caller how many are left; refuses the one too many. */
  async take(code: Readonly<Code>, response: Response): Promise<void> {
    const requests = code.rateLimitRequests ?? this.#fallback.requests;
    const windowMs = code.rateLimitWindowMs ?? this.#fallback.windowMs;
    const state = await this.#limiter(requests, windowMs)
      .consume(code.id)
      .catch((refused: unknown) => refused);
    if (!(state instanceof RateLimiterRes)) throw state;
    response.setHeader("ratelimit-limit", requests);
    response.setHeader("ratelimit-remaining", Math.max(0, state.remainingPoints));
    response.setHeader("ratelimit-reset", Math.ceil(state.msBeforeNext / 1000));
    if (state.consumedPoints <= requests) return;
    throw new Refusal(
      "RATE_LIMITED",
      `this address may be called ${requests} times per ${windowMs / 1000} s; come back later`,
      { codeId: code.id },
      { retryAfterMs: state.msBeforeNext },
    );
  }

  #limiter(requests: number, windowMs: number): RateLimiterMemory {
    const key = `${requests}/${windowMs}`;
    const known = this.#limiters.get(key);
    if (known !== undefined) return known;
    const limiter = new RateLimiterMemory({ points: requests, duration: windowMs / 1000 });
    this.#limiters.set(key, limiter);
    return limiter;
  }
}

const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);
/** Said by the door itself; a code's word on them would be a second, other one. */
const OURS = new Set(["content-length", "x-run-id", "date"]);
/** What a page of a code could do to the other pages of the origin it shares. */
const UNSAFE_ON_A_SHARED_ORIGIN = new Set([
  "set-cookie",
  "service-worker-allowed",
  "clear-site-data",
  "strict-transport-security",
]);
