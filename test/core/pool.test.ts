import { expect, test } from "vitest";
import { openOrm } from "../../src/core/db/orm.ts";
import { openPool, patient } from "../../src/core/db/pool.ts";
import { newDatabase } from "../support/database.ts";
import { openLine } from "../support/line.ts";
import { silent } from "../support/silent-log.ts";

/** Connections to a database whose host is gone without a word. */

const ANSWER_MS = 300;

test("a question that is not answered has failed, and the next one has a connection of its own", async () => {
  await using line = await openLine(await newDatabase());
  const pool = openPool({ url: line.url, connectionsMax: 1, answerMs: ANSWER_MS }, silent);
  await using _ = { [Symbol.asyncDispose]: () => pool.end() };
  await pool.query("select 1");
  line.silence();
  await expect(pool.query("select 2")).rejects.toThrow("Query read timeout");
  expect((await pool.query("select 3 as three")).rows).toEqual([{ three: 3 }]);
});

test("a connection on which an answer is still due is nobody's any more", async () => {
  await using line = await openLine(await newDatabase());
  const pool = openPool({ url: line.url, connectionsMax: 1, answerMs: ANSWER_MS }, silent);
  await using _ = { [Symbol.asyncDispose]: () => pool.end() };
  const client = await pool.connect();
  line.silence();
  await expect(client.query("select 1")).rejects.toThrow("Query read timeout");
  client.release();
  expect((await pool.query("select 2 as two")).rows).toEqual([{ two: 2 }]);
});

test("the same holds for the ORM's connections, in and out of a transaction", async () => {
  await using line = await openLine(await newDatabase());
  const orm = await openOrm(line.url, 1, ANSWER_MS);
  await using _ = { [Symbol.asyncDispose]: () => orm.close(true) };
  const { em } = orm;
  await em.execute("select 1");
  line.silence();
  await expect(em.execute("select 2")).rejects.toThrow("Query read timeout");
  expect(await em.execute("select 3 as three")).toEqual([{ three: 3 }]);
  const transaction = em.fork().transactional(async (inner) => {
    await inner.execute("select 4");
    line.silence();
    await inner.execute("select 5");
  });
  await expect(transaction).rejects.toThrow("Query read timeout");
  expect(await em.execute("select 6 as six")).toEqual([{ six: 6 }]);
});

test("a connection that does not come about has failed, too", async () => {
  await using line = await openLine(await newDatabase());
  line.muffle();
  const pool = openPool({ url: line.url, connectionsMax: 1, answerMs: ANSWER_MS }, silent);
  await using _ = { [Symbol.asyncDispose]: () => pool.end() };
  await expect(pool.query("select 1")).rejects.toThrow("Connection terminated due to connection timeout");
});

test("what looks after many rows may take longer than other questions", async () => {
  const pool = openPool({ url: await newDatabase(), connectionsMax: 1, answerMs: ANSWER_MS }, silent);
  await using _ = { [Symbol.asyncDispose]: () => pool.end() };
  await expect(pool.query("select pg_sleep(0.5)")).rejects.toThrow("Query read timeout");
  expect((await pool.query(patient("select pg_sleep(0.5)"))).rowCount).toBe(1);
});
