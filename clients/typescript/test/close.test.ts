import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { clientOver } from "../src/client.ts";
import { LogService } from "../src/gen/codeactions/v1/log_service_pb.ts";
import { RunnerService } from "../src/gen/codeactions/v1/runner_service_pb.ts";
import { readSettings } from "../src/settings.ts";
import { all, ended, NODE, refusal, serve, WAYS } from "./service.ts";

const cancelled = { name: "CodeActionsError", code: Code.Canceled, reason: "CALL_CANCELLED" };

for (const way of WAYS) {
  test(`a call that is under way is cancelled when its client is closed (${way.name})`, async () => {
    const arrived = Promise.withResolvers<void>();
    await using service = await serve(
      ({ rpc }) =>
        rpc(RunnerService.method.runCode, (_, { signal }) => {
          arrived.resolve();
          return ended(signal);
        }),
      way,
    );
    const client = way.create({ address: service.address });
    const run = client.run({ codeId: "some" });
    await arrived.promise;
    client.close();
    await assert.rejects(run, cancelled);
  });

  test(`streams are cancelled when their client is closed (${way.name})`, async () => {
    await using service = await serve(
      ({ rpc }) =>
        rpc(LogService.method.tailLogs, async function* (_, { signal }) {
          yield { event: { cursor: "1", event: { case: "started", value: {} } } };
          await ended(signal);
        }),
      way,
    );
    const client = way.create({ address: service.address });
    const scope = { case: "codeId", value: "some" } as const;
    const followed = client.tail({ scope })[Symbol.asyncIterator]();
    const stream = client.logs.tailLogs({ scope })[Symbol.asyncIterator]();
    assert.equal((await followed.next()).value?.event.case, "started");
    assert.equal((await stream.next()).value?.event?.event.case, "started");
    const ends = [followed.next(), stream.next()];
    client.close();
    await Promise.all(ends.map((end) => assert.rejects(end, cancelled)));
  });

  test(`a closed client does not call (${way.name})`, async () => {
    const client = way.create({ address: "http://127.0.0.1:1" });
    client.close();
    await assert.rejects(client.run({ codeId: "some" }), cancelled);
    await assert.rejects(all(client.watch({ runId: "some" })), cancelled);
    await assert.rejects(all(client.runs.watchRun({ runId: "some" })), cancelled);
    await assert.rejects(all(client.listAllProjects()), cancelled);
  });
}

test("pauses end when the client is closed", async () => {
  const refused = Promise.withResolvers<void>();
  let calls = 0;
  const refuse = () => {
    if (++calls === 2) refused.resolve();
    return refusal(Code.Unavailable, "SHUTTING_DOWN", 3_600_000);
  };
  await using service = await serve(({ rpc }) => {
    rpc(RunnerService.method.runCode, () => {
      throw refuse();
    });
    // biome-ignore lint/correctness/useYield: it refuses before its first item.
    rpc(RunnerService.method.watchRun, async function* () {
      throw refuse();
    });
  });
  const client = NODE.create({ address: service.address });
  const ends = [client.run({ codeId: "some" }, { timeoutMs: 0 }), all(client.watch({ runId: "some" }))];
  await refused.promise;
  client.close();
  await Promise.all(ends.map((end) => assert.rejects(end, cancelled)));
});

test("a transport is closed once", () => {
  let closed = 0;
  const settings = readSettings({ address: "http://127.0.0.1:1" });
  const transport = createConnectTransport({ baseUrl: settings.address });
  const client = clientOver(transport, settings, () => void closed++);
  client.close();
  client[Symbol.dispose]();
  assert.equal(closed, 1);
});
