import { Code, ConnectError, createContextKey } from "@connectrpc/connect";
import type {
  UniversalHandler,
  UniversalServerRequest,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";

/** Set by the first interceptor: from there on every error is one of ours. */
export const reachedKey = createContextKey(false, { description: "a handler was reached" });
/** The gate refuses with it, whoever is calling: how an error gets into the protocol's own form. */
export const refusedKey = createContextKey<ConnectError | undefined>(undefined, {
  description: "why to refuse",
});

/**
 * What a protocol refuses by itself, before any interceptor (a message that cannot be parsed, or is too large), has a
 * code and a text but none of the contract's details. The answer is looked at before it leaves; such a one is replaced
 * by what the same protocol makes of `typed(error)`.
 */
export async function withTypedRefusals(
  answered: UniversalServerResponse,
  handler: UniversalHandler,
  request: UniversalServerRequest,
  typed: (error: ConnectError) => ConnectError,
): Promise<UniversalServerResponse> {
  const { contextValues: values, header } = request;
  if (values === undefined || values.get(reachedKey) || answered.body === undefined) return answered;
  // gRPC decides while its body is read; headers leave after the first piece of it.
  const pieces = answered.body[Symbol.asyncIterator]();
  const first = await pieces.next();
  const refusal = values.get(reachedKey) ? undefined : readRefusal(answered, first.value);
  if (refusal === undefined || values.get(refusedKey) !== undefined) {
    return { ...answered, body: resumed(first, pieces) };
  }
  values.set(refusedKey, typed(refusal));
  return handler({ ...request, header, body: nothing() });
}

async function* resumed<Piece>(
  first: IteratorResult<Piece>,
  rest: AsyncIterator<Piece>,
): AsyncGenerator<Piece> {
  try {
    for (let next = first; !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** The error in an answer that holds nothing else, in any of the three protocols. */
function readRefusal(
  answered: UniversalServerResponse,
  piece: Uint8Array | undefined,
): ConnectError | undefined {
  const type = answered.header?.get("content-type") ?? "";
  if (type.startsWith("application/grpc-web")) {
    // A frame of trailers, marked by its first bit, and then lines as in a header.
    const isTrailer = piece !== undefined && ((piece[0] ?? 0) & 0x80) !== 0;
    if (!isTrailer) return undefined;
    const lines = Buffer.from(piece.subarray(5)).toString("latin1").split("\r\n");
    const field = (name: string) =>
      lines
        .find((line) => line.toLowerCase().startsWith(`${name}:`))
        ?.slice(name.length + 1)
        .trim();
    return fromGrpc(field("grpc-status"), field("grpc-message"));
  }
  if (type.startsWith("application/grpc")) {
    const field = (name: string) => answered.trailer?.get(name) ?? answered.header?.get(name) ?? undefined;
    return piece === undefined ? fromGrpc(field("grpc-status"), field("grpc-message")) : undefined;
  }
  return answered.status >= 400 && type === "application/json" ? fromJson(piece) : undefined;
}

function fromGrpc(status: string | undefined, message = ""): ConnectError | undefined {
  const code = Number(status ?? 0);
  return code in Code ? new ConnectError(decodeURIComponent(message), code) : undefined;
}

function fromJson(piece: Uint8Array | undefined): ConnectError | undefined {
  if (piece === undefined) return undefined;
  const { code, message } = JSON.parse(Buffer.from(piece).toString("utf8")) as {
    code?: string;
    message?: string;
  };
  const known = Object.entries(Code).find(([name]) => snakeCase(name) === code)?.[1];
  return typeof known === "number" ? new ConnectError(message ?? "", known) : undefined;
}

function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
