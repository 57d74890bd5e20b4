import type { MikroORM } from "@mikro-orm/postgresql";
import { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { migrate, openOrm } from "../../src/core/db/orm.ts";
import { firstIdAt, maintainPartitions, timeOfId } from "../../src/core/db/partitions.ts";
import { newDatabase } from "../support/database.ts";

let url: string;
let orm: MikroORM;
let pool: Pool;

beforeAll(async () => {
  url = await newDatabase();
  orm = await openOrm(url, 4);
  pool = new Pool({ connectionString: url });
});

afterAll(async () => {
  await orm.close(true);
  await pool.end();
});

test("two services that start at once migrate once", async () => {
  const second = await openOrm(url, 4);
  const done = await Promise.all([migrate(orm), migrate(second)]);
  await second.close(true);
  expect(done.map((names) => names.length).sort()).toEqual([0, (await orm.migrator.getExecuted()).length]);
});

test("the migrated database is the one the entities describe", async () => {
  expect(await orm.schema.getUpdateSchemaSQL({ wrap: false })).toBe("");
});

test("migrations run back to nothing and forward again", async () => {
  await orm.migrator.down({ to: 0 });
  const { rows } = await pool.query(
    "select table_name from information_schema.tables where table_schema in ('public', 'partitions') and table_name <> 'migrations'",
  );
  expect(rows).toEqual([]);
  await migrate(orm);
  expect(await orm.schema.getUpdateSchemaSQL({ wrap: false })).toBe("");
});

test("partitions are made ahead, and a day beyond the retention is dropped whole", async () => {
  const now = Date.UTC(2030, 0, 31, 12);
  const first = await maintainPartitions(pool, 30, now - 40 * 86_400_000);
  expect(first.made).toContain("runs_20291222");
  const later = await maintainPartitions(pool, 30, now);
  expect(later.dropped).toContain("runs_20291222");
  expect(later.dropped).not.toContain("runs_20300101");
  expect(later.made).toContain("log_chunks_20300207");
});

test("rows of a day without a partition are kept, and move into it once it is made", async () => {
  const day = Date.UTC(2031, 5, 1);
  const id = firstIdAt(day + 1000).replace(/-0000-0000-000000000000$/, "-7000-8000-000000000001");
  await pool.query(
    "insert into run_payloads (run_id, method, path, query, headers, body) values ($1, 'GET', '/', '[]', '[]', '')",
    [id],
  );
  await maintainPartitions(pool, 30, day);
  const { rows } = await pool.query(
    "select tableoid::regclass::text as at from run_payloads where run_id = $1",
    [id],
  );
  expect(rows).toEqual([{ at: "partitions.run_payloads_20310601" }]);
  expect(timeOfId(id)).toBe(day + 1000);
});
