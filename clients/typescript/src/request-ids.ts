import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";

/**
 * Gives a creating call a request id of its own where the caller gave none, so that the call can be sent again. Such
 * calls are those that the contract marks idempotent and that take a request id; a run is not one of them, because
 * with a request id it would go on without its caller.
 */
export function withRequestId<Input extends object>(method: DescMethod, input: Input): Input {
  const creates = method.idempotency === Idempotency.IDEMPOTENT && takesRequestId(method);
  return creates && requestIdOf(input) === undefined ? { ...input, requestId: newRequestId() } : input;
}

/** The request id of a message; undefined if it has none. */
export function requestIdOf(input: object): string | undefined {
  return ("requestId" in input && typeof input.requestId === "string" && input.requestId) || undefined;
}

/** A random UUID (version 4). `crypto.randomUUID` is not there for pages that came over plain HTTP. */
export function newRequestId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function takesRequestId(method: DescMethod): boolean {
  return method.input.fields.some(({ name }) => name === "request_id");
}
