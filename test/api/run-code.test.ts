import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RunCodeRequestSchema, RunCodeResponseSchema } from "../../gen/codeactions/v1/runner_service_pb.ts";
import { readPlain, writeRunCode } from "../../src/api/run-code.ts";
import { runMessage } from "../../src/api/run-messages.ts";
import { runAsk } from "../../src/api/runs.ts";
import { RUN_STATUSES, RUN_TRIGGERS, type Run } from "../../src/core/db/entities/runs.ts";
import type { Payload } from "../../src/services/journal-batch.ts";

/** RunCode is read and written past the library for protobuf: whatever comes, it has to be what the library makes of it. */

const RUNS = { numRuns: 500 };
const count = fc.oneof(fc.nat(1000), fc.maxSafeNat());
const text = fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.constant("x".repeat(20_000)));
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.uint8Array({ minLength: 17_000, maxLength: 17_100 }),
);
const date = fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true });
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });

const run: fc.Arbitrary<Run> = fc.record({
  id: fc.uuid(),
  projectId: fc.uuid(),
  codeId: maybe(fc.uuid()),
  version: fc.nat(),
  trigger: fc.constantFrom(...RUN_TRIGGERS),
  status: fc.constantFrom(...RUN_STATUSES),
  attempt: fc.nat(),
  owner: maybe(fc.uuid()),
  createTime: date,
  startTime: maybe(date),
  endTime: maybe(date),
  errorKind: maybe(text),
  errorMessage: maybe(text),
  errorTraceback: maybe(text),
  queueUs: maybe(count),
  startUs: maybe(count),
  wallUs: maybe(count),
  cpuUs: maybe(count),
  peakMemoryBytes: maybe(count),
  logEntries: maybe(count),
  cold: maybe(fc.boolean()),
}) as never;

const result: fc.Arbitrary<NonNullable<Payload["result"]>> = fc.record({
  statusCode: fc.integer({ min: 100, max: 599 }),
  contentType: text,
  headers: fc.array(fc.tuple(text, text), { maxLength: 3 }),
  body: bytes,
});

test("an answer is what the library writes", () => {
  const property = fc.property(run, fc.option(result, { nil: undefined }), (row, found) => {
    const payload = found && {
      method: "",
      path: "",
      query: [],
      headers: [],
      body: new Uint8Array(),
      result: found,
    };
    const view = { run: row, payload };
    const expected = create(RunCodeResponseSchema, {
      run: runMessage(view, { request: false, result: true }),
    });
    expect(writeRunCode(view).equals(toBinary(RunCodeResponseSchema, expected))).toBe(true);
  });
  fc.assert(property, RUNS);
});

test("a request is read as the library reads it, or left to the library", () => {
  const pair = fc.record({ name: fc.string(), value: fc.string() });
  const request = fc.record(
    {
      codeId: fc.oneof(fc.uuid(), fc.string()),
      version: fc.nat(3),
      input: fc.record(
        {
          method: fc.constantFrom("", "GET"),
          path: fc.constantFrom("", "/a"),
          query: fc.array(pair, { maxLength: 1 }),
          headers: fc.array(pair, { maxLength: 1 }),
          body: bytes,
        },
        { requiredKeys: [] },
      ),
      requestId: fc.constantFrom("", "0190a000-0000-7000-8000-000000000000"),
    },
    { requiredKeys: [] },
  );
  let plain = 0;
  const property = fc.property(request, (asked) => {
    const message = create(RunCodeRequestSchema, asked);
    const read = readPlain(Buffer.from(toBinary(RunCodeRequestSchema, message)));
    if (read === undefined) return;
    plain += 1;
    expect(read).toEqual({ ...runAsk(message), input: { ...runAsk(message).input, body: read.input.body } });
    expect(Buffer.compare(read.input.body, message.input?.body ?? new Uint8Array())).toBe(0);
  });
  fc.assert(property, RUNS);
  expect(plain).toBeGreaterThan(10);
});

test("of bytes that are no message nothing is read", () => {
  const codeId = "0190a000-0000-7000-8000-000000000000";
  const whole = Buffer.from(
    toBinary(
      RunCodeRequestSchema,
      create(RunCodeRequestSchema, { codeId, input: { body: new Uint8Array(300) } }),
    ),
  );
  expect(readPlain(whole)).toBeDefined();
  for (let end = 0; end < whole.byteLength; end++) {
    // A message that ends after a whole field is one.
    const isWhole = end === 2 + codeId.length;
    expect(readPlain(whole.subarray(0, end)) !== undefined, `${end}`).toBe(isWhole);
  }
  const property = fc.property(fc.uint8Array({ maxLength: 100 }), (noise) => {
    expect(readPlain(Buffer.from(noise))).toBeUndefined();
    const followed = readPlain(Buffer.concat([whole, noise]));
    if (noise.byteLength > 0) expect(followed).toBeUndefined();
  });
  fc.assert(property, RUNS);
});
