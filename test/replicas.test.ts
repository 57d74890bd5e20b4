import { afterAll, beforeAll, expect, test } from "vitest";
import { newDatabase } from "./support/database.ts";
import { TestRedis } from "./support/redis.ts";
import {
  type Clients,
  newCode,
  newProject,
  refusalOf,
  type Service,
  startService,
  textOf,
} from "./support/service.ts";

/** Several services on one database: what one learns the others know. */

const KEY = Buffer.alloc(32, 7).toString("base64");

let redis: TestRedis;
let settings: Record<string, string>;
let services: Service[];
let a: Clients;
let b: Clients;
let projectId: string;

beforeAll(async () => {
  redis = await TestRedis.start();
  settings = {
    DATABASE_URL: await newDatabase(),
    REDIS_URL: redis.url,
    CODEACTIONS_SECRET_KEY: KEY,
    CODEACTIONS_GO: "/nonexistent/go",
  };
  services = await Promise.all([startService(settings), startService(settings)]);
  [a, b] = services.map((service) => service.clients("grpc")) as [Clients, Clients];
  projectId = await newProject(a);
});

afterAll(async () => {
  await Promise.all((services ?? []).map((service) => service[Symbol.asyncDispose]()));
  await redis?.[Symbol.asyncDispose]();
});

test("a version that is published at one service is what the next call of another one runs", async () => {
  const { id: codeId } = await newCode(a, projectId, says(0));
  expect(await answer(b, codeId)).toBe("0");
  for (let n = 1; n <= 20; n++) {
    await a.codes.updateCode({ codeId, source: says(n) });
    expect(await answer(b, codeId)).toBe(String(n));
  }
  await b.codes.activateCodeVersion({ codeId, number: 1 });
  expect(await answer(a, codeId)).toBe("0");
});

test("a version that one service refuses because its workers die is refused by another one, until either lifts it", async () => {
  const { id: codeId } = await newCode(a, projectId, "import os\ndef Run(engine): os._exit(7)\n");
  for (let n = 0; n < 5; n++) await a.runs.runCode({ codeId });
  await expect
    .poll(async () => (await b.runs.getPool({ projectId })).pool?.quarantines.map((one) => one.codeId))
    .toEqual([codeId]);
  expect(await refusalOf(b.runs.runCode({ codeId }))).toMatchObject({ reason: "CODE_QUARANTINED" });
  await b.runs.liftQuarantine({ codeId, version: 1 });
  await expect.poll(async () => (await a.runs.getPool({ projectId })).pool?.quarantines).toEqual([]);
});

function says(n: number): string {
  return `def Run(engine): return '${n}'\n`;
}

async function answer({ runs }: Clients, codeId: string): Promise<string> {
  const { run } = await runs.runCode({ codeId });
  return textOf(run?.result?.body);
}
