import type { ClientHttp2Stream } from "node:http2";
import type { SecureContextOptions } from "node:tls";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { type CodeActions, clientOver } from "./client.ts";
import { MESSAGE_BYTES_MAX, readSettings, type Settings } from "./settings.ts";

/** Settings of a client on Node. */
export interface NodeSettings extends Settings {
  /** What to speak over the one HTTP/2 connection. gRPC if absent. */
  readonly protocol?: "grpc" | "connect" | "grpc-web" | undefined;
  /** Certificates for TLS: `ca` for an authority of one's own, `cert` and `key` to show one. */
  readonly tls?: Pick<SecureContextOptions, "ca" | "cert" | "key"> | undefined;
}

/** A connection is asked for a sign of life this often while calls are under way, and dropped if it gives none. */
const KEEPALIVE = { pingIntervalMs: 20_000, pingTimeoutMs: 10_000 };

/** A client for Node 22 or newer, over one HTTP/2 connection that is kept alive, and made anew when it breaks. */
export function createCodeActions(settings: NodeSettings = {}): CodeActions {
  const ready = readSettings(settings);
  if (settings.transport !== undefined) return clientOver(settings.transport, ready);
  const sessionManager = new SessionManager(ready.address, KEEPALIVE, settings.tls);
  const options = {
    baseUrl: ready.address,
    sessionManager,
    readMaxBytes: MESSAGE_BYTES_MAX,
    writeMaxBytes: MESSAGE_BYTES_MAX,
    // Compression costs the service several times what it costs to send an answer as it is.
    acceptCompression: [],
  };
  const create = {
    grpc: createGrpcTransport,
    connect: createConnectTransport,
    "grpc-web": createGrpcWebTransport,
  }[settings.protocol ?? "grpc"];
  return clientOver(create({ ...options, httpVersion: "2" }), ready, () => sessionManager.abort());
}

/**
 * A session tells that it failed after its streams have. When its manager was closed in between, nobody listens any
 * more, and an error without a listener ends the process.
 */
class SessionManager extends Http2SessionManager {
  override async request(...request: Parameters<Http2SessionManager["request"]>): Promise<ClientHttp2Stream> {
    const stream = await super.request(...request);
    const { session } = stream;
    if (session?.listeners("error").includes(ignore) === false) session.on("error", ignore);
    return stream;
  }
}

function ignore(): void {}

export * from "./index.ts";
