import type { MikroORM } from "@mikro-orm/postgresql";
import { Pool, type QueryConfig } from "pg";
import { v7 as newId } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Run, RunEntity } from "../../src/core/db/entities/runs.ts";
import { migrate, openOrm } from "../../src/core/db/orm.ts";
import { openPool } from "../../src/core/db/pool.ts";
import { Journal, NotCommitted } from "../../src/services/journal.ts";
import type { LogChunk, LogEntry } from "../../src/services/log-entry.ts";
import { LogHistory } from "../../src/services/log-history.ts";
import { newDatabase } from "../support/database.ts";
import { silent } from "../support/silent-log.ts";

const writer = newId();
let url: string;
let orm: MikroORM;
let pool: Pool;
let committed: LogChunk[];
let journal: Journal;

beforeAll(async () => {
  url = await newDatabase();
  orm = await openOrm(url, 2);
  await migrate(orm);
  pool = new Pool({ connectionString: url });
  committed = [];
  journal = new Journal({
    pool,
    log: silent,
    settings: { writer },
    committed: (chunks) => committed.push(...chunks),
    gone: () => {},
  });
  await register(writer);
});

afterAll(async () => {
  await journal.close(1000);
  await pool.end();
  await orm.close(true);
});

test("a run that ends before its first row has left is written once, final", async () => {
  const run = aRun();
  journal.begin(run, undefined);
  expect(await journal.finish(ended(run, "SUCCEEDED"), undefined)).toBe(true);
  expect(await statusOf(run)).toBe("SUCCEEDED");
});

test("a run has one end: a later one changes nothing, and is told so", async () => {
  const run = aRun();
  expect(await journal.finish(ended(run, "FAILED"), undefined)).toBe(true);
  expect(await journal.finish(ended(run, "SUCCEEDED"), undefined)).toBe(false);
  expect(await statusOf(run)).toBe("FAILED");
});

test("whoever is not the owner of the current attempt cannot end a run", async () => {
  const run = { ...aRun(), attempt: 2 };
  await journal.recorded(run);
  expect(await journal.finish(ended({ ...run, owner: newId() }, "SUCCEEDED"), undefined)).toBe(false);
  expect(await journal.finish(ended({ ...run, attempt: 1 }, "SUCCEEDED"), undefined)).toBe(false);
  expect(await statusOf(run)).toBe("RUNNING");
});

test("the owner of an attempt may go on to the next one", async () => {
  const run = aRun();
  await journal.recorded(run);
  expect(await journal.finish(ended({ ...run, attempt: 2 }, "SUCCEEDED"), undefined)).toBe(true);
  const { rows } = await pool.query("select status, attempt from runs where id = $1", [run.id]);
  expect(rows).toEqual([{ status: "SUCCEEDED", attempt: 2 }]);
});

test("bodies of any bytes come back as they were", async () => {
  const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const run = aRun();
  const payload = {
    method: "POST",
    path: "/",
    query: [["a", "ü 'quoted' \\ \"é\""]] as [string, string][],
    headers: [] as [string, string][],
    body: every,
    result: {
      statusCode: 201,
      contentType: "x/y",
      headers: [["b", "ö"]] as [string, string][],
      body: every.toReversed(),
    },
  };
  await journal.finish(ended(run, "SUCCEEDED"), payload);
  const { rows } = await pool.query("select * from run_payloads where run_id = $1", [run.id]);
  expect(Buffer.from(rows[0].body)).toEqual(Buffer.from(every));
  expect(Buffer.from(rows[0].result_body)).toEqual(Buffer.from(every.toReversed()));
  expect(rows[0].query).toEqual(payload.query);
});

test("a run's row comes back as it was written, whatever its columns hold", async () => {
  const full: Run = {
    ...ended(aRun(), "FAILED"),
    startTime: new Date("1969-12-31T23:59:59.999Z"),
    errorKind: "",
    errorMessage: "ünïcode 🎈, a tab\t and half a pair \ud800.",
    errorTraceback: "x".repeat(100_000),
    queueUs: 2 ** 53 - 1,
    startUs: -1,
    wallUs: 2 ** 32,
    cpuUs: 2 ** 31,
    peakMemoryBytes: 0,
    logEntries: 7,
    cold: false,
  };
  const sparse = { ...ended(aRun(), "LOST"), codeId: null, owner: null };
  await Promise.all([journal.finish(full, undefined), journal.finish(sparse, undefined)]);
  const em = orm.em.fork();
  expect(await em.findOneOrFail(RunEntity, { id: full.id })).toMatchObject({
    ...full,
    errorMessage: "ünïcode 🎈, a tab\t and half a pair \ufffd.",
  });
  expect(await em.findOneOrFail(RunEntity, { id: sparse.id })).toMatchObject({ ...sparse, cold: null });
});

test("a commit whose confirmation is lost is not made twice, and what it said stands", async () => {
  let lost = 0;
  const unreliable = new Proxy(pool, {
    get: (target, name) => {
      if (name !== "query") return Reflect.get(target, name);
      return async (ask: QueryConfig) => {
        const answer = await target.query(ask);
        if (lost++ === 0) throw new Error("Connection terminated unexpectedly");
        return answer;
      };
    },
  });
  const other = new Journal({
    pool: unreliable,
    log: silent,
    settings: { writer },
    committed: () => {},
    gone: () => {},
  });
  const run = aRun();
  other.append(run, [anEntry(1), anEntry(2)]);
  await other.finish(ended(run, "SUCCEEDED"), undefined);
  await other.close(1000);
  expect(lost).toBe(2);
  expect(await statusOf(run)).toBe("SUCCEEDED");
  const { rows } = await pool.query("select entries from log_chunks where run_id = $1", [run.id]);
  expect(rows).toEqual([{ entries: 2 }]);
});

test("a commit that is not confirmed in time is tried again, and stands once however the first one went", async () => {
  const impatient = openPool({ url, connectionsMax: 2, answerMs: 300 }, silent);
  const other = new Journal({
    pool: impatient,
    log: silent,
    settings: { writer },
    committed: () => {},
    gone: () => {},
  });
  const holder = await pool.connect();
  await holder.query("begin");
  await holder.query("select 1 from instances where id = $1 for update", [writer]);
  const run = aRun();
  other.append(run, [anEntry(1), anEntry(2)]);
  const finished = other.finish(ended(run, "SUCCEEDED"), undefined);
  const underWay = async () =>
    (
      await pool.query(
        "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
      )
    ).rowCount;
  await expect.poll(underWay).toBeGreaterThan(1);
  await holder.query("commit");
  holder.release();
  await finished;
  await other.close(1000);
  await impatient.end();
  expect(await statusOf(run)).toBe("SUCCEEDED");
  const { rows } = await pool.query("select entries from log_chunks where run_id = $1", [run.id]);
  expect(rows).toEqual([{ entries: 2 }]);
});

test("a run's log is committed with or before its end, in order, and can be read back", async () => {
  const run = aRun();
  const entries = Array.from({ length: 2500 }, (_, index) => anEntry(index + 1));
  journal.append(run, entries.slice(0, 1200));
  journal.append(run, entries.slice(1200));
  await journal.finish(ended(run, "SUCCEEDED"), undefined);
  const chunks = await new LogHistory(pool).from({ kind: "run", runId: run.id }, undefined, {}, 100);
  expect(chunks.flatMap((chunk) => chunk.entries)).toEqual(entries);
  const positions = committed.map((chunk) => chunk.position);
  expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  expect(new Set(positions).size).toBe(positions.length);
});

test("what the database refuses for what it is does not take its neighbours down", async () => {
  const [good, bad] = [aRun(), { ...aRun(), errorMessage: "a NUL: \0" }];
  const outcomes = await Promise.allSettled([
    journal.finish(ended(good, "SUCCEEDED"), undefined),
    journal.finish(ended(bad, "FAILED"), undefined),
  ]);
  expect(outcomes[0]).toEqual({ status: "fulfilled", value: true });
  expect(outcomes[1]).toMatchObject({ status: "rejected", reason: expect.any(NotCommitted) });
  expect(journal.pendingBytes).toBe(0);
});

test("a run that was not seen by anybody can be taken back", async () => {
  const run = aRun();
  journal.begin(run, undefined);
  expect(journal.withdraw(run.id)).toBe(true);
  await journal.finish(ended(aRun(), "SUCCEEDED"), undefined);
  expect(await statusOf(run)).toBeUndefined();
});

test("a thousand runs that end together cost a few commits", async () => {
  const before = await commits();
  const runs = Array.from({ length: 1000 }, aRun);
  const ours = await Promise.all(runs.map((run) => journal.finish(ended(run, "SUCCEEDED"), undefined)));
  expect(ours.every(Boolean)).toBe(true);
  expect((await commits()) - before).toBeLessThan(20);
});

/** As a service does before it has runs. */
async function register(instanceId: string): Promise<void> {
  await pool.query(
    "insert into instances (id, host, pid, start_time, lease_until) values ($1, 'here', 1, now(), now() + interval '1 hour')",
    [instanceId],
  );
}

function aRun(): Run {
  return {
    id: newId(),
    projectId: newId(),
    codeId: newId(),
    version: 1,
    trigger: "RPC",
    status: "RUNNING",
    attempt: 1,
    owner: writer,
    createTime: new Date(),
  } as Run;
}

function ended(run: Run, status: Run["status"]): Run {
  return { ...run, status, endTime: new Date() };
}

function anEntry(sequence: number): LogEntry {
  const text = sequence % 7 === 0 ? "" : `line ${sequence} with ünïcode 🎈\nand a second line`;
  return {
    sequence,
    timeUs: 1_700_000_000_000_000 + sequence,
    level: "info",
    stream: "stdout",
    text,
    truncated: sequence % 5 === 0,
  };
}

async function statusOf(run: Run): Promise<string | undefined> {
  const { rows } = await pool.query<{ status: string }>("select status from runs where id = $1", [run.id]);
  return rows[0]?.status;
}

/** Rows of one transaction share its id: how many distinct ones there are is how many commits there were. */
async function commits(): Promise<number> {
  const { rows } = await pool.query<{ n: string }>("select count(distinct xmin::text) as n from runs");
  return Number(rows[0]!.n);
}
