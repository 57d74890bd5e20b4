import { validateHeaderName, validateHeaderValue } from "node:http";
import type { Code } from "../core/db/entities/codes.ts";
import type { Logger } from "../core/logger.ts";
import type { Pair } from "../sandbox/program.ts";
import { codeNotFound, requireRole } from "../services/access.ts";
import type { Catalog, Runnable } from "../services/catalog.ts";
import type { RunView } from "../services/live-run.ts";
import { HTTP_BODY_BYTES_MAX, type RunInput } from "../services/new-run.ts";
import type { Projects } from "../services/projects.ts";
import type { Runs } from "../services/runs.ts";
import { authenticate } from "./auth.ts";
import { asRefusal } from "./errors.ts";
import {
  discardRest,
  endWith,
  problem,
  type Request,
  type Response,
  readInto,
  writeRefusal,
} from "./http.ts";
import { type RateLimit, RateLimits, type SharedCounts } from "./rate-limits.ts";

interface Parts {
  readonly catalog: Catalog;
  readonly runs: Runs;
  readonly projects: Projects;
  readonly log: Logger;
  /** The rate limit of a code that has none of its own. */
  readonly rateLimit: RateLimit;
  /** Where calls are counted together with other services; undefined for one that is alone. */
  readonly sharedCounts: SharedCounts | undefined;
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
  const limits = new RateLimits(parts.rateLimit, parts.sharedCounts);
  return (request, response, correlationId) => {
    const url = readTarget(request.url ?? "/");
    const address = addressOf(url.pathname);
    if (address === undefined) {
      if (!isOwnHost(parts, request)) return false;
      // Under the host that codes have to themselves nothing else answers.
      request.resume();
      problem(response, 404, { title: "no code has this address" });
      return true;
    }
    void answer(parts, limits, address, url, request, response, correlationId);
    return true;
  };
}

async function answer(
  parts: Parts,
  limits: RateLimits,
  address: Address,
  url: Target,
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
    const sharedOrigin = !isOwnHost(parts, request);
    writeEnd(response, view, { timeoutStatus, sharedOrigin, head: method === "HEAD" });
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    writeRefusal(response, asRefusal(error, parts.log, correlationId));
  }
}

function isOwnHost({ endpointHost }: Parts, request: Request): boolean {
  if (endpointHost === "") return false;
  const authority = request.headers[":authority"] ?? request.headers.host ?? "";
  return String(authority).replace(/:\d+$/, "").toLowerCase() === endpointHost.toLowerCase();
}

/** What a request is for, its path in its normal form. */
interface Target {
  readonly pathname: string;
  readonly query: readonly Pair[];
}

/** Plain paths, which nearly all targets are, are in their normal form already. */
function readTarget(target: string): Target {
  if (/^(\/[\w-][\w.-]*)+\/?$/.test(target)) return { pathname: target, query: [] };
  const { pathname, searchParams } = new URL(target, "http://any");
  return { pathname, query: [...searchParams] };
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
  url: Target,
  code: Readonly<Code>,
): Promise<RunInput | undefined> {
  const body = await bodyOf(request);
  if (body === undefined) return undefined;
  return {
    method,
    path: url.pathname,
    query: url.query,
    headers: headersFor(request, code),
    body,
  };
}

async function bodyOf(request: Request): Promise<Uint8Array | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > HTTP_BODY_BYTES_MAX) return undefined;
  const pieces: Buffer[] = [];
  const isWhole = await readInto(pieces, request, HTTP_BODY_BYTES_MAX);
  if (request.aborted) throw new DOMException("the caller went away", "AbortError");
  if (!isWhole) return undefined;
  return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
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

function tooLarge(request: Request, response: Response): void {
  response.once("finish", () => discardRest(request));
  problem(response, 413, {
    title: `the body is larger than ${HTTP_BODY_BYTES_MAX} bytes`,
    reason: "MESSAGE_TOO_LARGE",
  });
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
