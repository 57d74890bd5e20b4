import { expect, test } from "vitest";
import { MeanTime, placeOf, waitAt } from "../../src/runner/estimate.ts";

function meanOf(...times: number[]): MeanTime {
  const mean = new MeanTime();
  for (const time of times) mean.add(time);
  return mean;
}

test("a mean is not told before it is known from four runs", () => {
  expect(meanOf().ms).toBeUndefined();
  expect(meanOf(10, 20, 30).ms).toBeUndefined();
  expect(meanOf(10, 20, 30, 40).ms).toBe(25);
});

test("the mean follows what is the case now", () => {
  const mean = meanOf(...Array<number>(1000).fill(10), ...Array<number>(200).fill(500));
  expect(mean.ms).toBeGreaterThan(490);
  expect(meanOf(...Array<number>(1000).fill(500), ...Array<number>(200).fill(10)).ms).toBeLessThan(20);
});

test.each([
  ["nobody else waits", { waiting: 0, inFlight: 3 }, [], 1],
  ["behind its own", { waiting: 4, inFlight: 0 }, [], 5],
  [
    "before a project that has more under way",
    { waiting: 0, inFlight: 1 },
    [{ waiting: 50, inFlight: 9 }],
    1,
  ],
  [
    "behind one that has nothing under way, until that has caught up",
    { waiting: 0, inFlight: 4 },
    [{ waiting: 50, inFlight: 0 }],
    6,
  ],
  [
    "behind all of one that has little waiting",
    { waiting: 0, inFlight: 4 },
    [{ waiting: 2, inFlight: 0 }],
    3,
  ],
  ["in turn with an equal", { waiting: 3, inFlight: 2 }, [{ waiting: 50, inFlight: 2 }], 8],
  [
    "between several",
    { waiting: 0, inFlight: 2 },
    [
      { waiting: 9, inFlight: 0 },
      { waiting: 9, inFlight: 2 },
      { waiting: 9, inFlight: 5 },
    ],
    5,
  ],
] as const)("the place of a newcomer: %s", (_, own, others, place) => {
  expect(placeOf(own, others)).toBe(place);
});

test.each([
  [1, 1, 100],
  [10, 1, 1000],
  [10, 4, 250],
  [1, 16, 6.25],
])("place %i before %i slots waits %f ms for runs of 100 ms", (place, slots, waitMs) => {
  expect(waitAt(place, slots, meanOf(100, 100, 100, 100))).toBe(waitMs);
});

test("without a mean or a slot nothing can be told", () => {
  expect(waitAt(1, 1, undefined)).toBeUndefined();
  expect(waitAt(1, 1, meanOf(1))).toBeUndefined();
  expect(waitAt(1, 0, meanOf(1, 1, 1, 1))).toBeUndefined();
});
