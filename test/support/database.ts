import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { inject } from "vitest";
import type { TestProject } from "vitest/node";
import { startEmbeddedPostgres } from "../../src/core/db/embedded-postgres.ts";
import { silent } from "./silent-log.ts";

declare module "vitest" {
  interface ProvidedContext {
    databaseUrl: string;
  }
}

/** One real PostgreSQL for all test files; each file makes a database of its own in it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "code-actions-test-"));
  // The server runs as an unprivileged user, which has to be able to enter.
  await chmod(folder, 0o755);
  const postgres = await startEmbeddedPostgres({ folder, log: silent });
  project.provide("databaseUrl", postgres.url);
  return async () => {
    await postgres[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  };
}

/** The address of a new, empty database. */
export async function newDatabase(): Promise<string> {
  const base = inject("databaseUrl");
  const name = `test_${process.pid}_${Math.random().toString(36).slice(2, 10)}`;
  const client = new Client({ connectionString: base });
  await client.connect();
  try {
    await client.query(`create database ${name}`);
  } finally {
    await client.end();
  }
  return base.replace(/\/[^/?]*(?=\?|$)/, `/${name}`);
}
