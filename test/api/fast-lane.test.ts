import { once } from "node:events";
import { request as requestHttp1 } from "node:http";
import { connect } from "node:http2";
import { gunzipSync, gzipSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";
import { RunCodeRequestSchema, RunCodeResponseSchema } from "../../gen/codeactions/v1/runner_service_pb.ts";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import { newCode, newProject, OPERATOR_TOKEN, type Service, startService } from "../support/service.ts";

/**
 * Plain calls of RunCode take a short way past the library that speaks the protocols. Every case is played through
 * both ways, and what a caller sees of them has to be the same. A content type in capitals means the same to every
 * client, and is too much for the short way.
 */

const PATH = "/codeactions.v1.RunnerService/RunCode";
const PATIENCE = { timeout: 30_000 };
const UNKNOWN = "01900000-0000-7000-8000-000000000000";
const SOURCE = `import time
def Run(engine):
    what = engine.request.query.get("what", [""])[0]
    if what == "raise": raise ValueError("as asked")
    if what == "sleep": time.sleep(30)
    if what == "much": return engine.result.set("x" * 100_000)
    print("a line")
    engine.result.set(engine.raw_body, 201, "application/x-echo", headers={"X-Answer": "yes"})
`;

interface Case {
  readonly what: string;
  readonly message: () => Uint8Array;
  readonly headers?: Record<string, string>;
  /** Makes something else of the framed message. */
  readonly spoil?: (framed: Buffer) => Buffer;
}

let service: Service;
let codeId: string;

beforeAll(async () => {
  service = await startService({ CODEACTIONS_GO: "/nonexistent/go" });
  const clients = service.clients();
  codeId = (await newCode(clients, await newProject(clients), SOURCE)).id;
});

afterAll(() => service?.[Symbol.asyncDispose]());

const CASES: Case[] = [
  { what: "a run that succeeds", message: () => ask("", Buffer.from([0, 1, 2, 255])) },
  { what: "a run without a body", message: () => ask("") },
  { what: "a body at its limit", message: () => ask("", Buffer.alloc(3 * 1024 * 1024, "b")) },
  { what: "a run that fails", message: () => ask("raise") },
  { what: "a run whose answer is long", message: () => ask("much") },
  {
    what: "a long answer to a client that takes it compressed",
    message: () => ask("much"),
    headers: { "accept-encoding": "gzip", "grpc-accept-encoding": "identity,gzip" },
  },
  { what: "a deadline that is kept", message: () => ask(""), headers: timeouts("30000", "30S") },
  { what: "a deadline that passes", message: () => ask("sleep"), headers: timeouts("300", "300m") },
  { what: "a deadline that is none", message: () => ask(""), headers: timeouts("soon", "soon") },
  { what: "a code that there is not", message: () => request(UNKNOWN) },
  { what: "an id that is none", message: () => request("none") },
  { what: "a body above its limit", message: () => ask("", Buffer.alloc(3 * 1024 * 1024 + 1)) },
  { what: "a message above its limit", message: () => ask("", Buffer.alloc(5 * 1024 * 1024)) },
  { what: "no token", message: () => ask(""), headers: { authorization: "" } },
  { what: "a wrong token", message: () => ask(""), headers: { authorization: "Bearer wrong" } },
  { what: "something else than a token", message: () => ask(""), headers: { authorization: "Basic YTpi" } },
  { what: "bytes that are no message", message: () => Buffer.from([0xff, 0xff, 0xff]) },
  { what: "a message that ends early", message: () => ask(""), spoil: (framed) => framed.subarray(0, -3) },
  { what: "no message at all", message: () => ask(""), spoil: () => Buffer.alloc(0) },
  { what: "two messages", message: () => ask(""), spoil: (framed) => Buffer.concat([framed, framed]) },
  {
    what: "a compressed message",
    message: () => gzipSync(ask("")),
    headers: { "content-encoding": "gzip", "grpc-encoding": "gzip" },
    spoil: (framed) => (framed[0] === 0 ? Buffer.concat([Buffer.from([1]), framed.subarray(1)]) : framed),
  },
  {
    what: "a compression that there is not",
    message: () => ask(""),
    headers: { "content-encoding": "none-such", "grpc-encoding": "none-such" },
  },
];

describe.each(["gRPC", "Connect over HTTP/1.1", "Connect over HTTP/2"] as const)("%s", (way) => {
  test.for(CASES)("$what is answered the same either way", async ({ message, headers, spoil }) => {
    const bytes = message();
    const framed = way === "gRPC" ? envelope(bytes) : Buffer.from(bytes);
    const body = spoil?.(framed) ?? framed;
    const type = way === "gRPC" ? "application/grpc+proto" : "application/proto";
    const call = { authorization: `Bearer ${OPERATOR_TOKEN}`, "content-type": type, ...headers };
    const send = way === "Connect over HTTP/1.1" ? overHttp1 : overHttp2;
    const short = await send(call, body);
    const long = await send({ ...call, "content-type": type.toUpperCase() }, body);
    expect(short).toEqual(long);
    expect(short.told).not.toBe("");
  });
});

test("a run ends with its caller, who hung up on the short way", async () => {
  const session = connect(service.url);
  const stream = session.request({
    ":method": "POST",
    ":path": PATH,
    "content-type": "application/grpc",
    authorization: `Bearer ${OPERATOR_TOKEN}`,
  });
  stream.on("error", () => {});
  stream.end(envelope(ask("sleep")));
  const { runs } = service.clients();
  const scope = { case: "codeId", value: codeId } as const;
  const running = async () => (await runs.listRuns({ scope, statuses: [RunStatus.RUNNING] })).runs[0]?.id;
  await expect.poll(running, PATIENCE).toBeDefined();
  const runId = (await running())!;
  session.destroy();
  const status = async () => (await runs.getRun({ runId })).run?.status;
  await expect.poll(status, PATIENCE).toBe(RunStatus.CANCELLED);
});

function request(id: string, what = "", body: Uint8Array = new Uint8Array()): Uint8Array {
  const input = { body, query: [{ name: "what", value: what }] };
  return toBinary(RunCodeRequestSchema, create(RunCodeRequestSchema, { codeId: id, input }));
}

function ask(what: string, body?: Uint8Array): Uint8Array {
  return request(codeId, what, body);
}

function timeouts(connectTimeout: string, grpcTimeout: string): Record<string, string> {
  return { "connect-timeout-ms": connectTimeout, "grpc-timeout": grpcTimeout };
}

function envelope(message: Uint8Array): Buffer {
  const framed = Buffer.concat([Buffer.alloc(5), message]);
  framed.writeUInt32BE(message.byteLength, 1);
  return framed;
}

/** What a caller sees of an answer, without what differs between any two runs. */
interface Seen {
  readonly status: unknown;
  readonly headers: Record<string, unknown>;
  readonly told: unknown;
}

async function overHttp2(headers: Record<string, string>, body: Buffer): Promise<Seen> {
  const session = connect(service.url);
  try {
    const stream = session.request({ ":method": "POST", ":path": PATH, te: "trailers", ...headers });
    const seen: Record<string, unknown> = {};
    for (const event of ["response", "trailers"] as const)
      stream.on(event, (received: object) => Object.assign(seen, received));
    stream.end(body);
    const pieces: Buffer[] = [];
    for await (const piece of stream) pieces.push(piece as Buffer);
    return seenOf(seen[":status"], seen, Buffer.concat(pieces));
  } finally {
    session.close();
  }
}

async function overHttp1(headers: Record<string, string>, body: Buffer): Promise<Seen> {
  const call = requestHttp1(`${service.url}${PATH}`, { method: "POST", headers, agent: false });
  // A body that is refused before its end may not be taken to its end.
  call.on("error", () => {});
  call.end(body);
  const [answer] = await once(call, "response");
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece as Buffer);
  return seenOf(answer.statusCode, answer.headers, Buffer.concat(pieces));
}

function seenOf(status: unknown, all: Record<string, unknown>, body: Buffer): Seen {
  const headers = Object.fromEntries(Object.entries(all).filter(([name]) => !ITS_OWN.has(name)));
  const details = headers["grpc-status-details-bin"];
  if (details !== undefined)
    headers["grpc-status-details-bin"] = fromBinary(StatusSchema, Buffer.from(String(details), "base64"));
  return { status, headers, told: toldBy(headers, body) };
}

/** They differ from call to call, or are the connection's. */
const ITS_OWN = new Set([
  "date",
  "x-request-id",
  "content-length",
  "transfer-encoding",
  "connection",
  "keep-alive",
]);

function toldBy(headers: Record<string, unknown>, body: Buffer): unknown {
  const type = String(headers["content-type"]);
  if (type === "application/json") return JSON.parse(body.toString());
  if (type.startsWith("application/grpc")) {
    if (body.byteLength === 0) return headers["grpc-status"];
    const message = body.subarray(5);
    return runIn(body[0] === 1 ? gunzipSync(message) : message);
  }
  if (type === "application/proto")
    return runIn(headers["content-encoding"] === "gzip" ? gunzipSync(body) : body);
  return body.toString();
}

function runIn(message: Uint8Array): unknown {
  const { run } = fromBinary(RunCodeResponseSchema, message);
  const { id, createTime, startTime, endTime, usage, ...same } = run!;
  return {
    ...same,
    logEntries: usage?.logEntries,
    ids: id.length,
    times: [createTime, startTime, endTime].map(Boolean),
  };
}
