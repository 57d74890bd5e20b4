import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type CallOptions, Code, ConnectError, type Transport } from "@connectrpc/connect";
import {
  type ClientReadableStream,
  type Client as GrpcClient,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { StatusSchema } from "./gen/google/rpc/status_pb.ts";

/** grpc-js behind Connect's `Transport`: unary calls and server streams, which begin when they are read. */
export function transportOver(client: GrpcClient): Transport {
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
            if (error !== null) return reject(toConnectError(error, received));
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
      const start = () =>
        client.makeServerStreamRequest(
          pathOf(method),
          writer(method.input),
          reader(method.output),
          first,
          metadataFrom(header),
          deadlineIn(timeoutMs),
        );
      const { parent: service } = method;
      const message = messagesOf(start, received, signal);
      return { stream: true, service, method, header: received, trailer: new Headers(), message };
    },
  };
}

/** A call that failed while nobody read it would end the process: its error is an event without a listener. */
async function* messagesOf<Message>(
  start: () => ClientReadableStream<Message>,
  received: Headers,
  signal: AbortSignal | undefined,
): AsyncGenerator<Message, void, undefined> {
  const call = start();
  const cancel = () => call.cancel();
  call.on("metadata", (metadata) => copyHeaders(metadata, received));
  if (signal?.aborted) cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    yield* call as AsyncIterable<Message>;
  } catch (error) {
    throw toConnectError(error as Partial<ServiceError>, received);
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

/** gRPC's numbers are Connect's; the details travel in a trailer of their own. What is not of gRPC is `Unknown`. */
export function toConnectError(error: Partial<ServiceError>, received = new Headers()): ConnectError {
  const told = error.details ?? error.message ?? "";
  // grpc-js looks at the status of an answer, and takes a web page of status 200 for a message.
  const type = received.get("content-type") ?? "application/grpc";
  const isForeign = !type.startsWith("application/grpc") && !told.includes("HTTP status code");
  const text = isForeign ? `unsupported content type ${type}` : told;
  const isCode = typeof error.code === "number" && error.code in Code && !isForeign;
  const code = isCode ? (error.code as unknown as Code) : Code.Unknown;
  const converted = new ConnectError(text, code, undefined, undefined, error);
  converted.details = detailsIn(error.metadata);
  return converted;
}

/** What cannot be read counts as not there. */
function detailsIn(trailers: Metadata | undefined): ConnectError["details"] {
  const [packed] = trailers?.get("grpc-status-details-bin") ?? [];
  if (!Buffer.isBuffer(packed)) return [];
  try {
    const { details } = fromBinary(StatusSchema, packed);
    return details.map(({ typeUrl, value }) => ({
      type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
      value,
    }));
  } catch {
    return [];
  }
}
