import type { MikroORM } from "@mikro-orm/postgresql";
import { Pool } from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { readConfig } from "../../src/core/config.ts";
import { openOrm } from "../../src/core/db/orm.ts";
import { Catalog } from "../../src/services/catalog.ts";
import { type Clients, newCode, newProject, type Service, startService } from "../support/service.ts";

let service: Service;
let clients: Clients;
let orm: MikroORM;
let pool: Pool;
let catalog: Catalog;
/** Questions to the database. */
let asked = 0;

beforeAll(async () => {
  service = await startService();
  clients = service.clients();
  orm = await openOrm(service.databaseUrl, 1);
  pool = new Pool({ connectionString: service.databaseUrl });
  pool.on("acquire", () => {
    asked += 1;
  });
  catalog = new Catalog({ orm, pool, settings: readConfig({}), deleted() {}, async tell() {} });
});

afterAll(async () => {
  await pool?.end();
  await orm?.close(true);
  await service?.[Symbol.asyncDispose]();
});

test("a code that is new, or was changed, is read before it is called; its first call asks nothing", async () => {
  const { id } = await newCode(clients, await newProject(clients), "def Run(engine):\n    return 1\n");
  catalog.expect(id);
  await vi.waitUntil(() => asked === 1);
  expect(await catalog.runnable(id, 0)).toMatchObject({ version: 1, code: { id } });
  expect(asked).toBe(1);

  await clients.codes.updateCode({ codeId: id, source: "def Run(engine):\n    return 2\n" });
  await catalog.changed(id);
  await vi.waitUntil(() => asked === 2);
  expect(await catalog.runnable(id, 0)).toMatchObject({ version: 2 });
  expect(asked).toBe(2);
});

test("what is expected and cannot be run is told to whoever calls it, who asks again", async () => {
  const nobody = "01a22500-0000-7000-8000-000000000000";
  const before = asked;
  catalog.expect(nobody);
  await vi.waitUntil(() => asked === before + 1);
  await expect(catalog.runnable(nobody, 0)).rejects.toThrow("no code has this id");
});
