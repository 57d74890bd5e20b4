import assert from "node:assert/strict";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { asCodeActionsError } from "../src/errors.ts";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../src/gen/google/rpc/error_details_pb.ts";

function refusal(code: Code, reason: string): ConnectError {
  const error = new ConnectError("as the service says it", code);
  const metadata = { line: "2" };
  const fieldViolations = [{ field: "source", description: "does not parse" }];
  const info = create(ErrorInfoSchema, { domain: "codeactions", reason, metadata });
  const fields = create(BadRequestSchema, { fieldViolations });
  const retry = create(RetryInfoSchema, { retryDelay: durationFromMs(1500) });
  error.details = [
    { type: ErrorInfoSchema.typeName, value: toBinary(ErrorInfoSchema, info) },
    { type: BadRequestSchema.typeName, value: toBinary(BadRequestSchema, fields) },
    { type: RetryInfoSchema.typeName, value: toBinary(RetryInfoSchema, retry) },
    { type: "of.somebody.Else", value: new Uint8Array([1, 2, 3]) },
  ];
  return error;
}

test("a refusal shows its reason, metadata, fields and when to come back", () => {
  const { code, reason, message, metadata, fields, retryAfterMs } = asCodeActionsError(
    refusal(Code.InvalidArgument, "SOURCE_INVALID"),
  );
  assert.deepEqual(
    { code, reason, message, metadata, fields, retryAfterMs },
    {
      code: Code.InvalidArgument,
      reason: "SOURCE_INVALID",
      message: "as the service says it",
      metadata: { line: "2" },
      fields: [{ field: "source", description: "does not parse" }],
      retryAfterMs: 1500,
    },
  );
});

test("a reason that a newer service has is kept as text", () => {
  assert.equal(asCodeActionsError(refusal(Code.Internal, "MOON_IS_FULL")).reason, "MOON_IS_FULL");
});

test("an internal error of the service is not taken for a broken connection", () => {
  assert.equal(asCodeActionsError(refusal(Code.Internal, "INTERNAL")).code, Code.Internal);
});

test("a connection that breaks is UNAVAILABLE, however a transport puts it", () => {
  for (const thrown of [
    new TypeError("Failed to fetch"),
    new ConnectError("read ECONNRESET", Code.Aborted),
    new ConnectError("http/2 stream closed with error code CANCEL (0x8)", Code.Canceled),
    new ConnectError("protocol error: missing status", Code.Internal),
    "missing EndStreamResponse",
  ])
    assert.equal(asCodeActionsError(thrown).code, Code.Unavailable);
});

test("a message that cannot be written is not taken for a broken connection", () => {
  const error = new ConnectError("serialize binary: field name must be text", Code.Internal);
  assert.equal(asCodeActionsError(error).code, Code.Internal);
});

test("a caller's own end is told from a broken connection", () => {
  const gone = new ConnectError("This operation was aborted", Code.Canceled);
  const cancelled = AbortSignal.abort();
  assert.equal(asCodeActionsError(gone, cancelled).reason, "CALL_CANCELLED");
  const late = AbortSignal.abort(new DOMException("too late", "TimeoutError"));
  assert.equal(asCodeActionsError(gone, late).reason, "DEADLINE_EXCEEDED");
});
