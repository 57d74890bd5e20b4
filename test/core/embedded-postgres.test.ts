import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { MikroORM } from "@mikro-orm/postgresql";
import pg from "pg";
import { afterEach, beforeAll, expect, test } from "vitest";
import { startEmbeddedPostgres } from "../../src/core/db/embedded-postgres.ts";
import type { Logger } from "../../src/core/logger.ts";

const MODULE = new URL("../../src/core/db/embedded-postgres.ts", import.meta.url).href;
const QUIET: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const isRoot = process.getuid?.() === 0;

/** A folder with a database that no server runs on between tests; creating one is the slow part. */
let used: string;
beforeAll(async () => {
  used = await mkdtemp(join(tmpdir(), "codeactions-test-"));
  await chmod(used, 0o755);
  await (await startEmbeddedPostgres({ folder: used, log: QUIET }))[Symbol.asyncDispose]();
  return () => rm(used, { recursive: true, force: true });
});

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

test("takes queries over a socket that only its user may reach", async () => {
  await using postgres = await startEmbeddedPostgres({ folder: used, log: QUIET });
  const settings = [
    "listen_addresses",
    "fsync",
    "synchronous_commit",
    "data_checksums",
    "TimeZone",
    "server_encoding",
  ];
  const shown = await query(
    postgres.url,
    `select ${settings.map((name) => `current_setting('${name}') as "${name}"`)}`,
  );
  expect(shown).toEqual([
    {
      listen_addresses: "",
      fsync: "on",
      synchronous_commit: "on",
      data_checksums: "on",
      TimeZone: "UTC",
      server_encoding: "UTF8",
    },
  ]);
  for (const name of ["socket", "data"])
    expect((await stat(join(used, "postgres", name))).mode & 0o777).toBe(0o700);
});

test("its address is one that the ORM understands", async () => {
  await using postgres = await startEmbeddedPostgres({ folder: used, log: QUIET });
  const orm = await MikroORM.init({
    clientUrl: postgres.url,
    entities: [],
    discovery: { warnWhenNoEntities: false },
  });
  cleanUps.push(() => orm.close(true));
  expect(await orm.em.execute("select 1 as one")).toEqual([{ one: 1 }]);
  await orm.close(true);
});

test("a restart keeps what was committed", async () => {
  {
    await using postgres = await startEmbeddedPostgres({ folder: used, log: QUIET });
    await query(postgres.url, "drop table if exists kept; create table kept as select 'yes' as answer");
  }
  await using postgres = await startEmbeddedPostgres({ folder: used, log: QUIET });
  expect(await query(postgres.url, "table kept")).toEqual([{ answer: "yes" }]);
});

test("a second service in the folder is refused and told which folder and whose it is", async () => {
  await using postgres = await startEmbeddedPostgres({ folder: used, log: QUIET });
  const refused = startEmbeddedPostgres({ folder: used, log: QUIET });
  await expect(refused).rejects.toThrow(`the database in ${used} is in use by the process ${process.pid};`);
  expect(await query(postgres.url, "select 1 as one")).toEqual([{ one: 1 }]);
});

test("of two services that start together on a new folder one gets it and one is refused", async () => {
  const folder = await newFolder();
  const starts = [1, 2].map(() => startEmbeddedPostgres({ folder, log: QUIET }));
  const outcomes = await Promise.allSettled(starts);
  expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(["fulfilled", "rejected"]);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected")
      expect(outcome.reason).toHaveProperty("message", expect.stringContaining("in use"));
    else await outcome.value[Symbol.asyncDispose]();
  }
});

test("a killed service takes its server along, and the next one finds what was committed", async () => {
  const service = await startService(used);
  await query(service.url, "drop table if exists kept; create table kept as select 'yes' as answer");
  const server = await serverOf(used);

  service.process.kill("SIGKILL");
  await expect.poll(() => isAlive(server), { timeout: 10_000 }).toBe(false);

  await using postgres = await startEmbeddedPostgres({ folder: used, log: QUIET });
  expect(await query(postgres.url, "table kept")).toEqual([{ answer: "yes" }]);
});

test("a service waits for the server of a killed one that is still stopping", async () => {
  const service = await startService(used);
  const server = await serverOf(used);
  process.kill(server, "SIGSTOP");
  service.process.kill("SIGKILL");
  await once(service.process, "close");

  const waiting = Promise.withResolvers<void>();
  const log = {
    ...QUIET,
    debug: (_: object, message: string) => message.startsWith("waiting") && waiting.resolve(),
  };
  const start = startEmbeddedPostgres({ folder: used, log });
  await waiting.promise;
  process.kill(server, "SIGCONT");
  await using postgres = await start;
  expect(await query(postgres.url, "select 1 as one")).toEqual([{ one: 1 }]);
});

test("a crash of the machine leaves nothing that stands in the way of the next start", async () => {
  await (await startEmbeddedPostgres({ folder: used, log: QUIET }))[Symbol.asyncDispose]();
  // After a reboot the recorded process id may be anybody's, here ours.
  await writeFile(join(used, "postgres", "data", "postmaster.pid"), `${process.pid}\n`);
  await mkdir(join(used, "postgres", "new-unfinished"));
  await using postgres = await startEmbeddedPostgres({ folder: used, log: QUIET });
  expect(await query(postgres.url, "select 1 as one")).toEqual([{ one: 1 }]);
  expect(existsSync(join(used, "postgres", "new-unfinished"))).toBe(false);
});

test("an interrupt from the terminal is left to the service", async () => {
  await using _postgres = await startEmbeddedPostgres({ folder: used, log: QUIET });
  const fields = (await readFile(`/proc/${await serverOf(used)}/stat`, "utf8")).split(" ");
  expect(fields[4], "its process group is its own").toBe(fields[0]);
});

test("a database of another major version is refused", async () => {
  const folder = await newFolder();
  await (await startEmbeddedPostgres({ folder, log: QUIET }))[Symbol.asyncDispose]();
  await writeFile(join(folder, "postgres", "data", "PG_VERSION"), "15\n");
  await expect(startEmbeddedPostgres({ folder, log: QUIET })).rejects.toThrow(
    "was made by PostgreSQL 15 and this is PostgreSQL 18",
  );
});

test("a folder whose path is too long for a socket is no obstacle", async () => {
  const folder = join(await newFolder(), "a-long-name".repeat(10));
  await using postgres = await startEmbeddedPostgres({ folder, log: QUIET });
  expect(await query(postgres.url, "select 1 as one")).toEqual([{ one: 1 }]);
});

test.runIf(isRoot)("below a folder that only root may enter, the data is kept in /var/lib", async () => {
  const folder = await newFolder();
  await chmod(folder, 0o700);
  const place = `/var/lib/codeactions/${createHash("sha256").update(folder).digest("hex").slice(0, 12)}`;
  cleanUps.push(() => rm(place, { recursive: true, force: true }));
  {
    await using postgres = await startEmbeddedPostgres({ folder, log: QUIET });
    await query(postgres.url, "create table kept as select 'yes' as answer");
    expect(existsSync(join(place, "postgres", "data", "PG_VERSION"))).toBe(true);
  }
  // It stays there when the folder is opened later on.
  await chmod(folder, 0o755);
  await using postgres = await startEmbeddedPostgres({ folder, log: QUIET });
  expect(await query(postgres.url, "table kept")).toEqual([{ answer: "yes" }]);
});

/** A fresh folder that everyone may enter. */
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "codeactions-test-"));
  cleanUps.push(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  return folder;
}

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  // A server that is stopped under the client must not end this process.
  client.on("error", () => {});
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** Another process that starts a server in the folder and then lives until it is killed. */
async function startService(folder: string): Promise<{ process: ChildProcess; url: string }> {
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(MODULE)});
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const postgres = await startEmbeddedPostgres({ folder: ${JSON.stringify(folder)}, log });
    console.log(postgres.url);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  cleanUps.push(() => child.kill("SIGKILL"));
  const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { process: child, url };
}

async function serverOf(folder: string): Promise<number> {
  return Number.parseInt(await readFile(join(folder, "postgres", "data", "postmaster.pid"), "utf8"), 10);
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}/cwd`);
}
