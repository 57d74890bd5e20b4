import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LogStream } from "../../gen/codeactions/v1/log_pb.ts";
import { type Run, RunStatus, RunTrigger } from "../../gen/codeactions/v1/run_pb.ts";
import {
  type Clients,
  ECHO,
  newCode,
  newProject,
  type Service,
  startService,
  textOf,
  utf8,
} from "../support/service.ts";

/** Fails as often as the run's body says, then answers with its attempt. */
const FLAKY = `def Run(engine):
    print(f"attempt {engine.context.attempt}")
    if engine.context.attempt <= int(engine.body):
        raise ValueError("not yet")
    return str(engine.context.attempt)
`;
const QUICK = { backoff: durationFromMs(10), maxBackoff: durationFromMs(20) };

let service: Service;
let clients: Clients;
let projectId: string;

beforeAll(async () => {
  service = await startService({ CODEACTIONS_WORKERS_MAX: "4" });
  clients = service.clients("grpc");
  projectId = await newProject(clients);
});

afterAll(() => service?.[Symbol.asyncDispose]());

test("StartRun answers with the run QUEUED and on record; it runs by itself, and its result can be read", async () => {
  const { id: codeId } = await newCode(clients, projectId, ECHO.python);
  const { run } = await clients.runs.startRun({ codeId, input: { body: utf8("kept") } });
  expect(run).toMatchObject({ trigger: RunTrigger.ASYNC, attempt: 1, codeId, projectId });
  expect(run?.durable?.retryPolicy).toMatchObject({
    maxAttempts: 1,
    backoff: durationFromMs(1_000),
    multiplier: 2,
    maxBackoff: durationFromMs(300_000),
  });
  const ended = await endOf(run!);
  expect(ended).toMatchObject({ status: RunStatus.SUCCEEDED, version: 1, result: { statusCode: 201 } });
  const kept = (await clients.runs.getRun({ runId: run!.id })).run!;
  expect([textOf(kept.request?.body), textOf(kept.result?.body)]).toEqual(["kept", "kept"]);
  expect(kept.durable?.dueTime).toBeUndefined();
});

test("a failed attempt is repeated as often as the policy says, and the log goes on without a hole", async () => {
  const { id: codeId } = await newCode(clients, projectId, FLAKY);
  const { run } = await clients.runs.startRun({
    codeId,
    input: { body: utf8("2") },
    retryPolicy: { maxAttempts: 3, ...QUICK },
  });
  const ended = await endOf(run!);
  expect(ended).toMatchObject({ status: RunStatus.SUCCEEDED, attempt: 3 });
  expect(textOf(ended.result?.body)).toBe("3");
  expect(ended.durable?.earlierAttempts).toMatchObject([
    { attempt: 1, status: RunStatus.FAILED, error: { kind: "ValueError", message: "not yet" } },
    { attempt: 2, status: RunStatus.FAILED },
  ]);
  const { entries } = await clients.logs.listLogEntries({
    scope: { case: "runId", value: run!.id },
    pageSize: 100,
  });
  expect(entries.map(({ sequence }) => Number(sequence))).toEqual(entries.map((_, index) => index + 1));
  expect([...new Set(entries.map(({ attempt }) => attempt))]).toEqual([1, 2, 3]);
  const ofOurs = entries.filter(({ stream }) => stream === LogStream.SYSTEM).map(({ text }) => text);
  expect(ofOurs.join("\n")).toMatch(/Attempt 1 of 3 ended as FAILED; the next one may begin at 20\d\d-/);
});

async function endOf({ id }: Run): Promise<Run> {
  for await (const { event } of clients.runs.watchRun({ runId: id })) {
    if (event?.event.case === "finished") return event.event.value;
  }
  throw new Error("the run has no end");
}
