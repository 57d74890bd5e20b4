import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { nodeEntries } from "../../src/core/node-entry.ts";
import { type LookUp, NodeList } from "../../src/runner/node-list.ts";
import type { RemoteNode } from "../../src/runner/remote-node.ts";
import { silent } from "../support/silent-log.ts";

/** The list of nodes over names that stand for what a test says; nothing is connected to. */

const LOOKUP_MS = 5_000;
const SETTING = nodeEntries("NODES", "Nodes.");

let told: (readonly RemoteNode[])[];
let names: Record<string, () => Promise<readonly string[]>>;
let list: NodeList | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  names = {};
});

afterEach(() => {
  list?.[Symbol.dispose]();
  vi.useRealTimers();
});

test("addresses are nodes by themselves, and a name stands for all of its addresses", async () => {
  names.nodes = async () => ["10.0.0.4", "fd00::1"];
  await open("10.0.0.3:8051, https://node-b:8052, dns:nodes:8051");
  expect(ids(0)).toEqual(["10.0.0.3:8051", "node-b:8052"]);
  expect(ids()).toEqual(["10.0.0.3:8051", "node-b:8052", "10.0.0.4:8051", "[fd00::1]:8051"]);
});

test("an address that comes or goes is added or removed, and the others stay the same nodes", async () => {
  names.nodes = async () => ["10.0.0.3", "10.0.0.4"];
  await open("dns:nodes:8051");
  const [third, fourth] = told.at(-1)!;
  names.nodes = async () => ["10.0.0.4", "10.0.0.5"];
  await vi.advanceTimersByTimeAsync(LOOKUP_MS);
  expect(ids()).toEqual(["10.0.0.4:8051", "10.0.0.5:8051"]);
  expect(told.at(-1)).toContain(fourth);
  names.nodes = async () => ["10.0.0.3", "10.0.0.4"];
  await vi.advanceTimersByTimeAsync(LOOKUP_MS);
  expect(ids()).toEqual(["10.0.0.4:8051", "10.0.0.3:8051"]);
  expect(told.at(-1)).not.toContain(third);
});

test("nothing is told when nothing has changed", async () => {
  names.nodes = async () => ["10.0.0.3"];
  await open("dns:nodes:8051");
  await vi.advanceTimersByTimeAsync(10 * LOOKUP_MS);
  expect(told.length).toBe(1);
});

test("a name that cannot be looked up keeps its addresses, and one that takes for ever holds up no other", async () => {
  names = {
    flaky: async () => ["10.0.0.3"],
    slow: () => new Promise(() => {}),
    well: async () => ["10.0.1.3"],
  };
  await open("dns:slow:8051, dns:flaky:8051, dns:well:8051");
  names.flaky = () => Promise.reject(new Error("the name server is away"));
  names.well = async () => ["10.0.1.4"];
  await vi.advanceTimersByTimeAsync(LOOKUP_MS);
  expect(ids()).toEqual(["10.0.0.3:8051", "10.0.1.4:8051"]);
});

test("an address that stands on the list twice is one node", async () => {
  names.nodes = async () => ["10.0.0.3"];
  await open("10.0.0.3:8051, dns:nodes:8051");
  expect(ids()).toEqual(["10.0.0.3:8051"]);
});

test.each([
  "10.0.0.3",
  "node-b",
  "ftp://node:21",
  "dns:nodes",
  "node:0",
  "node:70000",
  "a b:1",
  "http://n:1/x",
])("%s is no entry of the list", (item) => expect(SETTING.parse(`10.0.0.3:8051,${item}`)).toBeUndefined());

async function open(entries: string): Promise<void> {
  list = new NodeList({
    entries: SETTING.parse(entries)!,
    access: { key: "the-key-of-the-tests", tls: undefined },
    lookupMs: LOOKUP_MS,
    log: silent,
    changed: (nodes) => void told.push(nodes),
    lookUp: ((name) => names[name]!()) satisfies LookUp,
  });
  list.start();
  await vi.advanceTimersByTimeAsync(0);
}

function ids(index = -1): string[] {
  return told.at(index)!.map(({ id }) => id);
}
