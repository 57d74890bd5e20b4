import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect as connectHttp2, createServer as createHttp2Server, type Http2Server } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setInterval } from "node:timers/promises";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import {
  DescribeRequestSchema,
  DescribeResponseSchema,
  type ExecuteRequest,
  ExecuteRequestSchema,
  type ExecuteResponse,
  ExecuteResponseSchema,
  NodeService,
} from "../../gen/codeactions/node/v1/node_service_pb.ts";
import { encode } from "../../src/runner/delivery.ts";
import { type Node, NodeUnreachable } from "../../src/runner/node.ts";
import {
  fromOutcome,
  NODE_MESSAGE_BYTES_MAX,
  PROTOCOL_VERSION,
  toInvocation,
  toProgram,
  toRefused,
} from "../../src/runner/node-contract.ts";
import { RemoteNode } from "../../src/runner/remote-node.ts";
import { NotAccepted } from "../../src/sandbox/program.ts";
import { INVOCATION, MIB, NEVER, program, texts } from "../sandbox/stage.ts";
import { CERTIFICATE, KEY } from "../support/certificate.ts";
import {
  answered,
  beginSleeper,
  connectTo,
  hearOut,
  NODE_KEY,
  type NodeProcess,
  nextWhere,
  run,
  sleeper,
  startNodeProcess,
  until,
} from "../support/nodes.ts";
import { ECHO } from "../support/service.ts";

/** The line to a node in another process: a real one, and ones that misbehave. */

let node: NodeProcess;
let remote: RemoteNode;

beforeAll(async () => {
  node = await startNodeProcess();
  remote = connectTo(node.port);
});

afterAll(async () => {
  remote[Symbol.dispose]();
  await node[Symbol.asyncDispose]();
});

test.each(["python", "javascript", "typescript", "go"] as const)(
  "%s runs on another node as it does on this one: lines in order, result, usage",
  async (language) => {
    if (language === "go") await untilReady(remote, "go");
    const body = Buffer.from([0, 1, 2, 255]);
    const { outcome, lines } = await run(remote, program(language, ECHO[language]), {
      body,
      query: [["q", "ü"]],
    });
    expect(outcome).toMatchObject({
      status: "SUCCEEDED",
      result: { statusCode: 201, contentType: "application/x-echo", body },
      usage: { cold: true },
    });
    expect(Object.fromEntries(outcome.result!.headers)).toEqual({ "X-Method": "POST", "X-Q": "ü" });
    expect(lines.map(({ level, text }) => [level, text])).toEqual([
      ["info", "printed"],
      ["warning", "logged"],
    ]);
  },
  // Go's standard library may have to be compiled first, once on a host.
  240_000,
);

test("bodies of 8 MiB pass, there and back", async () => {
  const body = new Uint8Array(8 * MIB).fill(7);
  const echo = program("python", "def Run(engine): engine.result.set(engine.raw_body, 200, 'a/b')\n");
  const { outcome } = await run(remote, echo, { body });
  expect(outcome.status).toBe("SUCCEEDED");
  expect(Buffer.from(outcome.result!.body).equals(body)).toBe(true);
});

test("a long log comes whole and in order", async () => {
  const source = "def Run(engine):\n    for n in range(20000): print(n, 'x' * 40)\n";
  const { lines } = await run(remote, program("python", source, { outputBytesMax: 4 * MIB }));
  expect(lines.length).toBe(20_000);
  expect(lines.every(({ text }, index) => text.startsWith(`${index} `))).toBe(true);
});

test("a long log of empty lines comes whole to a service that has not kept up", async () => {
  const lines = 1_500_000;
  const source = `import os\ndef Run(engine): os.write(1, b'\\n' * ${lines})\n`;
  const call = rawExecute(node.port);
  call.write({
    step: {
      case: "offer",
      value: {
        protocolVersion: PROTOCOL_VERSION,
        program: toProgram(program("python", source, { outputBytesMax: 4 * MIB })),
        source,
      },
    },
  });
  const [ready] = (await once(call, "data")) as [ExecuteResponse];
  expect(ready.step.case).toBe("ready");
  call.pause();
  call.write({ step: { case: "input", value: toInvocation({ ...INVOCATION, timeoutMs: 60_000 }) } });
  await until(remote, ({ busy }) => busy === 1);
  await until(remote, ({ busy }) => busy === 0);
  let came = 0;
  for await (const { step } of call as AsyncIterable<ExecuteResponse>) {
    if (step.case === "lines") came += step.value.lines.length;
    if (step.case === "outcome") expect(fromOutcome(step.value).status).toBe("SUCCEEDED");
  }
  expect(came).toBe(lines);
});

test("lines come while the run goes on", async () => {
  const source = "def Run(engine):\n    print('begun')\n    import time; time.sleep(600)\n";
  const stop = new AbortController();
  const first = Promise.withResolvers<void>();
  const listener = { accepted() {}, lines: () => first.resolve() };
  const { outcome } = await remote.deliver(program("python", source), INVOCATION, listener, stop.signal);
  await first.promise;
  stop.abort();
  expect((await outcome).status).toBe("CANCELLED");
});

test("a source that has problems fails the run, and a check finds them without running it", async () => {
  const wrong = "def Run(engine:\n";
  const { outcome } = await run(remote, program("python", wrong));
  expect(outcome).toMatchObject({ status: "FAILED", error: { kind: "SyntaxError" } });
  const [problem] = await remote.check("python", wrong, NEVER);
  expect(problem).toMatchObject({ kind: "syntax", line: 1 });
  expect(await remote.check("python", ECHO.python, NEVER)).toEqual([]);
});

test("secrets reach the run they are for and no other, on the same worker", async () => {
  const reads = program("python", "def Run(engine): return engine.secrets.get('S') or 'none'\n");
  const said = async (secrets: Record<string, string>) =>
    Buffer.from((await run(remote, reads, { secrets })).outcome.result!.body).toString();
  expect(await said({ S: "one" })).toBe("one");
  expect(await said({})).toBe("none");
});

test("a run that is given up while it waits has not happened, and the one before it goes on", async () => {
  await using small = await startNodeProcess({ CODEACTIONS_WORKERS_MAX: "1" });
  using line = connectTo(small.port);
  const holder = await beginSleeper(line);
  const stop = new AbortController();
  const accepted = vi.fn();
  const waiting = line.deliver(sleeper(), INVOCATION, { accepted, lines() {} }, stop.signal);
  await until(line, ({ waiting: waits }) => waits === 1);
  stop.abort(new Error("no longer wanted"));
  await expect(waiting).rejects.toThrow("no longer wanted");
  await until(line, ({ waiting: waits }) => waits === 0);
  expect(accepted).not.toHaveBeenCalled();
  expect(await holder.cancel()).toBe("CANCELLED");
});

test("a node that is full says so, and when to come back", async () => {
  await using small = await startNodeProcess({
    CODEACTIONS_WORKERS_MAX: "1",
    CODEACTIONS_WAITERS_MAX: "0",
  });
  using line = connectTo(small.port);
  const holder = await beginSleeper(line);
  await expect(run(line, sleeper())).rejects.toMatchObject({
    name: "NotAccepted",
    why: "full",
    retryAfterMs: 1000,
  });
  expect(await holder.cancel()).toBe("CANCELLED");
});

test("a node ends the runs of a caller that is gone", async () => {
  const line = connectTo(node.port);
  const { outcome } = await beginSleeper(line);
  await until(remote, ({ busy }) => busy === 1);
  line[Symbol.dispose]();
  await outcome;
  await until(remote, ({ busy }) => busy === 0);
});

test("a worker whose input does not come is given back after 5 s", async () => {
  const call = rawExecute(node.port);
  const idle = program("python", "def Run(engine): return 'idle'\n");
  await run(remote, idle);
  const { source, ...known } = toProgram(idle) as ReturnType<typeof toProgram> & { source: string };
  call.write({ step: { case: "offer", value: { protocolVersion: PROTOCOL_VERSION, program: known } } });
  const [ready] = (await once(call, "data")) as [ExecuteResponse];
  expect(ready.step.case).toBe("ready");
  const [refused] = (await once(call, "data")) as [ExecuteResponse];
  expect(refused.step).toMatchObject({
    case: "refused",
    value: { message: "the input did not come within 5 s" },
  });
  const { outcome } = await run(remote, idle);
  expect(outcome.usage.cold).toBe(false);
}, 20_000);

test("an input that is slow to arrive is waited for as long as it arrives", async () => {
  const echo = program("python", "def Run(engine): return engine.raw_body.decode()\n");
  using call = await offerInPieces(node.port, echo);
  const input = framed({
    case: "input",
    value: toInvocation({ ...INVOCATION, body: Buffer.from("slow"), timeoutMs: 60_000 }),
  });
  // Longer than a node waits for an input of which nothing arrives.
  let sent = 0;
  for await (const _ of setInterval(1_500)) {
    call.stream.write(input.subarray(sent, sent + 1));
    sent += 1;
    if (sent === 5) break;
  }
  call.stream.write(input.subarray(sent));
  expect((await call.next()).step.case).toBe("outcome");
}, 30_000);

test("a run that its node takes and cannot begin after all is refused, and not called lost", async () => {
  const other = createHttp2Server(
    connectNodeAdapter({
      routes: (router) =>
        router.service(NodeService, {
          execute: async function* (asked) {
            const steps = asked[Symbol.asyncIterator]();
            await steps.next();
            yield { step: { case: "ready", value: {} } };
            await steps.next();
            yield {
              step: {
                case: "refused",
                value: toRefused(new NotAccepted("full", "its worker has just died")),
              },
            };
          },
        }),
    }),
  );
  await using listening = await listenOn(other);
  using line = connectTo(listening.port);
  const lines = vi.fn();
  const { outcome } = await line.deliver(sleeper(), INVOCATION, { accepted() {}, lines }, NEVER);
  await expect(outcome).rejects.toMatchObject({ why: "full", message: "its worker has just died" });
  expect(lines).not.toHaveBeenCalled();
});

test("a run that is cancelled right behind its input has not begun, and is not called lost", async () => {
  using call = await offerInPieces(node.port, sleeper());
  const input = framed({ case: "input", value: toInvocation(INVOCATION) });
  call.stream.write(Buffer.concat([input, framed({ case: "cancel", value: {} })]));
  expect((await call.next()).step.case).toBe("refused");
});

test("a source is asked for where the node lacks it, and believed only where it has the offered hash", async () => {
  const wanted = program("python", "def Run(engine): return 'wanted'\n");
  const call = rawExecute(node.port);
  const { source, ...known } = toProgram(wanted) as ReturnType<typeof toProgram> & { source: string };
  call.write({ step: { case: "offer", value: { protocolVersion: PROTOCOL_VERSION, program: known } } });
  const [asked] = (await once(call, "data")) as [ExecuteResponse];
  expect(asked.step.case).toBe("needSource");
  call.write({ step: { case: "source", value: { source: "def Run(engine): return 'another'\n" } } });
  const [error] = (await once(call, "error")) as [ServiceError];
  expect(error.details).toBe("the source does not have the offered hash");
});

test("a node that was started anew is given the source again", async () => {
  const settings = { CODEACTIONS_PORT: "" };
  const first = await startNodeProcess();
  using line = connectTo(first.port);
  const kept = program("python", "def Run(engine): return 'kept'\n");
  await run(line, kept);
  await first.end("SIGKILL");
  await using _first = first;
  await using _second = await startNodeProcess({ ...settings, CODEACTIONS_PORT: String(first.port) });
  // The line finds out that the connection broke, and makes another one.
  await answered(line);
  expect((await run(line, kept)).outcome).toMatchObject({ status: "SUCCEEDED", usage: { cold: true } });
});

test("a killed node loses the runs it has and refuses further ones, and their logs say so", async () => {
  await using victim = await startNodeProcess();
  using line = connectTo(victim.port);
  const { outcome, lines } = await beginSleeper(line);
  await victim.end("SIGKILL");
  expect(await outcome).toMatchObject({ status: "LOST", error: { kind: "NodeLost" } });
  expect(lines.at(-1)).toMatchObject({ stream: "system", level: "error" });
  expect(lines.at(-1)?.text).toContain(`127.0.0.1:${victim.port} was lost`);
  const refused = run(line, sleeper());
  await expect(refused).rejects.toBeInstanceOf(NodeUnreachable);
  await expect(refused).rejects.toThrow(`127.0.0.1:${victim.port} cannot be reached`);
});

test("a node that stands still is silent: its watch ends, its runs are LOST, and later it is heard again", async () => {
  await using frozen = await startNodeProcess();
  using line = connectTo(frozen.port);
  const { outcome } = await beginSleeper(line);
  const watched = line.watch(NEVER)[Symbol.asyncIterator]();
  await watched.next();
  frozen.process.kill("SIGSTOP");
  await expect(hearOut(watched)).rejects.toThrow("has not been heard of for 2.5 s");
  expect(await outcome).toMatchObject({ status: "LOST", error: { kind: "NodeLost" } });
  await expect(line.describe(NEVER)).rejects.toBeInstanceOf(NodeUnreachable);
  await expect(run(line, sleeper())).rejects.toBeInstanceOf(NodeUnreachable);
  frozen.process.kill("SIGCONT");
  await answered(line);
  await until(line, ({ busy }) => busy === 0);
}, 30_000);

test("a service that stood still itself does not take its nodes for silent", async () => {
  const running = await beginSleeper(remote);
  const watched = remote.watch(NEVER)[Symbol.asyncIterator]();
  await watched.next();
  // Longer than a node may be silent, and shorter than a service may.
  for (const untilMs = Date.now() + 2_800; Date.now() < untilMs; );
  for (let n = 0; n < 3; n += 1) expect((await watched.next()).value?.busy).toBe(1);
  await watched.return?.(undefined);
  expect(await running.cancel()).toBe("CANCELLED");
});

test("nothing waits for ever for something that takes connections and never answers", async () => {
  await using hole = await listenOn(createServer(() => {}));
  using line = connectTo(hole.port);
  const watched = line.watch(NEVER)[Symbol.asyncIterator]();
  const all = [
    watched.next(),
    line.describe(NEVER),
    line.check("python", "", NEVER),
    run(line, sleeper()),
  ].map((asked) => asked.catch((error: unknown) => error));
  for (const answer of await Promise.all(all)) expect(answer).toBeInstanceOf(NodeUnreachable);
}, 20_000);

test("whoever watches hears at once that a node drains, and it ends once its runs have", async () => {
  const draining = await startNodeProcess();
  await using _ = draining;
  using line = connectTo(draining.port);
  const running = await beginSleeper(line);
  const watched = line.watch(NEVER)[Symbol.asyncIterator]();
  await watched.next();
  const ended = draining.end("SIGTERM");
  const told = await nextWhere(watched, (description) => description.draining);
  expect(told.busy).toBe(1);
  await expect(run(line, sleeper())).rejects.toMatchObject({ name: "NotAccepted", why: "closed" });
  expect(await running.cancel()).toBe("CANCELLED");
  expect(await ended).toBe(0);
  await hearOut(watched).catch(() => {});
});

test("Drain ends a node as a signal does", async () => {
  const draining = await startNodeProcess();
  await using _ = draining;
  const client = new Client(`127.0.0.1:${draining.port}`, credentials.createInsecure());
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  client.makeUnaryRequest(
    "/codeactions.node.v1.NodeService/Drain",
    (bytes: Buffer) => bytes,
    (bytes) => bytes,
    Buffer.from(toBinary(DescribeRequestSchema, create(DescribeRequestSchema, { protocolVersion: 1 }))),
    keyed(NODE_KEY),
    (error) => (error === null ? resolve() : reject(error)),
  );
  await promise;
  expect(await draining.code).toBe(0);
  client.close();
});

test("runs that are left when the grace is over end as LOST, with the node's own words", async () => {
  const draining = await startNodeProcess({ CODEACTIONS_DRAIN_MS: "100" });
  await using _ = draining;
  using line = connectTo(draining.port);
  const { outcome, lines } = await beginSleeper(line);
  const ended = draining.end("SIGTERM");
  expect((await outcome).status).toBe("LOST");
  expect(texts(lines)).toEqual(["begun", "ended because the service is shutting down"]);
  expect(await ended).toBe(0);
});

test("another key is refused, by name", async () => {
  using stranger = connectTo(node.port, "another-key-of-the-tests");
  const message = `127.0.0.1:${node.port} refuses our key; set CODEACTIONS_NODE_KEY to the same on both`;
  const watched = stranger.watch(NEVER)[Symbol.asyncIterator]();
  const answers = await Promise.allSettled([
    stranger.describe(NEVER),
    watched.next(),
    run(stranger, sleeper()),
    stranger.check("python", "", NEVER),
  ]);
  for (const answer of answers)
    expect(answer).toMatchObject({ reason: { name: "NodeUnreachable", refused: true, message } });
});

test("a node is called in its own version of the contract or not at all", async () => {
  const client = new Client(`127.0.0.1:${node.port}`, credentials.createInsecure());
  const { promise, resolve } = Promise.withResolvers<ServiceError | null>();
  client.makeUnaryRequest(
    "/codeactions.node.v1.NodeService/Describe",
    (bytes: Buffer) => bytes,
    (bytes) => fromBinary(DescribeResponseSchema, bytes),
    Buffer.from(toBinary(DescribeRequestSchema, create(DescribeRequestSchema, { protocolVersion: 7 }))),
    keyed(NODE_KEY),
    (error) => resolve(error),
  );
  const error = await promise;
  expect(error?.code).toBe(status.FAILED_PRECONDITION);
  expect(decodeURIComponent(error!.details)).toBe(
    `called in version 7 of the contract between nodes, and this node speaks version ${PROTOCOL_VERSION}; run the same release on both`,
  );
  client.close();
});

test("a node that speaks another version is refused, naming both", async () => {
  const other = createHttp2Server(
    connectNodeAdapter({
      routes: (router) =>
        router.service(NodeService, {
          describe: () => ({ description: { protocolVersion: 7 } }),
          watch: async function* () {
            yield { description: { protocolVersion: 7 } };
          },
        }),
    }),
  );
  await using listening = await listenOn(other);
  using line = connectTo(listening.port);
  const message = `127.0.0.1:${listening.port} speaks version 7 of the contract between nodes, and this service version ${PROTOCOL_VERSION}; run the same release on both`;
  const watched = line.watch(NEVER)[Symbol.asyncIterator]();
  for (const answer of await Promise.allSettled([line.describe(NEVER), watched.next()]))
    expect(answer).toMatchObject({ reason: { name: "NodeUnreachable", refused: true, message } });
});

test("with certificates both sides show theirs: a service without one of the authority is refused, and a node too", async () => {
  const folder = await mkdtemp(join(tmpdir(), "code-actions-certificates-"));
  const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  await Promise.all([writeFile(certificate, CERTIFICATE), writeFile(key, KEY)]);
  const tls = { ca: Buffer.from(CERTIFICATE), cert: Buffer.from(CERTIFICATE), key: Buffer.from(KEY) };
  await using secured = await startNodeProcess({
    CODEACTIONS_NODE_KEY: "",
    CODEACTIONS_NODE_TLS_CA_FILE: certificate,
    CODEACTIONS_NODE_TLS_CERT_FILE: certificate,
    CODEACTIONS_NODE_TLS_KEY_FILE: key,
  });
  await rm(folder, { recursive: true });
  const address = { id: "the node", host: "127.0.0.1", port: secured.port, tls: true };
  using ours = new RemoteNode(address, { key: "", tls });
  const { outcome } = await run(ours, program("python", "def Run(engine): return 'safe'\n"));
  expect(outcome.status).toBe("SUCCEEDED");
  // The name is another one than its address, as where a DNS name stands for many nodes.
  using named = new RemoteNode({ ...address, serverName: "localhost" }, { key: "", tls });
  expect((await named.describe(NEVER)).capacity).toBe(4);
  using misnamed = new RemoteNode({ ...address, serverName: "elsewhere" }, { key: "", tls });
  await expect(misnamed.describe(NEVER)).rejects.toThrow(/the node cannot be reached: .*elsewhere/);
  // Nobody's authority has signed the node's certificate.
  using trusting = new RemoteNode(address, { key: NODE_KEY, tls: undefined });
  await expect(trusting.describe(NEVER)).rejects.toThrow(/the node cannot be reached: .*certificate/);
  const client = new Client(`127.0.0.1:${secured.port}`, credentials.createSsl(tls.ca));
  const refused = once(
    client.makeServerStreamRequest(
      "/codeactions.node.v1.NodeService/Watch",
      (bytes: Buffer) => bytes,
      (bytes) => bytes,
      Buffer.alloc(0),
      keyed(NODE_KEY),
    ),
    "error",
  );
  expect((await refused)[0]).toMatchObject({
    code: status.UNAUTHENTICATED,
    details: "a client certificate that its CA has signed is asked for",
  });
  client.close();
});

test("a node's port has nothing for callers: health, readiness and figures, and the door for services", async () => {
  const { url } = node;
  for (const path of ["/healthz", "/readyz", "/metrics"]) expect((await fetch(url + path)).status).toBe(200);
  expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/codeactions_workers_max 4\n/);
  for (const path of ["/", "/e/demo/hello", "/codeactions.v1.RunnerService/RunCode"])
    expect((await fetch(url + path, { method: "POST" })).status).toBe(404);
});

function untilReady(of: Node, language: string): Promise<void> {
  return until(of, ({ languages }) =>
    languages.some((known) => known.language === language && known.state === "ready"),
  );
}

function keyed(key: string): Metadata {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${key}`);
  return metadata;
}

/** A call of `Execute` by a client that does what it likes. */
function rawExecute(port: number) {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.max_receive_message_length": NODE_MESSAGE_BYTES_MAX,
  });
  return client.makeBidiStreamRequest<
    Parameters<typeof create<typeof ExecuteRequestSchema>>[1],
    ExecuteResponse
  >(
    "/codeactions.node.v1.NodeService/Execute",
    (step) =>
      Buffer.from(toBinary(ExecuteRequestSchema, create(ExecuteRequestSchema, step) as ExecuteRequest)),
    (bytes) => fromBinary(ExecuteResponseSchema, bytes),
    keyed(NODE_KEY),
  );
}

/** A call of `Execute` whose bytes are sent by hand, once a worker waits for the input. */
async function offerInPieces(port: number, offered: ReturnType<typeof program>) {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ":method": "POST",
    ":path": "/codeactions.node.v1.NodeService/Execute",
    "content-type": "application/grpc+proto",
    authorization: `Bearer ${NODE_KEY}`,
  });
  const offer = {
    protocolVersion: PROTOCOL_VERSION,
    program: toProgram(offered),
    source: offered.source,
  };
  stream.write(framed({ case: "offer", value: offer }));
  const next = async () => {
    const [answer] = (await once(stream, "data")) as [Buffer];
    return fromBinary(ExecuteResponseSchema, answer.subarray(5));
  };
  expect((await next()).step.case).toBe("ready");
  return { stream, next, [Symbol.dispose]: () => session.destroy() };
}

/** A step of the caller as it travels. */
function framed(step: Parameters<typeof encode>[0]): Buffer {
  const bytes = encode(step);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.byteLength, 1);
  return Buffer.concat([head, bytes]);
}

async function listenOn(server: Server | Http2Server): Promise<AsyncDisposable & { port: number }> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
