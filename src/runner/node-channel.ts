import { type ChannelCredentials, Client, credentials } from "@grpc/grpc-js";
import { NODE_MESSAGE_BYTES_MAX } from "./node-contract.ts";

/** How a node is reached. */
export interface NodeAddress {
  /** How people call it. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** Over TLS, even where no certificates are set for nodes. */
  readonly tls: boolean;
  /** The name that its certificate is for, where that is not its host. */
  readonly serverName?: string;
}

/** How services and nodes know each other: by a key that they share, by certificates of one authority, or both. */
export interface NodeAccess {
  readonly key: string;
  readonly tls: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer } | undefined;
}

const OPTIONS = {
  // A connection that has died without a word is found by pings, also when nobody watches the node any more.
  "grpc.keepalive_time_ms": 2_000,
  "grpc.keepalive_timeout_ms": 5_000,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
  "grpc.max_receive_message_length": NODE_MESSAGE_BYTES_MAX,
  "grpc.max_send_message_length": NODE_MESSAGE_BYTES_MAX,
  "grpc-node.flow_control_window": 1024 * 1024,
  "grpc.use_local_subchannel_pool": 1,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_http_proxy": 0,
};

/** A channel of the node's own: nothing else shares its connection, which is made when it is needed. */
export function openChannel(address: NodeAddress, access: NodeAccess): Client {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  const named = address.serverName === undefined ? {} : nameOverride(address.serverName);
  const options = { ...OPTIONS, ...named };
  return new Client(`dns:${host}:${address.port}`, credentialsFor(address, access), options);
}

function nameOverride(serverName: string) {
  return { "grpc.ssl_target_name_override": serverName, "grpc.default_authority": serverName };
}

function credentialsFor({ tls }: NodeAddress, access: NodeAccess): ChannelCredentials {
  if (access.tls !== undefined) return credentials.createSsl(access.tls.ca, access.tls.key, access.tls.cert);
  return tls ? credentials.createSsl() : credentials.createInsecure();
}
