import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";

/**
 * The official gRPC client for Node behind Connect's `Transport`, so that one story can be played through it too.
 * Unary calls and server streams; errors keep their code, message and binary details.
 */
export function createGrpcJsTransport(options: {
  address: string;
  token: string | undefined;
}): Transport & Disposable {
  const client = new Client(options.address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": 4 * 1024 * 1024,
  });
  const metadataFor = (header: ConstructorParameters<typeof Headers>[0]) => {
    const metadata = new Metadata();
    if (options.token !== undefined) metadata.set("authorization", `Bearer ${options.token}`);
    for (const [name, value] of new Headers(header)) metadata.set(name, value);
    return metadata;
  };
  return {
    unary(method, signal, timeoutMs, header, input) {
      const { promise, resolve, reject } = Promise.withResolvers<never>();
      const responseHeader = new Headers();
      const call = client.makeUnaryRequest(
        `/${method.parent.typeName}/${method.name}`,
        (message: typeof input) =>
          Buffer.from(toBinary(method.input, create(method.input, message as never))),
        (bytes: Buffer) => fromBinary(method.output, bytes),
        input,
        metadataFor(header),
        deadlineOf(timeoutMs),
        (error, message) => {
          if (error !== null) return reject(toConnectError(error));
          resolve({
            stream: false,
            service: method.parent,
            method,
            header: responseHeader,
            trailer: new Headers(),
            message,
          } as never);
        },
      );
      call.on("metadata", (metadata) => {
        for (const [name, value] of Object.entries(metadata.getMap()))
          responseHeader.set(name, String(value));
      });
      signal?.addEventListener("abort", () => call.cancel(), { once: true });
      return promise;
    },
    async stream(method, signal, timeoutMs, header, input) {
      let first: unknown;
      for await (const message of input) first = message;
      const call = client.makeServerStreamRequest(
        `/${method.parent.typeName}/${method.name}`,
        (message: unknown) => Buffer.from(toBinary(method.input, create(method.input, message as never))),
        (bytes: Buffer) => fromBinary(method.output, bytes),
        first,
        metadataFor(header),
        deadlineOf(timeoutMs),
      );
      signal?.addEventListener("abort", () => call.cancel(), { once: true });
      const messages = (async function* () {
        try {
          yield* call;
        } catch (error) {
          throw toConnectError(error as ServiceError);
        } finally {
          call.cancel();
        }
      })();
      return {
        stream: true,
        service: method.parent,
        method,
        header: new Headers(),
        trailer: new Headers(),
        message: messages,
      } as never;
    },
    [Symbol.dispose]: () => client.close(),
  };
}

function deadlineOf(timeoutMs: number | undefined): { deadline?: number } {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

/** gRPC's numbers are Connect's; the details travel in `grpc-status-details-bin`. */
function toConnectError(error: ServiceError): ConnectError {
  const code = error.code === status.OK ? Code.Unknown : (error.code as unknown as Code);
  const converted = new ConnectError(error.details, code);
  const [binary] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (Buffer.isBuffer(binary)) converted.metadata.set("grpc-status-details-bin", binary.toString("base64"));
  return converted;
}
