import fc from "fast-check";
import { expect, test } from "vitest";
import { type Candidate, choose, SLOW_START_MS, shareOf } from "../../src/runner/choice.ts";

const NOW_MS = 1_000_000;
const OLD_MS = NOW_MS - SLOW_START_MS;

function node(id: string, fields: Partial<Candidate> & { warm?: number } = {}) {
  const { warm = 0, inFlight = 0, ...others } = fields;
  return {
    id,
    capacity: 16,
    readySinceMs: OLD_MS,
    load: inFlight,
    inFlight,
    idleWorkers: () => warm,
    ...others,
  };
}

/** Numbers from 0 to 1 in turn. */
function numbers(...values: number[]): () => number {
  return () => values.shift()!;
}

const never = () => {
  throw new Error("nothing is left to chance here");
};

function chosen(candidates: ReturnType<typeof node>[], random: () => number = never): string | undefined {
  return choose(candidates, "key", NOW_MS, random)?.id;
}

test.each([
  ["no nodes", [], undefined],
  ["one that is full", [node("a", { inFlight: 16 })], undefined],
  ["all are full", [node("a", { inFlight: 16 }), node("b", { inFlight: 16 })], undefined],
  ["one with a slot", [node("a", { inFlight: 15 })], "a"],
  ["one of two with a slot", [node("a", { inFlight: 16 }), node("b", { inFlight: 15 })], "b"],
  ["one that is full of its own only, whatever others have given to it", [node("a", { load: 40 })], "a"],
] as const)("a run needs a slot: %s", (_, candidates, expected) => {
  expect(chosen([...candidates])).toBe(expected);
});

test.each([
  [
    "before one that is less loaded",
    [node("warm", { warm: 1, inFlight: 2 }), node("empty", { inFlight: 1 })],
  ],
  [
    "the less loaded of two",
    [node("busy", { warm: 9, inFlight: 3 }), node("warm", { warm: 1, inFlight: 2 })],
  ],
  [
    "at the bound",
    [node("warm", { warm: 1, inFlight: 4 }), node("b", { inFlight: 3 }), node("c", { inFlight: 3 })],
  ],
  [
    "a larger one with as much",
    [
      node("small", { warm: 1, inFlight: 4, capacity: 8 }),
      node("warm", { warm: 1, inFlight: 4, capacity: 32 }),
    ],
  ],
])("a node that has the program warm is taken: %s", (_, candidates) => {
  expect(chosen(candidates)).toBe("warm");
});

test("a warm node that is far above the mean load is passed over", () => {
  // Of 10 runs on four nodes each has 2.5 on average; the bound is 4.
  const others = ["b", "c", "d"].map((id) => node(id, { inFlight: 2 }));
  expect(chosen([node("warm", { warm: 5, inFlight: 3 }), ...others])).toBe("warm");
  expect(chosen([node("warm", { warm: 5, inFlight: 4 }), ...others], numbers(0, 0))).toBe("b");
});

test("what others have given to a node counts as its load", () => {
  const warm = node("warm", { warm: 5, inFlight: 0, load: 12 });
  expect(chosen([warm, node("b"), node("c")], numbers(0, 0))).toBe("b");
});

test.each([
  ["the first", [0, 0], "b"],
  ["the first and the last", [0, 0.99], "c"],
  ["the last two", [0.99, 0.99], "b"],
  ["the middle and the last", [0.5, 0.99], "b"],
])(
  "without a warm node it is the less loaded of two random ones, whichever is drawn first: %s",
  (_, drawn, expected) => {
    const nodes = [node("a", { inFlight: 9 }), node("b", { inFlight: 1 }), node("c", { inFlight: 5 })];
    expect(chosen(nodes, numbers(...drawn))).toBe(expected);
  },
);

test("load is compared with what a node can take", () => {
  const nodes = [node("small", { capacity: 4, inFlight: 2 }), node("large", { capacity: 64, inFlight: 8 })];
  expect(chosen(nodes, numbers(0, 0))).toBe("large");
});

test.each([
  [0, 0.1],
  [SLOW_START_MS / 2, 0.55],
  [SLOW_START_MS, 1],
  [10 * SLOW_START_MS, 1],
  [-5, 0.1],
])("%i ms after it has come a node gets this share of its capacity: %f", (ageMs, share) => {
  expect(shareOf(NOW_MS - ageMs, NOW_MS)).toBeCloseTo(share);
});

test("a new node takes no more than its share of slots, and one where all are new takes them all", () => {
  const fresh = (inFlight: number) => node("new", { readySinceMs: NOW_MS, inFlight });
  expect(chosen([fresh(1), node("old", { inFlight: 16 })])).toBe("new");
  expect(chosen([fresh(2), node("old", { inFlight: 16 })])).toBeUndefined();
  expect(chosen([fresh(15), node("other", { readySinceMs: NOW_MS, inFlight: 16 })])).toBe("new");
  expect(chosen([fresh(15)])).toBe("new");
});

test("a new node fills as slowly as its share grows", () => {
  const old = node("old", { inFlight: 3 });
  expect(chosen([node("new", { readySinceMs: NOW_MS, inFlight: 0 }), old], numbers(0, 0))).toBe("old");
  expect(chosen([node("new", { readySinceMs: OLD_MS, inFlight: 0 }), old], numbers(0, 0))).toBe("new");
});

const anyNode = fc.record({
  capacity: fc.integer({ min: 1, max: 64 }),
  inFlight: fc.integer({ min: 0, max: 64 }),
  strangers: fc.integer({ min: 0, max: 64 }),
  ageMs: fc.integer({ min: 0, max: 2 * SLOW_START_MS }),
  warm: fc.integer({ min: 0, max: 3 }),
});

test("whatever the nodes are, one with a slot is chosen where there is one, and never a full one", () => {
  fc.assert(
    fc.property(
      fc.array(anyNode, { maxLength: 6 }),
      fc.noShrink(fc.double({ min: 0, max: 0.999, noNaN: true })),
      (nodes, drawn) => {
        const candidates = nodes.map(({ capacity, inFlight, strangers, ageMs, warm }, index) =>
          node(String(index), {
            capacity,
            inFlight,
            load: inFlight + strangers,
            readySinceMs: NOW_MS - ageMs,
            warm,
          }),
        );
        const found = choose(candidates, "key", NOW_MS, () => drawn);
        const oldest = Math.max(...nodes.map(({ ageMs }) => ageMs));
        const hasSlot = candidates.some(
          ({ capacity, inFlight, readySinceMs }) => readySinceMs === NOW_MS - oldest && inFlight < capacity,
        );
        if (hasSlot) expect(found).toBeDefined();
        if (found !== undefined) expect(found.inFlight).toBeLessThan(found.capacity);
      },
    ),
  );
});
