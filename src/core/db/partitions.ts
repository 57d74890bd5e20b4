import type { Pool } from "pg";
import { patient } from "./pool.ts";

const TABLES = ["runs", "run_payloads", "run_orders", "log_chunks"] as const;
const DAY_MS = 86_400_000;
const DAYS_AHEAD = 7;

/** The smallest UUIDv7 of a moment: ids of that millisecond or later are not below it. */
export function firstIdAt(timeMs: number): string {
  const hex = Math.max(0, Math.floor(timeMs)).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** The moment in a UUIDv7, in milliseconds since the epoch. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/**
 * Makes the partitions of today and the days ahead, and drops those that hold nothing younger than the retention.
 * Dropping a day costs the same however many runs it had. Returns the names of both.
 */
export async function maintainPartitions(
  pool: Pool,
  retentionDays: number,
  nowMs: number,
): Promise<{ made: string[]; dropped: string[] }> {
  const today = Math.floor(nowMs / DAY_MS);
  const { rows } = await pool.query<{ name: string }>(
    "select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'partitions' and c.relkind = 'r'",
  );
  const existing = new Set(rows.map((row) => row.name));
  const made: string[] = [];
  const dropped: string[] = [];
  for (const table of TABLES) {
    for (let day = today; day <= today + DAYS_AHEAD; day++) {
      const name = partitionName(table, day);
      if (existing.has(name)) continue;
      await makePartition(pool, table, name, day);
      made.push(name);
    }
    for (const name of existing) {
      const day = dayOf(table, name);
      if (day === undefined || day >= today - retentionDays) continue;
      await pool.query(patient(`drop table if exists partitions.${name}`));
      dropped.push(name);
    }
  }
  return { made, dropped };
}

/**
 * Rows of a day without a partition wait in the default one, and PostgreSQL will not make a partition beside them:
 * they are moved in the same transaction. The lock keeps two services from doing it at once.
 */
async function makePartition(pool: Pool, table: string, name: string, day: number): Promise<void> {
  const key = table === "runs" ? "id" : "run_id";
  const [from, to] = [firstIdAt(day * DAY_MS), firstIdAt((day + 1) * DAY_MS)];
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query(patient("select pg_advisory_xact_lock(hashtext('codeactions.partitions'))"));
    await client.query(`create table if not exists partitions.${name} (like ${table} including all)`);
    const attached = await client.query("select 1 from pg_inherits where inhrelid = $1::regclass", [
      `partitions.${name}`,
    ]);
    if (attached.rowCount === 0) {
      await client.query(
        patient(
          `with moved as (delete from partitions.${table}_default where ${key} >= '${from}' and ${key} < '${to}' returning *)
           insert into partitions.${name} select * from moved`,
        ),
      );
      await client.query(
        patient(
          `alter table ${table} attach partition partitions.${name} for values from ('${from}') to ('${to}')`,
        ),
      );
    }
    await client.query("commit");
    client.release();
  } catch (error) {
    // A connection in an unknown state is not used again.
    client.release(true);
    throw error;
  }
}

function partitionName(table: string, day: number): string {
  return `${table}_${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll("-", "")}`;
}

function dayOf(table: string, name: string): number | undefined {
  const match = new RegExp(`^${table}_(\\d{4})(\\d{2})(\\d{2})$`).exec(name);
  return match ? Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])) / DAY_MS : undefined;
}
