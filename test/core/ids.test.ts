import { expect, test } from "vitest";
import { newId } from "../../src/core/ids.ts";

test("ids are UUIDs of version 7 that rise, also within a millisecond", () => {
  const ids = Array.from({ length: 10_000 }, () => newId());
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  const bornMs = Number.parseInt(ids[0]!.replaceAll("-", "").slice(0, 12), 16);
  expect(Math.abs(bornMs - Date.now())).toBeLessThan(60_000);
});
