import { connect } from "node:http2";
import { gzipSync } from "node:zlib";
import { fromBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import { OPERATOR_TOKEN, refusalOf, type Service, startService } from "../support/service.ts";

/** Messages that no client of ours would send: each is refused with the contract's code and reason. */

const PATH = "/codeactions.v1.CodeService/GetCode";

let service: Service;

beforeAll(async () => {
  service = await startService({ CODEACTIONS_BLANK_WORKERS: "0" });
});

afterAll(() => service?.[Symbol.asyncDispose]());

async function post(
  type: string,
  body: string | Uint8Array<ArrayBuffer> | ArrayBuffer,
  headers: Record<string, string> = {},
) {
  return fetch(`${service.url}${PATH}`, {
    method: "POST",
    headers: { authorization: `Bearer ${OPERATOR_TOKEN}`, "content-type": type, ...headers },
    body,
  });
}

test.each([
  ["JSON that is none", "application/json", "{", "MALFORMED"],
  ["JSON with a field of the wrong type", "application/json", '{"codeId": 7}', "MALFORMED"],
  ["protobuf that is none", "application/proto", new Uint8Array([0xff, 0xff, 0xff]), "MALFORMED"],
  [
    "a message above 4 MiB",
    "application/json",
    JSON.stringify({ codeId: "x".repeat(5e6) }),
    "MESSAGE_TOO_LARGE",
  ],
])("Connect: %s", async (_, type, body, reason) => {
  const answer = await post(type, body);
  const error = (await answer.json()) as {
    details: { type: string; debug: { reason: string; domain: string } }[];
  };
  expect(error.details[0]).toMatchObject({
    type: "google.rpc.ErrorInfo",
    debug: { reason, domain: "codeactions" },
  });
});

test("Connect: another content type is 415, another method 405", async () => {
  expect((await post("text/plain", "hello")).status).toBe(415);
  const put = await fetch(`${service.url}${PATH}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
  });
  expect(put.status).toBe(405);
});

test("Connect: a body that grows beyond the limit when it is unpacked is refused", async () => {
  const packed = await new Response(
    new Blob(["x".repeat(50e6)]).stream().pipeThrough(new CompressionStream("gzip")),
  ).arrayBuffer();
  const answer = await post("application/json", packed, { "content-encoding": "gzip" });
  expect(await answer.json()).toMatchObject({ code: "resource_exhausted" });
});

test.each([
  ["protobuf that is none", Buffer.from([0, 0, 0, 0, 3, 0xff, 0xff, 0xff]), "3", "MALFORMED"],
  ["half a frame", Buffer.from([0, 0, 0, 0, 9, 1]), "3", "MALFORMED"],
  ["a frame that announces 1 GiB", Buffer.from([0, 0x40, 0, 0, 0, 1]), "8", "MESSAGE_TOO_LARGE"],
])("gRPC: %s", async (_, body, status, reason) => {
  const session = connect(service.url);
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": PATH,
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer ${OPERATOR_TOKEN}`,
    });
    stream.end(body);
    const seen: Record<string, unknown> = {};
    stream.on("response", (headers) => Object.assign(seen, headers));
    stream.on("trailers", (headers) => Object.assign(seen, headers));
    for await (const _ of stream);
    const details = fromBinary(
      StatusSchema,
      Buffer.from(String(seen["grpc-status-details-bin"]), "base64"),
    ).details;
    expect(seen["grpc-status"]).toBe(status);
    expect(fromBinary(ErrorInfoSchema, details[0]!.value).reason).toBe(reason);
  } finally {
    session.close();
  }
});

const MIB = 1024 * 1024;
/** A quarter of a megabyte that would be 256. */
const BOMB = gzipSync(Buffer.alloc(256 * MIB, " "));

test("a message that is small only while it is compressed is refused before it is large", async () => {
  const before = process.memoryUsage().rss;
  const unary = await post("application/json", new Uint8Array(BOMB), { "content-encoding": "gzip" });
  expect(await unary.json()).toMatchObject({ code: "resource_exhausted" });
  const session = connect(service.url);
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": PATH,
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-encoding": "gzip",
      authorization: `Bearer ${OPERATOR_TOKEN}`,
    });
    const head = Buffer.alloc(5);
    head.writeUInt8(1, 0);
    head.writeUInt32BE(BOMB.byteLength, 1);
    stream.end(Buffer.concat([head, BOMB]));
    const seen: Record<string, unknown> = {};
    for (const event of ["response", "trailers"] as const)
      stream.on(event, (headers: object) => Object.assign(seen, headers));
    for await (const _ of stream);
    expect(seen["grpc-status"]).toBe("8");
  } finally {
    session.close();
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(128 * MIB);
});

test("gRPC-Web: a message above 4 MiB", async () => {
  const { codes } = service.clients("grpc-web");
  expect(await refusalOf(codes.getCode({ codeId: "x".repeat(5e6) }))).toMatchObject({
    code: "ResourceExhausted",
    reason: "MESSAGE_TOO_LARGE",
  });
});
