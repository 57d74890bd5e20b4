import { timingSafeEqual } from "node:crypto";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { setTimeout } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { Code, ConnectError, type ConnectRouter, createConnectRouter } from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import { LRUCache } from "lru-cache";
import {
  ExecuteRequestSchema,
  ExecuteResponseSchema,
  NodeService,
} from "../../gen/codeactions/node/v1/node_service_pb.ts";
import type { Logger } from "../core/logger.ts";
import type { LocalNode } from "../runner/local-node.ts";
import type { NodeDescription } from "../runner/node.ts";
import {
  calledInOtherVersion,
  fromLanguage,
  NODE_MESSAGE_BYTES_MAX,
  PROTOCOL_VERSION,
  toDescription,
  toRefused,
} from "../runner/node-contract.ts";
import { NotAccepted } from "../sandbox/program.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { Execution, type ExecutionParts } from "./execution.ts";
import { GrpcStream } from "./grpc-stream.ts";
import { Health, healthRoutes } from "./health.ts";
import { bodyPieces, type Request, type Response } from "./http.ts";

/** How often a watched node looks at itself, and how long it is silent at most. */
const LOOK_MS = 100;
const HEARTBEAT_MS = 1_000;
const SOURCES_CHARACTERS_MAX = 64 * 1024 * 1024;
const EXECUTE = `/${NodeService.typeName}/${NodeService.method.execute.name}`;

interface Parts {
  readonly sandbox: Sandbox;
  readonly node: LocalNode;
  /** Who may call: who has the key, where there is one; whose certificate was checked, where that is asked for. */
  readonly access: { readonly key: string; readonly certificate: boolean };
  readonly log: Logger;
  /** Called when somebody asks the node to end. */
  readonly drainAsked: () => void;
}

/**
 * A node's door: `codeactions.node.v1` over gRPC for those who may call it, and `grpc.health.v1` for everybody. Who may
 * not is refused before a byte of the body is looked at.
 */
export class NodeDoor {
  readonly #parts: Parts;
  readonly #handlers: ReadonlyMap<string, UniversalHandler>;
  readonly #health = new Health([NodeService.typeName]);
  /** What the header of those says who have the key. */
  readonly #bearer: Buffer;
  readonly #execution: ExecutionParts;
  readonly #drained = new AbortController();
  #draining = false;
  #underWay = 0;
  #idle: (() => void) | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#bearer = Buffer.from(`Bearer ${parts.access.key}`);
    this.#execution = {
      sandbox: parts.sandbox,
      sources: new LRUCache<string, string>({
        maxSize: SOURCES_CHARACTERS_MAX,
        sizeCalculation: (source) => source.length + 1,
      }),
      log: parts.log,
      isDraining: () => this.#draining,
      over: () => this.#ended(),
    };
    const { handlers } = this.#routes();
    this.#handlers = new Map(handlers.map((handler) => [handler.requestPath, handler]));
  }

  /** Answers what is the node's to answer; false for every other request. */
  readonly door = (request: Request, response: Response): boolean => {
    const handler = this.#handlers.get(request.url ?? "");
    if (handler === undefined) return false;
    const why = handler.service === NodeService ? this.#whyNot(request) : undefined;
    if (why !== undefined) refuse(request, response, why);
    else if (request.url === EXECUTE && isPlainGrpc(request))
      this.#execute(request, response as Http2ServerResponse);
    else void this.#answer(handler, request, response);
    return true;
  };

  get draining(): boolean {
    return this.#draining;
  }

  get runsUnderWay(): number {
    return this.#underWay;
  }

  /** Takes no new runs, tells so to all who watch, and waits for those under way; not longer than the grace. */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    this.#health.drain();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle = resolve;
    if (this.#underWay === 0) resolve();
    const grace = new AbortController();
    await Promise.race([promise, setTimeout(graceMs, undefined, { signal: grace.signal }).catch(() => {})]);
    grace.abort();
    this.#drained.abort();
  }

  #routes(): ConnectRouter {
    const router = createConnectRouter({
      grpc: true,
      grpcWeb: false,
      connect: false,
      acceptCompression: [],
      readMaxBytes: NODE_MESSAGE_BYTES_MAX,
      writeMaxBytes: NODE_MESSAGE_BYTES_MAX,
    });
    const { sandbox, node, drainAsked } = this.#parts;
    const describe = async () => ({
      description: toDescription({ ...(await node.describe()), draining: this.#draining }),
    });
    const watch = (signal: AbortSignal) => this.#watch(signal);
    router.service(NodeService, {
      async check({ protocolVersion, language, source }, { signal }) {
        requireOurs(protocolVersion);
        try {
          return { problems: [...(await sandbox.check(fromLanguage(language), source, signal))] };
        } catch (error) {
          if (error instanceof NotAccepted) return { refused: toRefused(error) };
          throw error;
        }
      },
      async describe({ protocolVersion }) {
        requireOurs(protocolVersion);
        return describe();
      },
      async *watch({ protocolVersion }, { signal }) {
        requireOurs(protocolVersion);
        for await (const description of watch(signal)) yield { description: toDescription(description) };
      },
      async drain({ protocolVersion }) {
        requireOurs(protocolVersion);
        drainAsked();
        return {};
      },
    });
    healthRoutes(router, this.#health);
    return router;
  }

  #execute(request: Http2ServerRequest, response: Http2ServerResponse): void {
    this.#underWay += 1;
    new GrpcStream({
      request,
      response,
      ask: ExecuteRequestSchema,
      answer: ExecuteResponseSchema,
      messageBytesMax: NODE_MESSAGE_BYTES_MAX,
      talker: (caller) => new Execution(this.#execution, caller),
    });
  }

  #ended(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#idle?.();
  }

  /** Until the node has drained, so that whoever watches hears of that first. */
  async *#watch(signal: AbortSignal): AsyncGenerator<NodeDescription> {
    const over = AbortSignal.any([signal, this.#drained.signal]);
    let told = "";
    let toldMs = 0;
    for (;;) {
      const isLast = over.aborted;
      const description = { ...(await this.#parts.node.describe()), draining: this.#draining };
      const text = JSON.stringify(description);
      const nowMs = performance.now();
      if (text !== told || nowMs - toldMs >= HEARTBEAT_MS - LOOK_MS) {
        yield description;
        told = text;
        toldMs = nowMs;
      }
      if (isLast) return;
      await setTimeout(LOOK_MS, undefined, { signal: over }).catch(() => {});
    }
  }

  #whyNot(request: Request): string | undefined {
    const { key, certificate } = this.#parts.access;
    if (certificate && !(request.socket as TLSSocket).authorized)
      return "a client certificate that its CA has signed is asked for";
    if (key === "") return undefined;
    const given = Buffer.from(request.headers.authorization ?? "");
    const isOurs = given.byteLength === this.#bearer.byteLength && timingSafeEqual(given, this.#bearer);
    return isOurs ? undefined : "the key is another one";
  }

  async #answer(handler: UniversalHandler, request: Request, response: Response): Promise<void> {
    try {
      const call = universalRequestFromNodeRequest(request, response as never, undefined, undefined);
      const answered = await handler({ ...call, body: bodyPieces(request) });
      await universalResponseToNodeResponse(answered, response as never);
    } catch (error) {
      // The caller is gone: there is nobody left to be told.
      this.#parts.log.debug({ error, method: handler.method.name }, "a call's answer could not be sent");
      response.destroy();
    }
  }
}

/** What `Execute` is called in by services; anything else is for the library to refuse. */
function isPlainGrpc(request: Request): request is Http2ServerRequest {
  const { "content-type": type, "grpc-encoding": encoding = "identity" } = request.headers;
  const isGrpc = type === "application/grpc" || type === "application/grpc+proto";
  return "stream" in request && isGrpc && encoding === "identity";
}

function requireOurs(protocolVersion: number): void {
  if (protocolVersion !== PROTOCOL_VERSION)
    throw new ConnectError(calledInOtherVersion(protocolVersion), Code.FailedPrecondition);
}

/** Said the way gRPC clients understand: in the headers that end the stream. */
function refuse(request: Request, response: Response, why: string): void {
  request.resume();
  const headers = {
    "content-type": "application/grpc",
    "grpc-status": String(Code.Unauthenticated),
    "grpc-message": encodeURIComponent(why),
  };
  if ("stream" in response) response.stream.respond({ ":status": 200, ...headers }, { endStream: true });
  else response.writeHead(200, headers).end();
}
