import { v7 as newId } from "uuid";
import { expect, test } from "vitest";
import { CommitCursor, readCursor } from "../../src/services/log-cursor.ts";
import type { LogChunk } from "../../src/services/log-entry.ts";

/** Where a reader of a code's or project's log stands while several services write it. */

const MINUTE_US = 60 * 1_000_000;
const NOW_US = 1_800_000_000_000_000;
const codeId = newId();
const scope = { kind: "code", codeId } as const;

test("a chunk that is committed late is seen, although chunks of other writers with higher positions were", () => {
  const cursor = new CommitCursor(codeId, NOW_US);
  const [early, late] = [newId(), newId()];
  expect(sequences(cursor, aChunk(early, NOW_US + 9 * MINUTE_US))).toEqual([1, 2]);
  expect(sequences(cursor, aChunk(late, NOW_US + 1))).toEqual([1, 2]);
  expect(sequences(cursor, aChunk(late, NOW_US + 1))).toEqual([]);
  expect(sequences(cursor, aChunk(early, NOW_US + 2))).toEqual([]);
});

test("a writer whose clock is behind is followed from its own place", () => {
  const behind = newId();
  const cursor = new CommitCursor(codeId, NOW_US, [[behind, NOW_US - MINUTE_US]]);
  expect(sequences(cursor, aChunk(behind, NOW_US - MINUTE_US))).toEqual([]);
  expect(sequences(cursor, aChunk(behind, NOW_US - MINUTE_US + 1))).toEqual([1, 2]);
});

test("a cursor within a chunk goes on at the next entry, and with the other writers where they were", () => {
  const cursor = new CommitCursor(codeId, NOW_US);
  const [one, two] = [newId(), newId()];
  cursor.take(aChunk(one, NOW_US + 5));
  const chunk = aChunk(two, NOW_US + 3);
  cursor.take(chunk);
  const again = readCursor(scope, cursor.within(chunk)(chunk.entries[0]!));
  expect(sequences(again, aChunk(one, NOW_US + 5))).toEqual([]);
  expect(sequences(again, chunk)).toEqual([2]);
  expect(sequences(again, aChunk(one, NOW_US + 6))).toEqual([1, 2]);
});

test("a cursor stays short, and looks back ten minutes at most, however many services have come and gone", () => {
  const cursor = new CommitCursor(codeId, NOW_US);
  for (let n = 1; n <= 500; n++) cursor.take(aChunk(newId(), NOW_US + n));
  expect(cursor.text().length).toBeLessThan(2048);
  const last = NOW_US + 60 * MINUTE_US;
  cursor.take(aChunk(newId(), last));
  expect(cursor.leastPosition).toBe(last - 10 * MINUTE_US);
  expect(readCursor(scope, cursor.text()).text()).toBe(cursor.text());
});

function sequences(
  cursor: { take(chunk: LogChunk): readonly { sequence: number }[] },
  chunk: LogChunk,
): number[] {
  return cursor.take(chunk).map(({ sequence }) => sequence);
}

function aChunk(writer: string, position: number): LogChunk {
  const entry = { timeUs: position, level: "info", stream: "stdout", text: "x", truncated: false } as const;
  return {
    runId: newId(),
    codeId,
    projectId: newId(),
    version: 1,
    attempt: 1,
    firstSequence: 1,
    writer,
    position,
    entries: [
      { ...entry, sequence: 1 },
      { ...entry, sequence: 2 },
    ],
  };
}
