import { v7 as newId } from "uuid";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openRedis, type RedisConnection } from "../../src/core/redis.ts";
import type { LogChunk } from "../../src/services/log-entry.ts";
import { decodeLogMessage, encodeLogMessage } from "../../src/services/log-message.ts";
import type { NewsItem } from "../../src/services/news.ts";
import { RedisNews } from "../../src/services/redis-news.ts";
import { tagOf } from "../../src/services/service-lock.ts";
import { TestRedis } from "../support/redis.ts";
import { silent } from "../support/silent-log.ts";

/** What services say to each other, and how they notice that something was not heard. */

const PREFIX = "codeactions:test:";

let redis: TestRedis;
/** Somebody on the line who says what the test wants said. */
let stranger: RedisConnection;
/** Those whose locks are held. */
const alive = new Set<number>();
const open: AsyncDisposable[] = [];

beforeAll(async () => {
  redis = await TestRedis.start();
  stranger = await connect("stranger");
});

afterEach(async () => {
  for (const part of open.splice(0)) await part[Symbol.asyncDispose]();
  alive.clear();
});

afterAll(async () => {
  stranger?.disconnect();
  await redis?.[Symbol.asyncDispose]();
});

test("whoever tells something waits until all others have taken it in, and does not hear it itself", async () => {
  const [one, two, three] = [await join(), await join(), await join()];
  const published: NewsItem = { kind: "code", codeId: newId(), isDeleted: false };
  const cancelled: NewsItem = { kind: "cancel", runId: newId(), reason: "why" };
  await one.news.tell(published);
  expect([one.items, two.items, three.items]).toEqual([[], [published], [published]]);
  await three.news.tell(cancelled);
  expect([one.items, two.items, three.items]).toEqual([[cancelled], [published, cancelled], [published]]);
});

test("a word that is missing is noticed at the next one, and everything is read anew", async () => {
  const [one, two] = [await join(), await join()];
  const before = one.missed;
  const { epoch, number } = await nextWordOf(two.id);
  const word = { from: two.id, epoch, number: number + 5, say: { kind: "beat" } };
  await stranger.publish(`${PREFIX}news`, JSON.stringify(word));
  await expect.poll(() => one.missed).toBeGreaterThan(before);
  expect(one.news.figures.lost).toBeGreaterThan(0);
  // Both know each other again.
  const item: NewsItem = { kind: "secrets", projectId: newId() };
  await expect.poll(() => one.news.isComplete).toBe(true);
  await two.news.tell(item);
  expect(one.items.at(-1)).toEqual(item);
});

test("as long as a service lives that is not heard, what is remembered is dropped again and again", async () => {
  const mute = tagOf(newId());
  const one = await join();
  expect(one.news.isComplete).toBe(true);
  alive.add(mute);
  await expect.poll(() => one.news.isComplete, { timeout: 5_000 }).toBe(false);
  const before = one.missed;
  await expect.poll(() => one.missed, { timeout: 10_000 }).toBeGreaterThan(before + 2);
  expect(() => one.news.describe()).toThrow("1 of 1 other services on this database not heard");
  alive.delete(mute);
  await expect.poll(() => one.news.isComplete, { timeout: 5_000 }).toBe(true);
});

test("a service that leaves is not waited for, nor missed", async () => {
  const [one, two] = [await join(), await join()];
  const before = one.missed;
  await two.news[Symbol.asyncDispose]();
  await expect.poll(() => one.news.others).toBe(0);
  await one.news.tell({ kind: "tokens" });
  expect([one.news.isComplete, one.missed]).toEqual([true, before]);
});

test("only logs that are followed elsewhere travel, each writer's in the order of its commits", async () => {
  const [one, two] = [await join(), await join()];
  const [followed, other] = [newId(), newId()];
  const seen = await listenTo("log:*");
  const following = await two.news.follow(followed);
  expect(following.places.get(one.id)).toBe(one.place);
  const chunks = [1, 2, 3, 4].map((n) => aChunk(one.id, n % 2 === 0 ? other : followed, n));
  one.news.committed(chunks);
  one.news.ended({ id: chunks[0]!.runId, projectId: followed });
  await expect.poll(() => two.again).toEqual([{ runId: chunks[0]!.runId }]);
  expect(two.chunks).toEqual([chunks[0], chunks[2]]);
  expect(one.chunks).toEqual([]);
  expect(new Set(seen)).toEqual(new Set([`${PREFIX}log:${followed}`]));
});

test("a service that joins late is told of logs that are followed already", async () => {
  const one = await join();
  const projectId = newId();
  using _following = await one.news.follow(projectId);
  const two = await join();
  const chunk = aChunk(two.id, projectId, 1);
  two.news.committed([chunk]);
  await expect.poll(() => one.chunks).toEqual([chunk]);
  expect(one.again).toEqual([]);
});

test("a log message that is missing sends the followers of the project to the history", async () => {
  const [one, two] = [await join(), await join()];
  const projectId = newId();
  using _following = await two.news.follow(projectId);
  one.news.committed([aChunk(one.id, projectId, 1)]);
  await expect.poll(() => two.chunks.length).toBe(1);
  const { epoch } = await nextWordOf(one.id);
  const message = { from: one.id, epoch, number: 2, chunks: [aChunk(one.id, projectId, 3)], ended: [] };
  await stranger.publish(`${PREFIX}log:${projectId}`, encodeLogMessage(message));
  await expect.poll(() => two.again).toEqual([{ projectId }]);
});

test("nonsense on the line harms nobody", async () => {
  const [one, two] = [await join(), await join()];
  const projectId = newId();
  using _following = await one.news.follow(projectId);
  for (const nonsense of ["", "{", "null", "[]", '"x"', '{"from":1}'])
    for (const channel of ["news", `to:${one.id}`, `log:${projectId}`])
      await stranger.publish(`${PREFIX}${channel}`, nonsense);
  await two.news.tell({ kind: "tokens" });
  expect(one.items).toEqual([{ kind: "tokens" }]);
  expect(one.news.others).toBe(1);
});

test("log chunks arrive as they were, whatever they hold", () => {
  const [writer, projectId] = [newId(), newId()];
  const entries = ["", "plain", "ünïcode 🎈\nand a second line", "\0"].map((text, n) => ({
    sequence: 7 + n,
    timeUs: 1_700_000_000_000_000 + n,
    level: "warning" as const,
    stream: "stderr" as const,
    text,
    truncated: n === 2,
  }));
  const chunks = [
    aChunk(writer, projectId, 1),
    { ...aChunk(writer, projectId, 2), firstSequence: 7, entries },
  ];
  const message = { from: writer, epoch: 3, number: 9, chunks, ended: [newId()] };
  expect(decodeLogMessage(projectId, encodeLogMessage(message))).toEqual(message);
});

interface Member {
  readonly id: string;
  readonly news: RedisNews;
  readonly place: number;
  readonly items: NewsItem[];
  readonly chunks: LogChunk[];
  readonly again: object[];
  missed: number;
}

/** One more service, as far as the news goes; it knows all others when this answers. */
async function join(): Promise<Member> {
  const id = newId();
  const [publisher, subscriber] = [await connect("publisher"), await connect("subscriber")];
  const place = Math.floor(Math.random() * 1e15);
  const news = new RedisNews({
    id,
    prefix: PREFIX,
    publisher,
    subscriber,
    others: async () => new Set([...alive].filter((tag) => tag !== tagOf(id))),
    place: () => place,
    log: silent,
  });
  const member: Member = { id, news, place, items: [], chunks: [], again: [], missed: 0 };
  alive.add(tagOf(id));
  await news.start({
    heard: (item) => member.items.push(item),
    greeted: () => {},
    missed: () => {
      member.missed += 1;
    },
    committed: (chunks) => member.chunks.push(...chunks),
    lookAgain: (what) => member.again.push(what),
  });
  open.push({
    async [Symbol.asyncDispose]() {
      await news[Symbol.asyncDispose]();
      publisher.disconnect();
      subscriber.disconnect();
    },
  });
  await expect.poll(() => news.isComplete).toBe(true);
  return member;
}

async function connect(name: string): Promise<RedisConnection> {
  const connection = openRedis({ url: redis.url, name, log: silent, commandMs: 5_000 });
  await new Promise<void>((ready) => connection.once("ready", () => ready()));
  return connection;
}

/** The channels on which something is said from now on. */
async function listenTo(pattern: string): Promise<string[]> {
  const seen: string[] = [];
  const listener = await connect("listener");
  listener.on("pmessage", (_, channel) => seen.push(channel));
  await listener.psubscribe(`${PREFIX}${pattern}`);
  open.push({ [Symbol.asyncDispose]: async () => listener.disconnect() });
  return seen;
}

/** The next word that a service says to all; it speaks twice a second. */
async function nextWordOf(id: string): Promise<{ epoch: number; number: number }> {
  const listener = await connect("listener");
  try {
    await listener.subscribe(`${PREFIX}news`);
    return await new Promise((resolve) => {
      listener.on("message", (_, text) => {
        const word = JSON.parse(text) as { from: string; epoch: number; number: number };
        if (word.from === id) resolve(word);
      });
    });
  } finally {
    listener.disconnect();
  }
}

function aChunk(writer: string, projectId: string, position: number): LogChunk {
  const entry = {
    timeUs: 1,
    level: "info",
    stream: "stdout",
    text: `line ${position}`,
    truncated: false,
  } as const;
  return {
    runId: newId(),
    codeId: newId(),
    projectId,
    version: 1,
    attempt: 1,
    firstSequence: 1,
    writer,
    position,
    entries: [{ ...entry, sequence: 1 }],
  };
}
