import { execFile } from "node:child_process";
import { once } from "node:events";
import * as http2 from "node:http2";
import { connect } from "node:net";
import { promisify } from "node:util";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { problem } from "../../src/api/http.ts";
import { type RpcDoor, rpcDoor } from "../../src/api/rpc.ts";
import { type Door, openServer, type Server } from "../../src/api/server.ts";
import { Metrics } from "../../src/core/metrics.ts";
import { CERTIFICATE, KEY } from "../support/certificate.ts";
import { PROTOCOLS, transportFor } from "../support/service.ts";
import { silent } from "../support/silent-log.ts";

const run = promisify(execFile);
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
/** A client's word that it opens no more streams, with no error to tell of. */
const GOAWAY = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
/** Longer than a test may take: a drain that waits for its grace fails. */
const NEVER_MS = 600_000;

let server: Server;
let rpc: RpcDoor;
let url: string;
let held: (() => void)[];

/** A door whose answers wait until the test lets them go. */
const slowDoor: Door = (request, response) => {
  if (request.url !== "/slow") return false;
  held.push(() => problem(response, 200, { title: "at last" }));
  return true;
};

const brokenDoor: Door = (request) => {
  if (request.url === "/broken") throw new Error("a fault of ours");
  return false;
};

beforeEach(async () => {
  held = [];
  // Health and reflection are all that is called here: the other services need no handlers.
  rpc = rpcDoor({
    log: silent,
    metrics: new Metrics(),
    runs: {} as never,
    projects: {} as never,
    handlers: { codes: {}, runs: {}, logs: {}, projects: {} } as never,
  });
  server = await open(0);
  url = `http://127.0.0.1:${server.port}`;
});

afterEach(async () => {
  vi.useRealTimers();
  await server[Symbol.asyncDispose]();
});

function open(
  port: number,
  tls?: { cert: Buffer; key: Buffer },
  corsOrigins: readonly string[] = [],
): Promise<Server> {
  return openServer({
    host: "127.0.0.1",
    port,
    tls,
    connectionsMax: 100,
    corsOrigins,
    log: silent,
    doors: [rpc.door, slowDoor, brokenDoor],
  });
}

describe.each(PROTOCOLS)("over %s", (protocol) => {
  test("health tells of the whole and of each service, and not of what is not there", async () => {
    const health = createClient(Health, transportFor(protocol, url, undefined));
    expect(await health.check({})).toMatchObject({ status: Status.SERVING });
    expect(await health.check({ service: "codeactions.v1.RunnerService" })).toMatchObject({
      status: Status.SERVING,
    });
    const error = await health.check({ service: "nobody" }).catch((reason: unknown) => reason);
    expect(ConnectError.from(error).code).toBe(Code.NotFound);
  });

  test("whoever watches the health is told of the shutdown", async () => {
    const health = createClient(Health, transportFor(protocol, url, undefined));
    const stop = new AbortController();
    const seen: Status[] = [];
    try {
      for await (const { status } of health.watch({}, { signal: stop.signal })) {
        seen.push(status);
        if (status === Status.SERVING) rpc.drain();
        else stop.abort();
      }
    } catch {
      // The stream ends with the shutdown, or with our own word, whichever is first.
    }
    expect(seen[0]).toBe(Status.SERVING);
  });

  test("a method that is not there is unimplemented", async () => {
    const elsewhere = { ...Health, typeName: "nobody.v1.Service" } as typeof Health;
    const method = { ...Health.method.check, parent: elsewhere };
    const call = transportFor(protocol, url, undefined).unary(
      method as never,
      undefined,
      undefined,
      undefined,
      create(Health.method.check.input) as never,
    );
    const error = await call.catch((reason: unknown) => reason);
    expect(ConnectError.from(error).code).toBe(Code.Unimplemented);
  });
});

describe.each(PROTOCOLS)("over %s", (protocol) => {
  test("messages that are too large are refused for their size, and hold up nothing", async () => {
    const health = createClient(Health, transportFor(protocol, url, undefined));
    const error = await health
      .check({ service: "x".repeat(5 * 1024 * 1024) })
      .catch((reason: unknown) => reason);
    expect(ConnectError.from(error).code).toBe(Code.ResourceExhausted);
    expect(await health.check({})).toMatchObject({ status: Status.SERVING });
    await server.drain(NEVER_MS);
  });
});

test("over TLS one port speaks both versions of HTTP, and nothing in clear text", async () => {
  await using secure = await open(0, { cert: Buffer.from(CERTIFICATE), key: Buffer.from(KEY) });
  const baseUrl = `https://localhost:${secure.port}`;
  const nodeOptions = { ca: CERTIFICATE };
  const transports = [
    createConnectTransport({ baseUrl, httpVersion: "1.1", nodeOptions }),
    createConnectTransport({ baseUrl, httpVersion: "2", nodeOptions }),
    createGrpcTransport({ baseUrl, nodeOptions }),
    createGrpcWebTransport({ baseUrl, httpVersion: "1.1", nodeOptions }),
  ];
  for (const transport of transports) {
    expect(await createClient(Health, transport).check({})).toMatchObject({ status: Status.SERVING });
  }
  await expect(fetch(`http://localhost:${secure.port}/healthz`)).rejects.toThrow();
});

test("buf curl finds and calls a method with nothing but the address", async () => {
  const buf = (words: string[]) =>
    run("node_modules/.bin/buf", ["curl", "--http2-prior-knowledge", ...words]);
  const { stdout: services } = await buf(["--list-methods", url]);
  expect(services).toContain("codeactions.v1.CodeService/CreateCode");
  for (const protocol of ["grpc", "grpcweb", "connect"]) {
    const { stdout } = await buf(["--protocol", protocol, "-d", "{}", `${url}/grpc.health.v1.Health/Check`]);
    expect(JSON.parse(stdout)).toEqual({ status: "SERVING" });
  }
});

test("reflection describes every file that is asked for, and says what it does not know", async () => {
  const client = createClient(ServerReflection, transportFor("grpc", url, undefined));
  async function* ask() {
    yield { messageRequest: { case: "listServices" as const, value: "" } };
    yield {
      messageRequest: { case: "fileContainingSymbol" as const, value: "codeactions.v1.RunCodeRequest.input" },
    };
    yield { messageRequest: { case: "fileByFilename" as const, value: "google/protobuf/timestamp.proto" } };
    yield {
      messageRequest: {
        case: "fileContainingExtension" as const,
        value: { containingType: "google.protobuf.FieldOptions", extensionNumber: 1159 },
      },
    };
    yield { messageRequest: { case: "fileContainingSymbol" as const, value: "no.such.Thing" } };
  }
  const answers = [];
  for await (const { messageResponse } of client.serverReflectionInfo(ask())) answers.push(messageResponse);
  expect(answers.map((answer) => answer.case)).toEqual([
    "listServicesResponse",
    "fileDescriptorResponse",
    "fileDescriptorResponse",
    "fileDescriptorResponse",
    "errorResponse",
  ]);
});

test("a client that shows its protocol one byte at a time is understood", async () => {
  const socket = connect(server.port, "127.0.0.1");
  await once(socket, "connect");
  socket.setNoDelay(true);
  for (const byte of PREFACE) await new Promise((sent) => socket.write(byte, sent));
  socket.write(EMPTY_SETTINGS);
  const [frame] = (await once(socket, "data")) as [Buffer];
  // An HTTP/2 server begins with its SETTINGS.
  expect(frame[3]).toBe(4);
  socket.destroy();
});

test.each([
  ["garbage", Buffer.from([0xff, 0, 1, 2, 3, 10, 13, 10])],
  ["half a preface and then something else", Buffer.from("PRI * HTTP/2.0\r\nelsewhere\r\n\r\n")],
  ["a TLS greeting", Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3])],
])("%s ends its own connection and no other", async (_, bytes) => {
  const socket = connect(server.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.end(bytes);
  await once(socket.resume(), "close");
  expect((await fetch(`${url}/nothing`)).status).toBe(404);
});

test("a client that says all it has to say and ends its half is still answered", async () => {
  const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.end("GET /nothing HTTP/1.1\r\nHost: here\r\n\r\n");
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString("latin1")).toMatch(/^HTTP\/1\.1 404 /);
  socket.destroy();
});

test("a connection that does not show its protocol is closed", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const socket = connect(server.port, "127.0.0.1");
  socket.write("PR");
  // Connections are accepted in their order: once a later one is answered, this one is waited for.
  const later = connect(server.port, "127.0.0.1");
  later.write("GET /nothing HTTP/1.1\r\nHost: here\r\n\r\n");
  await once(later, "data");
  const closed = once(socket.resume(), "close");
  vi.advanceTimersByTime(60_000);
  await closed;
  later.destroy();
});

test("a session that is over, but whose socket the client keeps open, does no harm", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.write(Buffer.concat([Buffer.from(PREFACE), EMPTY_SETTINGS, GOAWAY]));
  await once(socket.resume(), "end");
  vi.advanceTimersByTime(120_000);
  expect((await fetch(`${url}/nothing`)).status).toBe(404);
  socket.destroy();
});

test.each(["//", "http://["])(
  "the target %s, which is no path, is refused and does no harm",
  async (target) => {
    const socket = connect(server.port, "127.0.0.1");
    socket.write(`GET ${target} HTTP/1.1\r\nHost: here\r\n\r\n`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString("latin1")).toMatch(/^HTTP\/1\.1 400 /);
    socket.destroy();
  },
);

test("over HTTP/2 too a target that is no path is refused", async () => {
  const session = http2.connect(url);
  const [headers] = (await once(session.request({ ":path": "//" }), "response")) as [
    http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader,
  ];
  expect(headers[":status"]).toBe(400);
  session.destroy();
});

test("a fault of ours at a door costs that request only, and does not say what it was", async () => {
  const answer = await fetch(`${url}/broken`, { headers: { "x-request-id": "mine-2" } });
  expect(answer.status).toBe(500);
  const body = await answer.text();
  expect(body).toContain("mine-2");
  expect(body).not.toContain("a fault of ours");
  expect((await fetch(`${url}/nothing`)).status).toBe(404);
});

test("pages of the allowed origins may call, and no cache mixes them up with others", async () => {
  const allowed = "https://console.example";
  await using shared = await open(0, undefined, [allowed]);
  const ask = (headers: Record<string, string>, method = "GET") =>
    fetch(`http://127.0.0.1:${shared.port}/nothing`, { method, headers });
  const preflight = await ask({ origin: allowed, "access-control-request-method": "POST" }, "OPTIONS");
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-headers")).toMatch(
    /Connect-Protocol-Version.*Authorization/,
  );
  const origins: [Record<string, string>, string | null][] = [
    [{ origin: allowed }, allowed],
    [{ origin: "https://elsewhere.example" }, null],
    [{}, null],
  ];
  for (const [headers, expected] of origins) {
    const answer = await ask(headers);
    expect(answer.headers.get("access-control-allow-origin")).toBe(expected);
    expect(answer.headers.get("vary")).toBe("Origin");
  }
});

test("a port in use is named, with the setting that changes it", async () => {
  await expect(open(server.port)).rejects.toThrow(
    new RegExp(`port ${server.port} .* in use.*CODEACTIONS_PORT`),
  );
});

test("draining lets a request that is being answered be answered, and takes no new connection", async () => {
  const answer = fetch(`${url}/slow`);
  await expect.poll(() => held.length).toBe(1);
  const drained = server.drain(60_000);
  await expect(fetch(`${url}/nothing`)).rejects.toThrow();
  held[0]!();
  expect((await answer).status).toBe(200);
  await drained;
});

test("the caller's correlation id comes back, and a missing or wild one is replaced", async () => {
  const idOf = async (headers: Record<string, string>) =>
    (await fetch(`${url}/x`, { headers })).headers.get("x-request-id");
  expect(await idOf({ "x-request-id": "mine-1" })).toBe("mine-1");
  for (const headers of [{}, { "x-request-id": "a b" }, { "x-request-id": "x".repeat(200) }]) {
    const [one, other] = [
      await idOf(headers as Record<string, string>),
      await idOf(headers as Record<string, string>),
    ];
    expect(one).toMatch(/^[0-9a-f]{12}-[0-9a-z]+$/);
    expect(other).not.toBe(one);
  }
});
