import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttp2Server, type Http2Server } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { CodeActions } from "../src/client.ts";
import { ErrorInfoSchema, RetryInfoSchema } from "../src/gen/google/rpc/error_details_pb.ts";
import { createCodeActions as overGrpcJs } from "../src/grpc-js.ts";
import { createCodeActions as overFetch } from "../src/index.ts";
import { createCodeActions as overNode } from "../src/node.ts";
import type { Settings } from "../src/settings.ts";

/** These tests speak to servers of this process that do what each of them needs: refuse, break off, keep silent. */
export interface Served extends AsyncDisposable {
  readonly address: string;
  /** Breaks every connection there is. */
  cut(): void;
}

/** A package entry, and a server that understands it. */
export interface Way {
  readonly name: string;
  readonly entry: string;
  create(settings: Settings): CodeActions;
  listen(answer: RequestListener): Server | Http2Server;
}

const listenHttp2 = (answer: RequestListener) => createHttp2Server(answer as never);
export const NODE: Way = { name: "/node", entry: "node.ts", create: overNode, listen: listenHttp2 };
export const WAYS: readonly Way[] = [
  { name: "fetch", entry: "index.ts", create: overFetch, listen: createServer },
  NODE,
  { name: "/grpc-js", entry: "grpc-js.ts", create: overGrpcJs, listen: listenHttp2 },
];

/** A server of the contract's methods. */
export function serve(routes: (router: ConnectRouter) => unknown, way: Way = NODE): Promise<Served> {
  const answer = connectNodeAdapter({ routes: (router) => void routes(router) });
  return started(way.listen(answer as RequestListener));
}

/** A server of anything. */
export async function started(server: Server | Http2Server): Promise<Served> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      cut();
      await closed;
    },
  };
}

/** An error as the service answers it. */
export function refusal(code: Code, reason: string, retryAfterMs?: number): ConnectError {
  const error = new ConnectError("as the service says it", code);
  error.details.push({
    desc: ErrorInfoSchema,
    value: create(ErrorInfoSchema, { domain: "codeactions", reason }),
  });
  if (retryAfterMs !== undefined) {
    const retryDelay = durationFromMs(retryAfterMs);
    error.details.push({ desc: RetryInfoSchema, value: create(RetryInfoSchema, { retryDelay }) });
  }
  return error;
}

/** Waits for the end of a call, however it ends: what a handler does that never answers. */
export async function ended(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, "abort");
  throw new ConnectError("the caller is gone", Code.Canceled);
}

/** Everything that an iteration gives. */
export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const seen: Item[] = [];
  for await (const item of items) seen.push(item);
  return seen;
}
