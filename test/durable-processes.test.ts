import { rm } from "node:fs/promises";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Client } from "pg";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LogStream } from "../gen/codeactions/v1/log_pb.ts";
import { RunStatus } from "../gen/codeactions/v1/run_pb.ts";
import { newDatabase } from "./support/database.ts";
import { newDataFolder, type Started, start } from "./support/processes.ts";
import { TestRedis } from "./support/redis.ts";
import { newCode, newProject, utf8 } from "./support/service.ts";

/** Durable runs and the death of processes: services on one database are killed and stopped, and nothing is lost or doubled. */

/** How many runs are queued while services are killed; DURABLE_RUNS=10000 for a long look. */
const RUNS = Number(process.env.DURABLE_RUNS ?? 200);
const LEASE_MS = 3_000;

/** The first attempt sleeps until it is killed; a later one answers. Runs with a body only take a moment. */
const SLEEPER = `import time
def Run(engine):
    print(f"attempt {engine.context.attempt}")
    if engine.raw_body:
        time.sleep(0.02)
    elif engine.context.attempt == 1:
        time.sleep(600)
    print(f"done {engine.context.attempt}")
    return str(engine.context.attempt)
`;
const RETRIES = { maxAttempts: 50, backoff: durationFromMs(20), retryOn: [RunStatus.LOST] };

let redis: TestRedis;
let databaseUrl: string;
let database: Client;
const folders: string[] = [];
const running = new Set<Started>();

beforeEach(async () => {
  redis = await TestRedis.start();
  databaseUrl = await newDatabase();
  database = new Client({ connectionString: databaseUrl });
  await database.connect();
});

afterEach(async () => {
  for (const service of running) await service.end("SIGKILL");
  running.clear();
  await database?.end();
  await redis?.[Symbol.asyncDispose]();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true, maxRetries: 20 });
});

test("when a service is killed, another one carries on with what it ran and with what was queued", async () => {
  const first = await startService();
  const projectId = await newProject(first.clients);
  const { id: codeId } = await newCode(first.clients, projectId, SLEEPER);
  const asleep = await Promise.all(
    Array.from({ length: 3 }, () => first.clients.runs.startRun({ codeId, retryPolicy: RETRIES })),
  );
  const once = await first.clients.runs.startRun({ codeId });
  await linesSaid(4, "attempt 1");
  const queued = await Promise.all(
    Array.from({ length: 30 }, () => first.clients.runs.startRun({ codeId, input: { body: utf8("quick") } })),
  );
  const second = await startService();
  await kill(first, "SIGKILL");
  for (const { run } of [...asleep, ...queued]) {
    expect((await endOf(second, run!.id)).status).toBe(RunStatus.SUCCEEDED);
  }
  const repeated = await endOf(second, asleep[0]!.run!.id);
  expect(repeated).toMatchObject({
    attempt: 2,
    durable: { earlierAttempts: [{ attempt: 1, status: RunStatus.LOST, error: { kind: "Lost" } }] },
  });
  expect(await endOf(second, once.run!.id)).toMatchObject({ attempt: 1, status: RunStatus.LOST });
  const { entries } = await second.clients.logs.listLogEntries({
    scope: { case: "runId", value: asleep[0]!.run!.id },
  });
  expect(entries.map(({ sequence, attempt, stream }) => [Number(sequence), attempt, stream])).toEqual([
    [1, 1, LogStream.STDOUT],
    [2, 1, LogStream.SYSTEM],
    [3, 1, LogStream.SYSTEM],
    [4, 2, LogStream.STDOUT],
    [5, 2, LogStream.STDOUT],
  ]);
});

test(
  "while services are killed again and again, every queued run ends well, and no attempt is made twice",
  async () => {
    const services = await Promise.all([startService(), startService()]);
    const projectId = await newProject(services[0]!.clients);
    const { id: codeId } = await newCode(services[0]!.clients, projectId, SLEEPER);
    const ask = { codeId, input: { body: utf8("quick") }, retryPolicy: RETRIES };
    for (let left = RUNS; left > 0; left -= 50) {
      const some = Array.from({ length: Math.min(50, left) }, () => services[1]!.clients.runs.startRun(ask));
      await Promise.all(some);
    }
    for (let killed = 0; killed < 4 || (await openRuns()) > 0; killed++) {
      const place = killed % 2;
      const ended = await endedRuns();
      await vi.waitUntil(async () => (await endedRuns()) > ended || (await openRuns()) === 0, WAIT);
      await kill(services[place]!, "SIGKILL");
      services[place] = await startService();
    }
    await expectEachOnce(RUNS);
  },
  120_000 + RUNS * 50,
);

test("a service that was stopped for longer than its lease ends itself, and nothing of what it does counts any more", async () => {
  const first = await startService();
  const projectId = await newProject(first.clients);
  const { id: codeId } = await newCode(first.clients, projectId, SLEEPER);
  const ask = { codeId, retryPolicy: RETRIES };
  const started = await Promise.all(Array.from({ length: 4 }, () => first.clients.runs.startRun(ask)));
  await linesSaid(4, "attempt 1");
  const second = await startService();
  first.process.kill("SIGSTOP");
  for (const { run } of started) {
    expect(await endOf(second, run!.id)).toMatchObject({ status: RunStatus.SUCCEEDED, attempt: 2 });
  }
  first.process.kill("SIGCONT");
  expect(await first.code).toBe(1);
  running.delete(first);
  expect(await first.errors).toContain("taken for gone");
  await expectEachOnce(4);
});

test("a run is cancelled through any service, also where the one that has it does not answer", async () => {
  const lease = { CODEACTIONS_LEASE_MS: "60000" };
  const [first, second] = [await startService(lease), await startService(lease)];
  const projectId = await newProject(first.clients);
  const { id: codeId } = await newCode(first.clients, projectId, SLEEPER);
  const started = await Promise.all(Array.from({ length: 4 }, () => first.clients.runs.startRun({ codeId })));
  await linesSaid(4, "attempt 1");
  const [one, ...others] = started.map(({ run }) => run!.id);
  for (const { clients } of [first, second]) {
    const { run } = await clients.runs.cancelRun({ runId: others.pop()! });
    expect(run?.status).toBe(RunStatus.CANCELLED);
  }
  first.process.kill("SIGSTOP");
  second.process.kill("SIGSTOP");
  const third = await startService(lease);
  const { run } = await third.clients.runs.cancelRun({ runId: one! });
  expect(run?.status).toBe(RunStatus.CANCELLED);
  first.process.kill("SIGCONT");
  second.process.kill("SIGCONT");
  // Whoever had it has ended it, and has room again: more runs than its project may have under way here come to an end.
  const more = await Promise.all(
    Array.from({ length: 12 }, () => first.clients.runs.startRun({ codeId, input: { body: utf8("quick") } })),
  );
  for (const { run: quick } of more) {
    expect((await endOf(first, quick!.id)).status).toBe(RunStatus.SUCCEEDED);
  }
  expect((await endOf(first, one!)).status).toBe(RunStatus.CANCELLED);
});

test("a service that is told to stop gives back what waits, and what it cannot finish gets its next attempt", async () => {
  const first = await startService({ CODEACTIONS_DRAIN_MS: "500" });
  const projectId = await newProject(first.clients);
  const { id: codeId } = await newCode(first.clients, projectId, SLEEPER);
  const { run } = await first.clients.runs.startRun({ codeId, retryPolicy: RETRIES });
  await linesSaid(1, "attempt 1");
  expect(await kill(first, "SIGTERM")).toBe(0);
  const second = await startService();
  expect(await endOf(second, run!.id)).toMatchObject({ status: RunStatus.SUCCEEDED, attempt: 2 });
  await expectEachOnce(1);
});

const WAIT = { timeout: 60_000, interval: 20 };

async function startService(settings: Record<string, string> = {}): Promise<Started> {
  const folder = await newDataFolder();
  folders.push(folder);
  const service = await start(["serve"], {
    CODEACTIONS_DATA_DIR: folder,
    CODEACTIONS_LEASE_MS: String(LEASE_MS),
    CODEACTIONS_SECRET_KEY: Buffer.alloc(32, 9).toString("base64"),
    CODEACTIONS_WORKERS_MAX: "6",
    CODEACTIONS_BLANK_WORKERS: "1",
    CODEACTIONS_GO: "/nonexistent/go",
    DATABASE_URL: databaseUrl,
    REDIS_URL: redis.url,
    ...settings,
  });
  running.add(service);
  return service;
}

async function kill(service: Started, signal: NodeJS.Signals): Promise<number | null> {
  running.delete(service);
  return service.end(signal);
}

async function endOf({ clients }: Started, runId: string) {
  for await (const { event } of clients.runs.watchRun({ runId })) {
    if (event?.event.case === "finished") return event.event.value;
  }
  throw new Error("the run has no end");
}

/** Waits until as many lines of this text are in the logs. */
async function linesSaid(count: number, text: string): Promise<void> {
  await vi.waitUntil(async () => {
    const { rows } = await database.query("select text from log_chunks");
    return rows.flatMap((row) => row.text.split("\n")).filter((line) => line === text).length >= count;
  }, WAIT);
}

async function openRuns(): Promise<number> {
  return count("select count(*) as n from runs where status in ('QUEUED', 'RUNNING')");
}

async function endedRuns(): Promise<number> {
  return count("select count(*) as n from runs where status not in ('QUEUED', 'RUNNING')");
}

async function count(query: string): Promise<number> {
  return Number((await database.query<{ n: string }>(query)).rows[0]!.n);
}

/** Every run has ended well, once; its attempts are all there; its log has no hole, and no line of an attempt twice. */
async function expectEachOnce(runs: number): Promise<void> {
  const { rows } = await database.query<{
    id: string;
    status: string;
    attempt: number;
    log_entries: string;
    earlier: number[];
    lines: string[];
  }>(`select id, status, attempt, log_entries,
      array(select (e ->> 'attempt')::int from jsonb_array_elements(earlier_attempts) e) as earlier,
      array(select first_sequence || ' ' || entries || ' ' || text from log_chunks
        where log_chunks.run_id = runs.id order by first_sequence) as lines
    from runs join run_orders on run_orders.run_id = runs.id`);
  expect(rows.length).toBe(runs);
  for (const row of rows) {
    expect(row).toMatchObject({ status: "SUCCEEDED" });
    expect(row.earlier).toEqual(Array.from({ length: row.attempt - 1 }, (_, index) => index + 1));
    let next = 1;
    const said: string[] = [];
    for (const line of row.lines) {
      const [, first, entries, text] = /^(\d+) (\d+) (.*)$/s.exec(line)!;
      expect(Number(first)).toBe(next);
      next += Number(entries);
      said.push(...text!.split("\n").filter((one) => /^(attempt|done) \d+$/.test(one)));
    }
    expect(next - 1).toBe(Number(row.log_entries));
    expect(new Set(said).size).toBe(said.length);
    // An attempt may have come to its end, and its service not to recording it: then there is another one.
    expect(said.at(-1)).toBe(`done ${row.attempt}`);
  }
}
