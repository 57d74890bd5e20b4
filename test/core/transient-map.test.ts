import { expect, test } from "vitest";
import { TransientMap } from "../../src/core/transient-map.ts";

test("it is a Map, however often things come and go", () => {
  const transient = new TransientMap<number, string>();
  const map = new Map<number, string>();
  for (let n = 0; n < 10_000; n++) {
    transient.set(n, `value ${n}`);
    map.set(n, `value ${n}`);
    // The oldest leaves mostly, and now and then another one.
    const leaving = n % 7 === 0 ? n : n - 50;
    expect(transient.delete(leaving)).toBe(map.delete(leaving));
    expect(transient.size).toBe(map.size);
  }
  expect([...transient]).toEqual([...map]);
  expect([...transient.keys()]).toEqual([...map.keys()]);
  expect([...transient.values()]).toEqual([...map.values()]);
  for (const [key, value] of map) expect(transient.get(key)).toBe(value);
  expect(transient.get(-1)).toBeUndefined();
});

test("entries may be deleted while they are gone through, and each of the others comes once", () => {
  const transient = new TransientMap<number, number>();
  for (let n = 0; n < 500; n++) transient.set(n, n);
  const seen: number[] = [];
  for (const [key] of transient) {
    seen.push(key);
    transient.delete(key);
  }
  expect(seen).toEqual(Array.from({ length: 500 }, (_, n) => n));
  expect(transient.size).toBe(0);
});
