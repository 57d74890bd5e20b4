import { afterEach, beforeEach, expect, test } from "vitest";
import { NotShared, ServiceLock } from "../../src/services/service-lock.ts";
import { newDatabase } from "../support/database.ts";
import { type Line, openLine } from "../support/line.ts";

/** A service's place on the database, over a network that breaks. */

let databaseUrl: string;
let line: Line;
beforeEach(async () => {
  databaseUrl = await newDatabase();
  line = await openLine(databaseUrl);
});
afterEach(() => line[Symbol.asyncDispose]());

function lockOf(instanceId: string, isShared: boolean, url = line.url) {
  const lost = Promise.withResolvers<Error>();
  const lock = new ServiceLock({ databaseUrl: url, instanceId, keyFingerprint: 1, isShared }, lost.resolve);
  return { lock, lost: lost.promise };
}

test("a service alone has its place again although the database takes its broken connection for alive", async () => {
  const { lock, lost } = lockOf("one", false);
  await using _ = lock;
  await lock.take();
  line.cut();
  const isBack = expect.poll(() => lock.databaseId().catch(() => "")).not.toBe("");
  await Promise.race([isBack, lost.then((error) => Promise.reject(error))]);
  const { lock: another } = lockOf("another", false, databaseUrl);
  await expect(another.take()).rejects.toBeInstanceOf(NotShared);
});

test("a service that shares the database does not end what another one holds", async () => {
  const { lock: one } = lockOf("one", true);
  const { lock: another, lost } = lockOf("another", true, databaseUrl);
  await using _one = one;
  await using _another = another;
  await another.take();
  await one.take();
  const others = await another.others();
  line.cut();
  await expect.poll(() => one.others().catch(() => new Set())).toHaveProperty("size", 1);
  await expect.poll(() => another.others()).toEqual(others);
  expect(await Promise.race([lost, "nothing lost"])).toBe("nothing lost");
});

test("who else is there is known again after the database's host was gone without a word", async () => {
  const { lock } = lockOf("one", true);
  await using _ = lock;
  await lock.take();
  line.silence();
  await expect(lock.others()).rejects.toThrow("Query read timeout");
  await expect.poll(() => lock.others().catch(() => undefined), { timeout: 20_000 }).toEqual(new Set());
});
