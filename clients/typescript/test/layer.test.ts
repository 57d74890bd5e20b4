import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { Code, type HandlerContext } from "@connectrpc/connect";
import { CodeService } from "../src/gen/codeactions/v1/code_service_pb.ts";
import { LogService } from "../src/gen/codeactions/v1/log_service_pb.ts";
import { RunnerService } from "../src/gen/codeactions/v1/runner_service_pb.ts";
import { createCodeActions } from "../src/node.ts";
import { all, refusal, serve, WAYS } from "./service.ts";

/** A service that notes with what it was called. */
async function noting(fail: (calls: number) => void = () => {}) {
  const calls: HandlerContext[] = [];
  const requestIds: string[] = [];
  const service = await serve(({ rpc }) => {
    rpc(CodeService.method.createCode, ({ requestId }, context) => {
      requestIds.push(requestId);
      fail(calls.push(context));
      return {};
    });
    rpc(RunnerService.method.runCode, (_, context) => {
      fail(calls.push(context));
      return { run: {} };
    });
    // biome-ignore lint/correctness/useYield: it ends before its first item.
    rpc(LogService.method.tailLogs, async function* (_, context) {
      fail(calls.push(context));
    });
  });
  return { service, calls, requestIds };
}

test("every call shows the token and who calls, unless it has a token of its own", async () => {
  const { service, calls } = await noting();
  await using _ = service;
  using client = createCodeActions({ address: service.address, token: "mine" });
  await client.codes.createCode({});
  await all(client.logs.tailLogs({}));
  await client.codes.createCode({}, { headers: { authorization: "Bearer other" } });
  assert.deepEqual(
    calls.map(({ requestHeader }) => requestHeader.get("authorization")),
    ["Bearer mine", "Bearer mine", "Bearer other"],
  );
  assert.match(calls[0]!.requestHeader.get("user-agent")!, /^codeactions-typescript\/\d/);
});

test("an empty token is none, whatever the environment says", async (t) => {
  const { CODEACTIONS_TOKEN: before } = process.env;
  t.after(() => {
    if (before === undefined) delete process.env.CODEACTIONS_TOKEN;
    else process.env.CODEACTIONS_TOKEN = before;
  });
  process.env.CODEACTIONS_TOKEN = "of the environment";
  const { service, calls } = await noting();
  await using _ = service;
  for (const token of ["", undefined]) {
    using client = createCodeActions({ address: service.address, token });
    await client.codes.createCode({});
  }
  assert.deepEqual(
    calls.map(({ requestHeader }) => requestHeader.get("authorization")),
    [null, "Bearer of the environment"],
  );
});

test("calls have a deadline, runs a longer one, and streams none", async () => {
  const { service, calls } = await noting();
  await using _ = service;
  using client = createCodeActions({ address: service.address });
  await client.codes.createCode({});
  await client.run({ codeId: "some" });
  await client.codes.createCode({}, { timeoutMs: 7_000 });
  await client.codes.createCode({}, { timeoutMs: 0 });
  await all(client.logs.tailLogs({}));
  const deadlines = calls.map(({ requestHeader }) => requestHeader.get("grpc-timeout"));
  assert.deepEqual(deadlines, ["30000m", "960000m", "7000m", null, null]);
});

test("a call that is sent again is the same request", async () => {
  const { service, requestIds } = await noting((calls) => {
    if (calls < 3) throw refusal(Code.Unavailable, "SHUTTING_DOWN");
  });
  await using _ = service;
  using client = createCodeActions({ address: service.address });
  await client.codes.createCode({ name: "some" });
  assert.match(requestIds[0]!, /^[0-9a-f-]{36}$/);
  assert.deepEqual(requestIds, Array(3).fill(requestIds[0]));
});

for (const way of WAYS) {
  test(`refusals show their reason, of calls and of streams (${way.name})`, async () => {
    await using service = await serve(({ rpc }) => {
      rpc(CodeService.method.getCode, () => {
        throw refusal(Code.NotFound, "CODE_NOT_FOUND");
      });
      // biome-ignore lint/correctness/useYield: it refuses before its first item.
      rpc(LogService.method.tailLogs, async function* () {
        throw refusal(Code.NotFound, "RUN_NOT_FOUND");
      });
    }, way);
    using client = way.create({ address: service.address });
    const expected = { name: "CodeActionsError", code: Code.NotFound, message: "as the service says it" };
    await assert.rejects(client.codes.getCode({}), { ...expected, reason: "CODE_NOT_FOUND" });
    await assert.rejects(all(client.logs.tailLogs({})), { ...expected, reason: "RUN_NOT_FOUND" });
  });

  test(`a message that cannot be written is not sent (${way.name})`, async () => {
    await using service = await serve(() => {}, way);
    using client = way.create({ address: service.address });
    await assert.rejects(client.codes.listCodes({ pageSize: 1.5 }), { code: Code.Internal });
  });

  test(`a stream that nobody reads does not end the process (${way.name})`, async () => {
    const entry = new URL(`../src/${way.entry}`, import.meta.url);
    const program = `import { createCodeActions } from "${entry}";
      createCodeActions({ address: "http://127.0.0.1:2" }).logs.tailLogs({});`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program]);
    const [stderr, [status]] = await Promise.all([text(child.stderr), once(child, "close")]);
    assert.equal(status, 0, stderr);
  });
}
