import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, type HandlerContext } from "@connectrpc/connect";
import { entriesOf } from "../src/client.ts";
import {
  type LogEventSchema,
  LogService,
  type TailLogsRequest,
} from "../src/gen/codeactions/v1/log_service_pb.ts";
import type { RunEventSchema } from "../src/gen/codeactions/v1/run_pb.ts";
import { RunnerService, type WatchPoolResponseSchema } from "../src/gen/codeactions/v1/runner_service_pb.ts";
import { createCodeActions } from "../src/node.ts";
import { all, ended, refusal, type Served, serve } from "./service.ts";

type Event = MessageInitShape<typeof LogEventSchema>;
type Events = AsyncGenerator<Event, void>;

const scope = { case: "runId", value: "some" } as const;
const started: Event = { cursor: "0", event: { case: "started", value: {} } };
const finished: Event = { cursor: "9", event: { case: "ended", value: {} } };
const heartbeat = (cursor: string): Event => ({ cursor, event: { case: "heartbeat", value: {} } });
const batch = (sequence: bigint): Event => ({
  cursor: `${sequence}`,
  event: { case: "batch", value: { entries: [{ sequence }] } },
});

/** A service that answers each tail with the next of these, and notes what it was asked for. */
async function tailed(...answers: ((service: Served, context: HandlerContext) => Events)[]) {
  const asked: (TailLogsRequest["from"]["value"] | undefined)[] = [];
  const service: Served = await serve(({ rpc }) =>
    rpc(LogService.method.tailLogs, async function* ({ from }, context) {
      const answer = answers[asked.push(from.value) - 1];
      if (answer === undefined) throw refusal(Code.NotFound, "RUN_NOT_FOUND");
      for await (const event of answer(service, context)) yield { event };
    }),
  );
  return { service, asked };
}

/** Lets time pass for `performance.now` alone. */
function clock(test: TestContext): (milliseconds: number) => void {
  const now = performance.now.bind(performance);
  let passed = 0;
  test.mock.method(performance, "now", () => now() + passed);
  return (milliseconds) => {
    passed += milliseconds;
  };
}

test("a tail goes on after its last cursor when its connection breaks, and shows everything once", async () => {
  const { service, asked } = await tailed(
    async function* (_, { signal }) {
      yield* [started, batch(1n), heartbeat("2"), batch(3n)];
      await ended(signal);
    },
    async function* () {
      yield* [started, batch(4n), finished];
    },
  );
  await using _ = service;
  using client = createCodeActions({ address: service.address });
  const seen: string[] = [];
  for await (const { cursor, event } of client.tail({ scope, from: { case: "beginning", value: true } })) {
    seen.push(`${event.case} ${cursor}`);
    if (cursor === "3") service.cut();
  }
  assert.deepEqual(seen, ["started 0", "batch 1", "batch 3", "batch 4", "ended 9"]);
  assert.deepEqual(asked, [true, "3"]);
});

test("a stream that ends before its last item is taken up again after a heartbeat too", async () => {
  const { service, asked } = await tailed(
    async function* () {
      yield* [started, batch(1n), heartbeat("5")];
    },
    async function* () {
      yield* [started, finished];
    },
  );
  await using _ = service;
  using client = createCodeActions({ address: service.address });
  await all(client.tail({ scope }));
  assert.deepEqual(asked, [undefined, "5"]);
});

test("a tail of which nothing was seen is asked for again as it was", async () => {
  const { service, asked } = await tailed(
    // biome-ignore lint/correctness/useYield: it breaks before its first item.
    async function* ({ cut }, { signal }) {
      cut();
      await ended(signal);
    },
    async function* () {
      yield* [started, finished];
    },
  );
  await using _ = service;
  using client = createCodeActions({ address: service.address });
  await all(client.tail({ scope, from: { case: "last", value: 7 } }));
  assert.deepEqual(asked, [7, 7]);
});

test("time that the loop spends with an item is not silence", async (t) => {
  const pass = clock(t);
  const { service, asked } = await tailed(
    async function* (_, { signal }) {
      yield* [started, batch(1n)];
      await ended(signal);
    },
    async function* () {
      yield finished;
    },
  );
  await using _ = service;
  using client = createCodeActions({ address: service.address });
  for await (const { event } of client.tail({ scope })) {
    if (event.case !== "batch") continue;
    pass(3_600_000);
    service.cut();
  }
  assert.deepEqual(asked, [undefined, "1"]);
});

test("a stream gives up when nothing was heard of it for too long", async (t) => {
  const pass = clock(t);
  const { service, asked } = await tailed(
    async function* () {
      yield started;
    },
    // biome-ignore lint/correctness/useYield: it breaks before its first item.
    async function* () {
      pass(300_001);
    },
  );
  await using _ = service;
  using client = createCodeActions({ address: service.address });
  await assert.rejects(all(client.tail({ scope })), { code: Code.Unavailable });
  assert.equal(asked.length, 2);
});

test("a connection that is silent for 45 seconds is hung up and made anew", async (t) => {
  const hungUp = Promise.withResolvers<void>();
  const { service, asked } = await tailed(
    async function* (_, { signal }) {
      yield* [started, batch(1n)];
      await once(signal, "abort");
      hungUp.resolve();
    },
    async function* () {
      yield* [started, finished];
    },
  );
  await using _ = service;
  using client = createCodeActions({ address: service.address });
  const tail = client.tail({ scope })[Symbol.asyncIterator]();
  await tail.next();
  await tail.next();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const next = tail.next();
  t.mock.timers.tick(45_000);
  t.mock.timers.reset();
  await hungUp.promise;
  assert.equal((await next).value?.event.case, "ended");
  assert.deepEqual(asked, [undefined, "1"]);
});

test("a refusal ends a stream at once", async () => {
  const { service, asked } = await tailed();
  await using _ = service;
  using client = createCodeActions({ address: service.address });
  await assert.rejects(all(client.tail({ scope })), { reason: "RUN_NOT_FOUND" });
  assert.equal(asked.length, 1);
});

test("leaving the loop, or aborting the signal, ends the call", async () => {
  const left: Promise<unknown>[] = [];
  const answer = async function* (_: Served, { signal }: HandlerContext): Events {
    left.push(once(signal, "abort"));
    yield batch(1n);
    await ended(signal);
  };
  const { service } = await tailed(answer, answer);
  await using _ = service;
  using client = createCodeActions({ address: service.address });
  for await (const { sequence } of entriesOf(client.tail({ scope }))) {
    assert.equal(sequence, 1n);
    break;
  }
  await left[0];
  const leaving = new AbortController();
  const watching = async () => {
    for await (const _ of client.tail({ scope }, { signal: leaving.signal })) leaving.abort();
  };
  await assert.rejects(watching(), { reason: "CALL_CANCELLED" });
  await left[1];
});

test("a streamed run is started with the same request id until it has started, and watched from then on", async () => {
  const ids: string[] = [];
  const watched: string[] = [];
  const events = {
    started: { cursor: "0", event: { case: "started", value: { id: "the run" } } },
    finished: { cursor: "9", event: { case: "finished", value: { id: "the run" } } },
  } satisfies Record<string, MessageInitShape<typeof RunEventSchema>>;
  await using service: Served = await serve(({ rpc }) => {
    rpc(RunnerService.method.runCodeStream, async function* ({ requestId }) {
      if (ids.push(requestId) > 1) yield { event: events.started };
    });
    rpc(RunnerService.method.watchRun, async function* ({ runId, cursor }) {
      watched.push(`${runId} ${cursor}`);
      yield { event: events.started };
      yield { event: events.finished };
    });
  });
  using client = createCodeActions({ address: service.address });
  const steps = await all(client.runStream({ codeId: "some" }));
  assert.deepEqual(
    steps.map(({ event }) => event.case),
    ["started", "finished"],
  );
  assert.match(ids[0]!, /^[0-9a-f-]{36}$/);
  assert.deepEqual(ids, [ids[0], ids[0]]);
  assert.deepEqual(watched, ["the run 0"]);
});

test("a watched pool begins anew with all of it when its connection breaks, and shows no heartbeats", async () => {
  const event = (event: MessageInitShape<typeof WatchPoolResponseSchema>["event"]) => ({ event });
  const asked: string[] = [];
  await using service: Served = await serve(({ rpc }) =>
    rpc(RunnerService.method.watchPool, async function* ({ projectId }, { signal }) {
      yield event({ case: "pool", value: { inFlight: asked.push(projectId) } });
      yield event({ case: "heartbeat", value: {} });
      yield event({ case: "change", value: { nodeId: "a" } });
      await ended(signal);
    }),
  );
  using client = createCodeActions({ address: service.address });
  const seen: unknown[] = [];
  for await (const { event } of client.watchPool({ projectId: "mine" })) {
    seen.push(event.case === "pool" ? event.value.inFlight : event.case);
    if (seen.length === 2) service.cut();
    if (seen.length === 4) break;
  }
  assert.deepEqual(seen, [1, "change", 2, "change"]);
  assert.deepEqual(asked, ["mine", "mine"]);
});

test("a quarantine ends a stream at once", async () => {
  let asked = 0;
  await using service: Served = await serve(({ rpc }) =>
    // biome-ignore lint/correctness/useYield: it refuses before its first item.
    rpc(RunnerService.method.runCodeStream, async function* () {
      asked += 1;
      throw refusal(Code.Unavailable, "CODE_QUARANTINED", 10);
    }),
  );
  using client = createCodeActions({ address: service.address });
  await assert.rejects(all(client.runStream({ codeId: "some" })), { reason: "CODE_QUARANTINED" });
  assert.equal(asked, 1);
});
