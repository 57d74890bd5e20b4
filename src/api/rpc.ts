import type { Http2ServerResponse } from "node:http2";
import type { DescService } from "@bufbuild/protobuf";
import {
  Code,
  type ConnectError,
  type ConnectRouter,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type Interceptor,
} from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { CodeService } from "../../gen/codeactions/v1/code_service_pb.ts";
import { LogService } from "../../gen/codeactions/v1/log_service_pb.ts";
import { ProjectService } from "../../gen/codeactions/v1/project_service_pb.ts";
import { RunnerService } from "../../gen/codeactions/v1/runner_service_pb.ts";
import { REASONS, Refusal } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { Metrics } from "../core/metrics.ts";
import type { Projects } from "../services/projects.ts";
import type { Runs } from "../services/runs.ts";
import { authenticate } from "./auth.ts";
import { reachedKey, refusedKey, withTypedRefusals } from "./early-refusal.ts";
import { encodeOnceInterceptor } from "./encode-once.ts";
import { asRefusal, errorInterceptor, toConnectError } from "./errors.ts";
import { fastLane } from "./fast-lane.ts";
import { asServiceImpl, callerKey, correlationKey, type Handlers } from "./handlers.ts";
import { Health, healthRoutes } from "./health.ts";
import { bodyPieces, discardRest, type Request, type Response } from "./http.ts";
import { reflectionRoutes } from "./reflection.ts";
import { fastRunCode } from "./run-code.ts";
import { type Check, contractRules, validationInterceptor } from "./validation.ts";

/** Stock gRPC clients refuse messages above this; so do we. */
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
/** Compressing costs a server several times what sending does, so only what is large is worth it. */
const COMPRESS_BYTES_MIN = 32 * 1024;

interface Parts {
  readonly runs: Runs;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly projects: Projects;
  readonly handlers: {
    readonly codes: Handlers<typeof CodeService>;
    readonly runs: Handlers<typeof RunnerService>;
    readonly logs: Handlers<typeof LogService>;
    readonly projects: Handlers<typeof ProjectService>;
  };
}

export interface RpcDoor {
  /** Answers calls of the RPC protocols; false for every other request. */
  readonly door: (request: Request, response: Response, correlationId: string) => boolean;
  /** Tells health checks that this service is going, and ends streams with a word that says so; calls go on. */
  drain(): void;
}

const SERVICES: readonly DescService[] = [CodeService, RunnerService, LogService, ProjectService];

/** Why a call was refused, for the access log; empty when it was not. */
const reasonKey = createContextKey<string>("", { description: "reason of the refusal" });

/** All services over gRPC, gRPC-Web and Connect, with health and reflection beside them. */
export function rpcDoor(parts: Parts): RpcDoor {
  const stopping = new AbortController();
  const health = new Health(SERVICES.map((service) => service.typeName));
  const check = contractRules();
  const handlers = new Map(
    routes(parts, health, stopping.signal, check).handlers.map((handler) => [handler.requestPath, handler]),
  );
  const lane = fastLane({
    ...parts,
    method: fastRunCode(parts.runs, check),
    messageBytesMax: MESSAGE_BYTES_MAX,
    compressBytesMin: COMPRESS_BYTES_MIN,
    reference: {
      handOn: (request, response, correlationId, pieces) => {
        const body = resumed(pieces, request);
        void answer(parts, handlers.get(request.url!)!, request, response, correlationId, { body });
      },
      refuse: (request, response, correlationId, refusal) => {
        const handler = handlers.get(request.url!)!;
        if (isGrpc(request) && "stream" in response) refuseInHeaders(parts, handler, response, refusal);
        else void answer(parts, handler, request, response, correlationId, { refusal });
      },
    },
  });
  return {
    door: (request, response, correlationId) => {
      if (lane(request, response, correlationId)) return true;
      const path = (request.url ?? "").split("?", 1)[0]!;
      const handler = handlers.get(path);
      if (handler !== undefined) void answer(parts, handler, request, response, correlationId);
      else if (isGrpc(request)) unimplemented(request, response, path);
      else return false;
      return true;
    },
    drain: () => {
      health.drain();
      stopping.abort(
        new Refusal(
          "SHUTTING_DOWN",
          "the service is shutting down; go on from your last cursor",
          {},
          { retryAfterMs: 1_000 },
        ),
      );
    },
  };
}

/** A body of which some pieces have been read already. */
async function* resumed(pieces: readonly Buffer[], request: Request): AsyncGenerator<Buffer> {
  yield* pieces;
  if (!request.readableEnded) yield* bodyPieces(request);
}

function routes(
  { log, projects, handlers }: Parts,
  health: Health,
  stopping: AbortSignal,
  check: Check,
): ConnectRouter {
  const router = createConnectRouter({
    acceptCompression: [compressionGzip, compressionBrotli],
    compressMinBytes: COMPRESS_BYTES_MIN,
    readMaxBytes: MESSAGE_BYTES_MAX,
  });
  const authorized = {
    requestGate: (context: HandlerContext) => admit(context, projects, log),
    interceptors: [rememberReason, errorInterceptor(log), validationInterceptor(check)],
  };
  router.service(CodeService, asServiceImpl(CodeService, handlers.codes, stopping), authorized);
  router.service(RunnerService, asServiceImpl(RunnerService, handlers.runs, stopping), authorized);
  // A tail's messages are the same for all who follow it from the same place.
  const tailed = { ...authorized, interceptors: [encodeOnceInterceptor(), ...authorized.interceptors] };
  router.service(LogService, asServiceImpl(LogService, handlers.logs, stopping), tailed);
  router.service(ProjectService, asServiceImpl(ProjectService, handlers.projects, stopping), authorized);
  healthRoutes(router, health);
  reflectionRoutes(router, SERVICES, stopping);
  return router;
}

/** Finds out who is calling before a byte of the message is read. */
async function admit(context: HandlerContext, projects: Projects, log: Logger): Promise<void> {
  const refused = context.values.get(refusedKey);
  if (refused !== undefined) throw refused;
  try {
    context.values.set(callerKey, await authenticate(projects, context.requestHeader.get("authorization")));
  } catch (error) {
    const refusal = asRefusal(error, log, context.values.get(correlationKey));
    context.values.set(reasonKey, refusal.reason);
    const typed = toConnectError(refusal);
    context.values.set(refusedKey, typed);
    throw typed;
  }
}

const rememberReason: Interceptor = (next) => async (request) => {
  request.contextValues.set(reachedKey, true);
  try {
    return await next(request);
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    request.contextValues.set(reasonKey, cause instanceof Refusal ? cause.reason : "INTERNAL");
    throw error;
  }
};

async function answer(
  { log, metrics }: Parts,
  handler: UniversalHandler,
  request: Request,
  response: Response,
  correlationId: string,
  given: { readonly body?: AsyncIterable<Uint8Array>; readonly refusal?: Refusal } = {},
): Promise<void> {
  const startMs = performance.now();
  const values = createContextValues().set(correlationKey, correlationId);
  const { refusal } = given;
  if (refusal !== undefined) values.set(refusedKey, toConnectError(refusal)).set(reasonKey, refusal.reason);
  const method = `${handler.service.typeName}/${handler.method.name}`;
  let answered: UniversalServerResponse | undefined;
  response.once("finish", () => discardRest(request));
  response.once("close", () => {
    const code = codeOf(values.get(reasonKey), answered);
    metrics.calls.inc({ method, code });
    log.debug(
      { method, code, correlationId, ms: Math.round((performance.now() - startMs) * 10) / 10 },
      "call",
    );
  });
  try {
    const call = universalRequestFromNodeRequest(request, response as never, undefined, values);
    const whole = { ...call, body: given.body ?? bodyPieces(request) };
    const typed = (error: ConnectError) => {
      // No handler was reached: what the protocol calls internal is a message that it cannot read.
      const unread = error.code === Code.Internal ? new Refusal("MALFORMED", error.rawMessage) : error;
      const refusal = asRefusal(unread, log, correlationId);
      values.set(reasonKey, refusal.reason);
      return toConnectError(refusal);
    };
    const first = await handler(whole);
    answered = SERVICES.includes(handler.service)
      ? await withTypedRefusals(first, handler, whole, typed)
      : first;
    await universalResponseToNodeResponse(answered, response as never);
  } catch (error) {
    // The caller is gone: there is nobody left to be told.
    log.debug({ error, method, correlationId }, "a call's answer could not be sent");
    response.destroy();
  }
}

/** What the call came to. What is refused before it reaches a handler can only be read from the answer's frame. */
function codeOf(reason: string, answered: UniversalServerResponse | undefined): string {
  if (reason !== "") return REASONS[reason as keyof typeof REASONS];
  if (answered === undefined) return "canceled";
  const grpcStatus = answered.header?.get("grpc-status") ?? answered.trailer?.get("grpc-status") ?? "0";
  return answered.status === 200 && grpcStatus === "0" ? "ok" : "rejected";
}

function isGrpc(request: Request): boolean {
  return request.headers["content-type"]?.startsWith("application/grpc") ?? false;
}

/**
 * A refusal of gRPC in the headers that end the stream. An overloaded service makes more of them than of anything else,
 * and each must cost less than a run.
 */
function refuseInHeaders(
  { metrics }: Parts,
  { service, method }: UniversalHandler,
  response: Http2ServerResponse,
  refusal: Refusal,
): void {
  const { stream } = response;
  metrics.calls.inc({ method: `${service.typeName}/${method.name}`, code: REASONS[refusal.reason] });
  if (stream.destroyed || stream.headersSent) return;
  const trailer = new Headers();
  setTrailerStatus(trailer, toConnectError(refusal));
  const headers = {
    ":status": 200,
    "content-type": "application/grpc+proto",
    ...response.getHeaders(),
    ...Object.fromEntries(trailer),
  };
  stream.respond(headers, { endStream: true });
}

/** A method that is not in this contract, said the way gRPC clients understand: in the headers that end the stream. */
function unimplemented(request: Request, response: Response, path: string): void {
  request.resume();
  const headers = {
    "content-type": request.headers["content-type"] ?? "application/grpc",
    "grpc-status": "12",
    "grpc-message": encodeURIComponent(`no method answers at ${path}`),
  };
  if ("stream" in response) response.stream.respond({ ":status": 200, ...headers }, { endStream: true });
  else response.writeHead(200, headers).end();
}
