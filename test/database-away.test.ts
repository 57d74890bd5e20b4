import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RunStatus } from "../gen/codeactions/v1/run_pb.ts";
import { RunCodeRequestSchema } from "../gen/codeactions/v1/runner_service_pb.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../src/core/db/embedded-postgres.ts";
import {
  type Clients,
  newCode,
  newProject,
  OPERATOR_TOKEN,
  refusalOf,
  type Service,
  startService,
  textOf,
} from "./support/service.ts";
import { silent } from "./support/silent-log.ts";

/** What the service does while its database is away: says so, loses nothing, and goes on when it is back. */

/** Slow enough for the database to be gone before the first of two that begin one after the other has ended. */
const SLOW = "import time\ndef Run(engine):\n    print('begun')\n    time.sleep(4)\n    return 'answered'\n";

let folder: string;
let postgres: EmbeddedPostgres;
let service: Service;
let clients: Clients;
let projectId: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "code-actions-away-"));
  await chmod(folder, 0o711);
  postgres = await startEmbeddedPostgres({ folder, log: silent });
  service = await startService({ DATABASE_URL: postgres.url });
  clients = service.clients();
  projectId = await newProject(clients);
});

afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test("a run whose answer cannot be recorded in time is not lied about, and is on record once the database is back", async () => {
  const { id: codeId } = await newCode(clients, projectId, SLOW);
  const tail = clients.logs.tailLogs({ scope: { case: "codeId", value: codeId } })[Symbol.asyncIterator]();
  await tail.next();
  // The deadline is the server's alone, so that it is the server that speaks. Binary messages take its short way.
  const send = (type: string, body: string | Uint8Array<ArrayBuffer>) =>
    fetch(`${service.url}/codeactions.v1.RunnerService/RunCode`, {
      method: "POST",
      headers: {
        "content-type": type,
        authorization: `Bearer ${OPERATOR_TOKEN}`,
        "connect-timeout-ms": "12000",
      },
      body,
    });
  const binary = toBinary(RunCodeRequestSchema, create(RunCodeRequestSchema, { codeId }));
  const calls = [send("application/json", JSON.stringify({ codeId })), send("application/proto", binary)];
  for (let begun = 0; begun < calls.length; ) {
    const { value } = await tail.next();
    if (value?.event?.event.case === "batch") begun += value.event.event.value.entries.length;
  }
  await postgres[Symbol.asyncDispose]();
  const runIds: string[] = [];
  for (const answer of await Promise.all(calls)) {
    expect(answer.status).toBe(503);
    const error = (await answer.json()) as {
      details: { debug: { reason: string; metadata: { runId: string } } }[];
    };
    const { reason, metadata } = error.details[0]!.debug;
    expect(reason).toBe("OUTCOME_UNKNOWN");
    runIds.push(metadata.runId);
  }
  expect(await refusalOf(clients.codes.getCode({ codeId }))).toMatchObject({
    code: "Unavailable",
    reason: "DATABASE_UNAVAILABLE",
    retry: true,
  });
  expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200);

  postgres = await startEmbeddedPostgres({ folder, log: silent });
  for (const runId of runIds) {
    const recorded = async () => (await clients.runs.getRun({ runId })).run;
    await expect
      .poll(async () => (await recorded().catch(() => undefined))?.status, { timeout: 30_000 })
      .toBe(RunStatus.SUCCEEDED);
    expect(textOf((await recorded())?.result?.body)).toBe("answered");
  }
  expect((await clients.runs.runCode({ codeId })).run?.status).toBe(RunStatus.SUCCEEDED);
});
