import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { delayAfter } from "../src/backoff.ts";
import { asCodeActionsError, CodeActionsError } from "../src/errors.ts";
import { CodeService } from "../src/gen/codeactions/v1/code_service_pb.ts";
import { ProjectService } from "../src/gen/codeactions/v1/project_service_pb.ts";
import { RunnerService } from "../src/gen/codeactions/v1/runner_service_pb.ts";
import { withRequestId } from "../src/request-ids.ts";
import { ATTEMPTS_MAX, maySendAgain, retrying } from "../src/retries.ts";
import { VERSION } from "../src/version.ts";

const broken = new CodeActionsError("the connection broke", Code.Unavailable);
const full = new CodeActionsError("all workers are busy", Code.ResourceExhausted, { reason: "POOL_FULL" });
const { getCode, createCode, updateCode } = CodeService.method;
const { runCode, startRun } = RunnerService.method;

test("reads and idempotent calls are repeated after a broken connection, others are not", () => {
  assert.equal(maySendAgain(broken, getCode, {}), true);
  assert.equal(maySendAgain(broken, createCode, {}), true);
  assert.equal(maySendAgain(broken, updateCode, {}), false);
  assert.equal(maySendAgain(broken, runCode, {}), false);
});

test("a run with a request id is repeated, because the same id attaches to the same run", () => {
  assert.equal(maySendAgain(broken, runCode, { requestId: "0198c5a2-7f7e-4f6e-9d6b-2f6f3a1c9e11" }), true);
});

test("anything is repeated when nothing of it has happened", () => {
  assert.equal(maySendAgain(full, runCode, {}), true);
  const refused = new CodeActionsError("connect ECONNREFUSED 127.0.0.1:1", Code.Unavailable);
  assert.equal(maySendAgain(refused, runCode, {}), true);
});

test("a call that never left is known by the attempt to connect", () => {
  const over = (cause: Error) =>
    asCodeActionsError(new ConnectError("fetch failed", Code.Unknown, undefined, undefined, cause));
  const refused = new Error("connect ECONNREFUSED ::1:8050");
  const unreachable = Object.assign(new Error("connect EHOSTUNREACH 10.0.0.1:8050"), {
    code: "EHOSTUNREACH",
  });
  const cut = Object.assign(new Error("read EHOSTUNREACH"), { code: "EHOSTUNREACH" });
  const slow = Object.assign(new Error("Connect Timeout Error"), { code: "UND_ERR_CONNECT_TIMEOUT" });
  for (const cause of [
    unreachable,
    new Error("connect ENETUNREACH 2001:db8::1:8050"),
    new Error("connect ETIMEDOUT 10.0.0.1:8050"),
    new Error("getaddrinfo EAI_AGAIN nowhere.example"),
    new Error("Name resolution failed for target dns:nowhere.example:80"),
    slow,
    new AggregateError([refused, unreachable]),
  ])
    assert.equal(maySendAgain(over(cause), runCode, {}), true, cause.message);
  for (const cause of [
    cut,
    new Error("read ETIMEDOUT"),
    new AggregateError([refused, cut]),
    new Error("other side closed"),
  ])
    assert.equal(maySendAgain(over(cause), runCode, {}), false, cause.message);
});

test("an outcome that nobody knows is not repeated", () => {
  const unknown = new CodeActionsError("…", Code.Unavailable, { reason: "OUTCOME_UNKNOWN" });
  assert.equal(maySendAgain(unknown, runCode, {}), false);
});

test("a quarantine is told at once, whatever was asked", () => {
  const refused = new CodeActionsError("…", Code.Unavailable, {
    reason: "CODE_QUARANTINED",
    retryAfterMs: 10,
  });
  for (const method of [runCode, getCode, startRun])
    assert.equal(maySendAgain(refused, method, { requestId: "mine" }), false);
});

test("creating calls get a request id, runs that are waited for get none", () => {
  const methods = [CodeService, ProjectService, RunnerService].flatMap((service) => service.methods);
  const given = methods.filter((method) => "requestId" in withRequestId(method, {}));
  assert.deepEqual(given.map(({ name }) => name).toSorted(), [
    "CreateCode",
    "CreateProject",
    "CreateSchedule",
    "CreateToken",
    "ReplayRun",
    "StartRun",
  ]);
});

test("a request id of the caller's own is kept", () => {
  assert.deepEqual(withRequestId(createCode, { requestId: "mine" }), { requestId: "mine" });
});

test("pauses grow, differ, end at ten seconds, and are never shorter than the service asks for", () => {
  assert.deepEqual(
    [1, 2, 3, 20].map((failures) => delayAfter(failures, 0, () => 0)),
    [100, 200, 400, 10_000],
  );
  assert.equal(
    delayAfter(1, 0, () => 1),
    50,
  );
  assert.equal(delayAfter(1, 3_000), 3_000);
});

test("a call is sent five times at most", async () => {
  let sent = 0;
  const call = { method: getCode, input: {}, timeoutMs: 0, signal: undefined };
  const sending = retrying(call, () => {
    sent += 1;
    return Promise.reject(broken);
  });
  await assert.rejects(sending, broken);
  assert.equal(sent, ATTEMPTS_MAX);
});

test("a call is not sent again when its deadline would pass meanwhile", async () => {
  const later = new CodeActionsError("later", Code.Unavailable, {
    reason: "LANGUAGE_PREPARING",
    retryAfterMs: 60_000,
  });
  let sent = 0;
  const call = { method: runCode, input: {}, timeoutMs: 30_000, signal: undefined };
  const sending = retrying(call, () => {
    sent += 1;
    return Promise.reject(later);
  });
  await assert.rejects(sending, later);
  assert.equal(sent, 1);
});

test("the version is the package's", () => {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  assert.equal(VERSION, version);
});
