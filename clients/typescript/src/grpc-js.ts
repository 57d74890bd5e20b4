import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type CallOptions, Code, ConnectError, type Transport } from "@connectrpc/connect";
import {
  type ChannelCredentials,
  type ClientReadableStream,
  credentials,
  Client as GrpcClient,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { type CodeActions, clientOver } from "./client.ts";
import { StatusSchema } from "./gen/google/rpc/status_pb.ts";
import { MESSAGE_BYTES_MAX, type ReadySettings, readSettings, type Settings } from "./settings.ts";

/** Settings of a client over grpc-js. */
export interface GrpcJsSettings extends Settings {
  /** Credentials of the channel, for an authority or certificates of one's own. By the address if absent. */
  readonly channelCredentials?: ChannelCredentials | undefined;
}

/**
 * A client over `@grpc/grpc-js`, Node's official gRPC: for Node 20, for its load balancing and proxies, and for callers
 * who have it anyway. It takes unary calls and server streams, which is all the contract has.
 */
export function createCodeActions(settings: GrpcJsSettings = {}): CodeActions {
  const ready = readSettings(settings);
  if (settings.transport !== undefined) return clientOver(settings.transport, ready);
  const channel = openChannel(ready, settings.channelCredentials);
  return clientOver(transportOver(channel), ready, () => channel.close());
}

function openChannel(settings: ReadySettings, given: ChannelCredentials | undefined): GrpcClient {
  const { protocol, hostname, port } = new URL(settings.address);
  const isSecure = protocol === "https:";
  const channelCredentials = given ?? (isSecure ? credentials.createSsl() : credentials.createInsecure());
  return new GrpcClient(`${hostname}:${port || (isSecure ? 443 : 80)}`, channelCredentials, {
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

/** grpc-js behind Connect's `Transport`. */
function transportOver(client: GrpcClient): Transport {
  return {
    unary(method, signal, timeoutMs, header, input) {
      return new Promise((resolve, reject) => {
        const received = new Headers();
        const call = client.makeUnaryRequest(
          pathOf(method),
          writer(method.input),
          reader(method.output),
          input,
          metadataFrom(header),
          deadlineIn(timeoutMs),
          (error, message) => {
            signal?.removeEventListener("abort", cancel);
            if (error !== null) return reject(toConnectError(error));
            const { parent: service } = method;
            resolve({
              stream: false,
              service,
              method,
              header: received,
              trailer: new Headers(),
              message: message!,
            });
          },
        );
        const cancel = () => call.cancel();
        call.on("metadata", (metadata: Metadata) => copyHeaders(metadata, received));
        if (signal?.aborted) cancel();
        signal?.addEventListener("abort", cancel, { once: true });
      });
    },
    async stream(method, signal, timeoutMs, header, input) {
      const { value: first } = await input[Symbol.asyncIterator]().next();
      const received = new Headers();
      const call = client.makeServerStreamRequest(
        pathOf(method),
        writer(method.input),
        reader(method.output),
        first,
        metadataFrom(header),
        deadlineIn(timeoutMs),
      );
      call.on("metadata", (metadata: Metadata) => copyHeaders(metadata, received));
      const { parent: service } = method;
      const message = messagesOf(call, signal);
      return { stream: true, service, method, header: received, trailer: new Headers(), message };
    },
  };
}

async function* messagesOf<Message>(
  call: ClientReadableStream<Message>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Message, void, undefined> {
  const cancel = () => call.cancel();
  if (signal?.aborted) cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    yield* call as AsyncIterable<Message>;
  } catch (error) {
    throw toConnectError(error as ServiceError);
  } finally {
    signal?.removeEventListener("abort", cancel);
    cancel();
  }
}

function pathOf(method: { readonly name: string; readonly parent: { readonly typeName: string } }): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function writer<Shape extends DescMessage>(schema: Shape) {
  return (message: MessageInitShape<Shape> | undefined) =>
    Buffer.from(toBinary(schema, create(schema, message)));
}

function reader<Shape extends DescMessage>(schema: Shape) {
  return (bytes: Buffer) => fromBinary(schema, bytes);
}

/** The channel has a user agent of its own, which a call cannot change. */
function metadataFrom(header: CallOptions["headers"]): Metadata {
  const metadata = new Metadata();
  new Headers(header).forEach((value, name) => {
    if (name !== "user-agent") metadata.set(name, value);
  });
  return metadata;
}

function copyHeaders(metadata: Metadata, headers: Headers): void {
  for (const [name, value] of Object.entries(metadata.getMap()))
    if (typeof value === "string") headers.set(name, value);
}

function deadlineIn(timeoutMs: number | undefined): { deadline?: number } {
  return timeoutMs === undefined || timeoutMs <= 0 ? {} : { deadline: Date.now() + timeoutMs };
}

/** gRPC's numbers are Connect's; the details travel in a trailer of their own. */
function toConnectError(error: ServiceError): ConnectError {
  const code = error.code === status.OK ? Code.Unknown : (error.code as unknown as Code);
  const converted = new ConnectError(error.details ?? error.message, code, undefined, undefined, error);
  const [packed] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (!Buffer.isBuffer(packed)) return converted;
  converted.details = fromBinary(StatusSchema, packed).details.map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
    value,
  }));
  return converted;
}

export * from "./index.ts";
