import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { RunStatus } from "../gen/codeactions/v1/run_pb.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../src/core/db/embedded-postgres.ts";
import { newDataFolder } from "./support/processes.ts";
import { type Clients, newCode, newProject, type Service, startService, utf8 } from "./support/service.ts";
import { silent } from "./support/silent-log.ts";

/** A database that is killed in the middle of everything, and away for longer than a lease. */

const AWAY_MS = 5_000;
const CONNECTIONS = 6;
/** Beside both pools: the lease, the lock, the ear, and the test's own. */
const CONNECTIONS_MAX = 2 * CONNECTIONS + 6;

let folder: string;
let postgres: EmbeddedPostgres;
let service: Service;
let clients: Clients;

beforeAll(async () => {
  folder = await newDataFolder();
  postgres = await startEmbeddedPostgres({ folder, log: silent });
  service = await startService({
    DATABASE_URL: postgres.url,
    CODEACTIONS_DATABASE_CONNECTIONS: String(CONNECTIONS),
    CODEACTIONS_LEASE_MS: "2000",
    CODEACTIONS_GO: "/nonexistent/go",
  });
  clients = service.clients("grpc");
});

afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test("what was acknowledged before and after the database was killed ends well, once, and no connection is lost", async () => {
  const projectId = await newProject(clients);
  const { id: codeId } = await newCode(
    clients,
    projectId,
    "import time\ndef Run(engine): time.sleep(0.01)\n",
  );
  const policy = { maxAttempts: 3, backoff: durationFromMs(10) };
  const acknowledged = new Set<string>();
  let isLoaded = true;
  const load = Array.from({ length: 4 }, async () => {
    while (isLoaded) {
      const ask = { codeId, input: { body: utf8(randomUUID()) }, retryPolicy: policy };
      const answer = await clients.runs.startRun(ask).catch(() => pause(20));
      if (answer?.run !== undefined) acknowledged.add(answer.run.id);
    }
  });
  await vi.waitUntil(() => acknowledged.size > 50, { timeout: 30_000 });
  await killPostgres();
  await pause(AWAY_MS);
  postgres = await startEmbeddedPostgres({ folder, log: silent });
  const before = acknowledged.size;
  await vi.waitUntil(() => acknowledged.size > before + 50, { timeout: 30_000 });
  isLoaded = false;
  await Promise.all(load);

  const database = new Client({ connectionString: postgres.url });
  await database.connect();
  const open = "select 1 from runs where status in ('QUEUED', 'RUNNING') limit 1";
  await vi.waitUntil(async () => (await database.query(open)).rowCount === 0, { timeout: 60_000 });
  const { rows } = await database.query("select id, status, attempt from runs where id = any($1)", [
    [...acknowledged],
  ]);
  expect(rows.length).toBe(acknowledged.size);
  const tally = Map.groupBy(rows, ({ status, attempt }) => `${status} ${attempt}`);
  expect([...tally.keys()]).toEqual(["SUCCEEDED 1"]);
  await Promise.all(Array.from({ length: 50 }, () => clients.codes.getCode({ codeId })));
  expect((await clients.runs.runCode({ codeId })).run?.status).toBe(RunStatus.SUCCEEDED);
  const { rows: connections } = await database.query(
    "select 1 from pg_stat_activity where datname is not null",
  );
  expect(connections.length).toBeLessThanOrEqual(CONNECTIONS_MAX);
  await database.end();
});

/** As the host kills it: without a word to those that are connected. */
async function killPostgres(): Promise<void> {
  const pid = Number((await readFile(join(folder, "postgres/data/postmaster.pid"), "utf8")).split("\n")[0]);
  process.kill(pid, "SIGKILL");
}
