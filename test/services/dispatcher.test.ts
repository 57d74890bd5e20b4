import type { MikroORM } from "@mikro-orm/postgresql";
import { Pool, type QueryConfig } from "pg";
import { v7 as newId } from "uuid";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Run, RunEntity } from "../../src/core/db/entities/runs.ts";
import { migrate, openOrm } from "../../src/core/db/orm.ts";
import { claimRuns } from "../../src/services/claims.ts";
import { Dispatcher } from "../../src/services/dispatcher.ts";
import type { DurableOrder } from "../../src/services/durable-orders.ts";
import type { ClaimedRun, Execution } from "../../src/services/execution.ts";
import { Journal } from "../../src/services/journal.ts";
import { TakenForGone } from "../../src/services/journal-batch.ts";
import { Lease } from "../../src/services/lease.ts";
import { retryPolicy } from "../../src/services/retry-policy.ts";
import { newDatabase } from "../support/database.ts";
import { insertDurableRun } from "../support/durable-run.ts";
import { silent } from "../support/silent-log.ts";

let url: string;
let orm: MikroORM;
let pool: Pool;

beforeAll(async () => {
  url = await newDatabase();
  orm = await openOrm(url, 2);
  await migrate(orm);
  pool = new Pool({ connectionString: url });
});

afterAll(async () => {
  await pool.end();
  await orm.close(true);
});

test("a project with many due runs does not keep another one waiting", async () => {
  const owner = await register();
  const [many, few] = [newId(), newId()];
  for (let count = 0; count < 200; count++) await insertDurableRun(pool, orderOf(many));
  await using runs = new Taken(pool, owner, 4);
  runs.dispatcher.wake(many);
  await vi.waitUntil(() => runs.taken.length >= 3);
  await insertDurableRun(pool, orderOf(few));
  const before = runs.taken.length;
  runs.dispatcher.wake(few);
  const placeOfFew = () => runs.taken.findIndex(({ row }) => row.projectId === few);
  await vi.waitUntil(() => placeOfFew() !== -1, { timeout: 10_000 });
  // A claim that was under way, and at most one more.
  expect(placeOfFew() - before).toBeLessThan(10);
});

test("a project has no more than its share of what may be under way, so that there is room for another one", async () => {
  const owner = await register();
  const [many, other] = [newId(), newId()];
  for (let count = 0; count < 20; count++) await insertDurableRun(pool, orderOf(many));
  await using runs = new Taken(pool, owner, 8, false);
  runs.dispatcher.wake(many);
  await vi.waitUntil(() => runs.taken.length === 6);
  await insertDurableRun(pool, orderOf(other));
  runs.dispatcher.wake(other);
  await vi.waitUntil(() => runs.taken.length === 7);
  expect(runs.taken.at(-1)?.row.projectId).toBe(other);
});

test("a run that becomes due is found without a word from anybody", async () => {
  const owner = await register();
  await using runs = new Taken(pool, owner, 8);
  runs.dispatcher.start();
  const run = await insertDurableRun(pool, { ...orderOf(newId()), notBefore: new Date(Date.now() + 300) });
  await vi.waitUntil(() => runs.taken.some(({ row }) => row.id === run.id), { timeout: 10_000 });
  expect(Date.now()).toBeGreaterThanOrEqual(run.dueTime!.getTime());
});

test("runs that were claimed in a commit whose confirmation was lost are given back, and the attempt counts once", async () => {
  const owner = await register();
  let lost = 0;
  const unreliable = new Proxy(pool, {
    get: (target, name) => {
      if (name !== "query") return Reflect.get(target, name);
      return async (ask: QueryConfig) => {
        const answer = await target.query(ask);
        if (ask.name === "claim-runs" && lost++ === 0) throw new Error("Connection terminated unexpectedly");
        return answer;
      };
    },
  });
  const run = await insertDurableRun(pool, orderOf(newId()));
  await using runs = new Taken(unreliable, owner, 4);
  runs.dispatcher.start();
  await vi.waitUntil(() => runs.taken.some(({ row }) => row.id === run.id), { timeout: 10_000 });
  expect(lost).toBeGreaterThan(1);
  expect(runs.taken.map(({ row }) => row.attempt)).toEqual([1]);
});

test("an instance that was taken for gone takes nothing, and nothing of what it says is written", async () => {
  const owner = await register();
  const projectId = newId();
  await insertDurableRun(pool, orderOf(projectId));
  const [{ row }] = (await claimRuns(pool, owner, [{ projectId, runs: 1 }])) as [ClaimedRun];
  await insertDurableRun(pool, orderOf(projectId));
  await pool.query("delete from instances where id = $1", [owner]);
  const told = Promise.withResolvers<Error>();
  const journal = new Journal({
    pool,
    log: silent,
    settings: { writer: owner },
    committed: () => {},
    gone: told.resolve,
  });
  journal.adopt(row.id);
  const line = {
    sequence: 1,
    timeUs: 1,
    level: "info",
    stream: "stdout",
    text: "late",
    truncated: false,
  } as const;
  journal.append(row, [line]);
  const ended = journal.finish({ ...row, status: "SUCCEEDED", endTime: new Date() } as Run, undefined);
  await expect(ended).rejects.toThrow();
  expect(await told.promise).toBeInstanceOf(TakenForGone);
  expect(await claimRuns(pool, owner, [{ projectId, runs: 1 }])).toEqual([]);
  expect((await orm.em.fork().findOne(RunEntity, { id: row.id }))?.status).toBe("QUEUED");
  expect((await pool.query("select 1 from log_chunks where run_id = $1", [row.id])).rowCount).toBe(0);
});

test("whoever could not renew its lease in time is not sure of it, and judges nobody until it could for a whole lease", async () => {
  const leaseMs = 1_000;
  const gone = Promise.withResolvers<Error>();
  await using lease = new Lease({
    databaseUrl: url,
    log: silent,
    settings: { id: newId(), leaseMs },
    gone: gone.resolve,
    renewed: () => {},
  });
  await lease.take();
  expect([lease.isSure, lease.mayJudge]).toEqual([true, false]);
  await vi.waitUntil(() => lease.mayJudge, { timeout: 10_000 });
  // As a process that is stopped: nothing of it runs, and the clock does.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, leaseMs + 100);
  expect(lease.isSure).toBe(false);
  await lease.beat();
  expect([lease.isSure, lease.mayJudge]).toEqual([true, false]);
  await vi.waitUntil(() => lease.mayJudge, { timeout: 10_000 });
});

test("a lease whose row is gone says so", async () => {
  const id = newId();
  const gone = Promise.withResolvers<Error>();
  const parts = { databaseUrl: url, log: silent, gone: gone.resolve, renewed: () => {} };
  await using lease = new Lease({ ...parts, settings: { id, leaseMs: 60_000 } });
  await lease.take();
  await pool.query("delete from instances where id = $1", [id]);
  await lease.beat();
  expect(await gone.promise).toBeInstanceOf(TakenForGone);
});

/** A dispatcher whose runs end at once, or not at all, and which remembers what it has taken. */
class Taken implements AsyncDisposable {
  readonly taken: ClaimedRun[] = [];
  readonly dispatcher: Dispatcher;
  readonly #open = new Map<string, () => void>();

  constructor(database: Pool, owner: string, runsMax: number, ends = true) {
    const attempt = async (run: ClaimedRun) => {
      this.taken.push(run);
      if (ends) await pool.query("update runs set status = 'SUCCEEDED' where id = $1", [run.row.id]);
      else await new Promise<void>((resolve) => this.#open.set(run.row.id, resolve));
    };
    this.dispatcher = new Dispatcher({
      pool: database,
      execution: { attempt, runIds: () => [...this.#open.keys()] } as unknown as Execution,
      log: silent,
      settings: { owner, runsMax: () => runsMax },
      isSure: () => true,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispatcher.stop();
    for (const end of this.#open.values()) end();
    await pool.query("update runs set due_time = null, status = 'CANCELLED' where status = 'QUEUED'");
  }
}

/** As a service does before it takes runs. */
async function register(): Promise<string> {
  const id = newId();
  await pool.query(
    "insert into instances (id, host, pid, start_time, lease_until) values ($1, 'here', 1, now(), now() + interval '1 hour')",
    [id],
  );
  return id;
}

function orderOf(projectId: string): DurableOrder {
  return {
    projectId,
    codeId: newId(),
    version: 0,
    trigger: "ASYNC",
    input: { method: "POST", path: "/", query: [], headers: [], body: new Uint8Array() },
    recordPayloads: "ALL",
    timeoutMs: undefined,
    notBefore: undefined,
    retryPolicy: retryPolicy(undefined, false),
    idempotent: false,
    callback: undefined,
    scheduleId: undefined,
    replayOf: undefined,
  };
}
