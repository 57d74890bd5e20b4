import { type ChannelCredentials, credentials, Client as GrpcClient } from "@grpc/grpc-js";
import { type CodeActions, clientOver } from "./client.ts";
import { transportOver } from "./grpc-js-transport.ts";
import { MESSAGE_BYTES_MAX, type ReadySettings, readSettings, type Settings } from "./settings.ts";

/** Settings of a client over grpc-js. */
export interface GrpcJsSettings extends Settings {
  /** Credentials of the channel, for an authority or certificates of one's own. By the address if absent. */
  readonly channelCredentials?: ChannelCredentials | undefined;
}

/**
 * A client over `@grpc/grpc-js`, Node's official gRPC: for Node 20, for its load balancing and proxies, and for callers
 * who have it anyway. It takes unary calls and server streams, which is all the contract has. Throws at once when the
 * address has a path: a channel has no place for one.
 */
export function createCodeActions(settings: GrpcJsSettings = {}): CodeActions {
  const ready = readSettings(settings);
  if (settings.transport !== undefined) return clientOver(settings.transport, ready);
  const channel = openChannel(ready, settings.channelCredentials);
  return clientOver(transportOver(channel), ready, () => channel.close());
}

function openChannel(settings: ReadySettings, given: ChannelCredentials | undefined): GrpcClient {
  const { isSecure, target } = parsedAddress(settings.address);
  const channelCredentials = given ?? (isSecure ? credentials.createSsl() : credentials.createInsecure());
  return new GrpcClient(target, channelCredentials, {
    "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
    "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
    "grpc.keepalive_time_ms": 20_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 5_000,
    // What is repeated, and when, is decided in one place for all transports.
    "grpc.enable_retries": 0,
    ...(settings.userAgent === undefined ? {} : { "grpc.primary_user_agent": settings.userAgent }),
  });
}

/** Where the channel leads. The path of a proxy must not be lost silently. */
function parsedAddress(address: string): { isSecure: boolean; target: string } {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isSecure = url?.protocol === "https:";
  if (!(isSecure || url?.protocol === "http:") || `${url.pathname}${url.search}${url.hash}` !== "/")
    throw new Error(
      `the address "${address}" must look like http://127.0.0.1:8050 or https://host, without a path; ` +
        "the other entries of this package take one",
    );
  return { isSecure, target: `${url.hostname}:${url.port || (isSecure ? 443 : 80)}` };
}

export * from "./index.ts";
