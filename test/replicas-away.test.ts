import { rm } from "node:fs/promises";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Role } from "../gen/codeactions/v1/project_pb.ts";
import { RunStatus } from "../gen/codeactions/v1/run_pb.ts";
import { newDatabase } from "./support/database.ts";
import { newDataFolder, start } from "./support/processes.ts";
import { TestRedis } from "./support/redis.ts";
import {
  answer,
  COUNT,
  expectWhole,
  says,
  sharedSettings,
  startedOf,
  untilConnected,
  WAIT,
} from "./support/replicas.ts";
import {
  type Clients,
  newCode,
  newProject,
  refusalOf,
  type Service,
  startService,
  utf8,
} from "./support/service.ts";
import { Tail } from "./support/tail.ts";

/** Several services on one database that cannot hear each other: those that must not start, and Redis that is away. */

let redis: TestRedis;
let settings: Record<string, string>;
let first: Service;
let second: Service;
let a: Clients;
let b: Clients;
let projectId: string;

beforeAll(async () => {
  redis = await TestRedis.start();
  settings = await sharedSettings(redis);
  [first, second] = await Promise.all([startService(settings), startService(settings)]);
  [a, b] = [first.clients("grpc"), second.clients("grpc")];
  projectId = await newProject(a);
});

afterAll(async () => {
  await Promise.all([first, second].map((service) => service?.[Symbol.asyncDispose]()));
  await redis?.[Symbol.asyncDispose]();
});

test("while Redis is away, killed or just silent, nothing wrong is served for longer than a moment, and all goes on", async () => {
  const { id: codeId } = await newCode(a, projectId, says("old"));
  const { token, secret } = await a.projects.createToken({
    projectId,
    name: "of the test",
    role: Role.CONTRIBUTOR,
  });
  const known = second.clients("connect", secret);
  expect(await answer(known, codeId)).toBe("old");
  await redis.kill();
  await a.codes.updateCode({ codeId, source: says("new") });
  await expect.poll(() => answer(known, codeId), { timeout: 10_000 }).toBe("new");
  await a.projects.revokeToken({ projectId, tokenId: token!.id });
  await expect
    .poll(
      () =>
        refusalOf(known.runs.runCode({ codeId })).then(
          ({ reason }) => reason,
          () => "none",
        ),
      {
        timeout: 10_000,
      },
    )
    .toBe("TOKEN_INVALID");
  const waiting = await newCode(a, projectId, WAIT);
  const stream = a.runs.runCodeStream({ codeId: waiting.id })[Symbol.asyncIterator]();
  const runId = startedOf((await stream.next()).value);
  expect((await b.runs.cancelRun({ runId })).run?.status).toBe(RunStatus.CANCELLED);
  const ready = await fetch(`${second.url}/readyz`);
  expect(ready.status).toBe(200);
  expect(((await ready.json()) as { checks: unknown[] }).checks).toContainEqual(
    expect.objectContaining({ name: "redis", needed: false, ok: false }),
  );
  expect((await fetch(`${second.url}/action/endpoint/${codeId}`)).status).toBe(200);
  await redis.start();
  await untilConnected(first, second);
  await a.codes.updateCode({ codeId, source: says("newest") });
  expect(await answer(b, codeId)).toBe("newest");
  process.kill(redis.pid, "SIGSTOP");
  try {
    await a.codes.updateCode({ codeId, source: says("silent") });
    await expect.poll(() => answer(b, codeId), { timeout: 10_000 }).toBe("silent");
  } finally {
    process.kill(redis.pid, "SIGCONT");
  }
  await untilConnected(first, second);
  await a.codes.updateCode({ codeId, source: says("last") });
  expect(await answer(b, codeId)).toBe("last");
});

test("a tail of what runs elsewhere loses and repeats nothing while Redis is killed and started again", async () => {
  const { id: codeId } = await newCode(a, projectId, COUNT);
  const tails = [
    new Tail(b, { scope: { case: "codeId", value: codeId } }),
    new Tail(b, { scope: { case: "projectId", value: projectId }, codeIds: [codeId] }),
  ];
  await Promise.all(tails.map((tail) => tail.started));
  const lines = 1500;
  const input = { body: utf8(String(lines)) };
  const stream = a.runs.runCodeStream({ codeId, input })[Symbol.asyncIterator]();
  const runId = startedOf((await stream.next()).value);
  const byRun = new Tail(b, {
    scope: { case: "runId", value: runId },
    from: { case: "beginning", value: true },
  });
  const elsewhere = b.runs.runCode({ codeId, input });
  const all = [...tails, byRun];
  const reached = (count: number) =>
    Promise.all(all.map((tail) => tail.until((entries) => entries.length >= count)));
  await reached(150);
  await redis.kill();
  await reached(450);
  await redis.start();
  await reached(750);
  await redis.kill();
  await redis.start();
  await elsewhere;
  expect((await byRun.ended)?.status).toBe(RunStatus.SUCCEEDED);
  expectWhole(byRun.entries, 1, lines);
  for (const tail of tails) {
    await tail.until((entries) => entries.length >= 2 * lines);
    await tail.stop();
    expectWhole(tail.entries, 2, lines);
  }
  await stream.return?.();
  await untilConnected(first, second);
});

test("a service that would not hear of what others do, or cannot open what they seal, does not start", async () => {
  const startWith = (changed: Record<string, string>) => startService({ ...settings, ...changed });
  await expect(startWith({ REDIS_URL: "" })).rejects.toThrow(/another Code Actions.*REDIS_URL/s);
  await expect(startWith({ CODEACTIONS_SECRET_KEY: Buffer.alloc(32, 8).toString("base64") })).rejects.toThrow(
    /another key.*CODEACTIONS_SECRET_KEY/s,
  );
  await expect(startWith({ CODEACTIONS_SECRET_KEY: "" })).rejects.toThrow(/another key/);
  const DATABASE_URL = await newDatabase();
  await using _alone = await startWith({ REDIS_URL: "", DATABASE_URL });
  await expect(startWith({ DATABASE_URL })).rejects.toThrow(/another Code Actions without REDIS_URL/);
});

test("two services that start at once on an empty database both do, and one that is killed is not waited for", async () => {
  const DATABASE_URL = await newDatabase();
  const folders = [await newDataFolder(), await newDataFolder()];
  const [one, two] = await Promise.all(
    folders.map((folder) => start(["serve"], { ...settings, DATABASE_URL, CODEACTIONS_DATA_DIR: folder })),
  );
  try {
    const { id: codeId } = await newCode(one!.clients, await newProject(one!.clients), says("1"));
    expect(await answer(two!.clients, codeId)).toBe("1");
    const { tokens } = await tokensOf(DATABASE_URL);
    expect(tokens).toBe(1);
    await one!.end("SIGKILL");
    await untilConnected(two!);
    await two!.clients.codes.updateCode({ codeId, source: says("2") });
    expect(await answer(two!.clients, codeId)).toBe("2");
    expect(await two!.end("SIGTERM")).toBe(0);
  } finally {
    await Promise.all([one!.end("SIGKILL"), two!.end("SIGKILL")]);
    for (const folder of folders)
      await rm(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
  }
});

test("a service starts while Redis is away, and shares what it is told once it is there", async () => {
  await using late = await TestRedis.start();
  await late.kill();
  const away = { ...settings, DATABASE_URL: await newDatabase(), REDIS_URL: late.url };
  await using one = await startService(away);
  await using two = await startService(away);
  const { id: codeId } = await newCode(one.clients(), await newProject(one.clients()), says("1"));
  expect(await answer(two.clients(), codeId)).toBe("1");
  await late.start();
  await untilConnected(one, two);
  await one.clients().codes.updateCode({ codeId, source: says("2") });
  expect(await answer(two.clients(), codeId)).toBe("2");
});

test("services that were given different Redis servers say so, and still serve what is so", async () => {
  await using other = await TestRedis.start();
  await using apart = await startService({ ...settings, REDIS_URL: other.url });
  const c = apart.clients("grpc");
  const { id: codeId } = await newCode(a, projectId, says("one"));
  expect(await answer(c, codeId)).toBe("one");
  await a.codes.updateCode({ codeId, source: says("two") });
  await expect.poll(() => answer(c, codeId), { timeout: 10_000 }).toBe("two");
  await c.codes.updateCode({ codeId, source: says("three") });
  await expect.poll(() => answer(a, codeId), { timeout: 10_000 }).toBe("three");
  expect(await (await fetch(`${apart.url}/readyz`)).text()).toContain("is the REDIS_URL of all the same?");
});

async function tokensOf(databaseUrl: string): Promise<{ tokens: number }> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ tokens: number }>("select count(*)::int as tokens from tokens");
    return rows[0]!;
  } finally {
    await client.end();
  }
}
