import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.ts";
import { type RpcDoor, rpcDoor } from "../../src/api/rpc.ts";
import { openServer, type Server } from "../../src/api/server.ts";
import { Metrics } from "../../src/core/metrics.ts";
import { PROTOCOLS, transportFor } from "../support/service.ts";
import { silent } from "../support/silent-log.ts";

/** Longer than a test may take: a drain that waits for its grace fails. */
const NEVER_MS = 600_000;

let server: Server;
let rpc: RpcDoor;
let url: string;

beforeEach(async () => {
  // Only the health is called here: the other services need no handlers.
  rpc = rpcDoor({
    log: silent,
    metrics: new Metrics(),
    runs: {} as never,
    projects: {} as never,
    handlers: { codes: {}, runs: {}, logs: {}, projects: {} } as never,
  });
  server = await openServer({
    host: "127.0.0.1",
    port: 0,
    tls: undefined,
    connectionsMax: 100,
    corsOrigins: [],
    log: silent,
    doors: [rpc.door],
  });
  url = `http://127.0.0.1:${server.port}`;
});

afterEach(() => server[Symbol.asyncDispose]());

describe.each(PROTOCOLS)("over %s", (protocol) => {
  test("every served name is listed with its status", async () => {
    const { statuses } = await createClient(Health, transportFor(protocol, url, undefined)).list({});
    expect(Object.keys(statuses)).toEqual(expect.arrayContaining(["", "codeactions.v1.RunnerService"]));
    expect(Object.values(statuses).every(({ status }) => status === Status.SERVING)).toBe(true);
  });

  test("whoever watches hears the status at once, then of the shutdown, and then is let go", async () => {
    const health = createClient(Health, transportFor(protocol, url, undefined));
    const seen: Status[] = [];
    const watch = async () => {
      for await (const { status } of health.watch({})) {
        seen.push(status);
        if (status === Status.SERVING) rpc.drain();
      }
    };
    const error = await watch().catch((reason: unknown) => reason);
    expect(seen).toEqual([Status.SERVING, Status.NOT_SERVING]);
    expect(ConnectError.from(error).code).toBe(Code.Unavailable);
  });

  test("a name nobody serves can be watched, and is unknown", async () => {
    const health = createClient(Health, transportFor(protocol, url, undefined));
    const stop = new AbortController();
    const statuses = health.watch({ service: "nobody" }, { signal: stop.signal })[Symbol.asyncIterator]();
    expect((await statuses.next()).value).toMatchObject({ status: Status.SERVICE_UNKNOWN });
    stop.abort();
    await expect(statuses.next()).rejects.toThrow();
  });

  test("a name of any length is answered, and its connection goes on", async () => {
    const health = createClient(Health, transportFor(protocol, url, undefined));
    const error = await health.check({ service: "x".repeat(1024 * 1024) }).catch((reason: unknown) => reason);
    expect(ConnectError.from(error).code).toBe(Code.NotFound);
    expect(await health.check({})).toMatchObject({ status: Status.SERVING });
  });

  test("a watcher that goes away leaves nothing behind", async () => {
    const health = createClient(Health, transportFor(protocol, url, undefined));
    const stop = new AbortController();
    const statuses = health.watch({}, { signal: stop.signal })[Symbol.asyncIterator]();
    await statuses.next();
    stop.abort();
    await statuses.next().catch(() => undefined);
    await server.drain(NEVER_MS);
  });
});

test("a watcher does not hold up the shutdown", async () => {
  const health = createClient(Health, transportFor("grpc", url, undefined));
  const statuses = health.watch({})[Symbol.asyncIterator]();
  await statuses.next();
  rpc.drain();
  await server.drain(NEVER_MS);
  expect((await statuses.next()).value).toMatchObject({ status: Status.NOT_SERVING });
  await expect(statuses.next()).rejects.toThrow("shutting down");
});
