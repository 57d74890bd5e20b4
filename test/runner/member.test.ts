import { expect, test } from "vitest";
import { GivenUp, Member } from "../../src/runner/member.ts";
import { NodeUnreachable } from "../../src/runner/node.ts";
import type { RunOrder } from "../../src/runner/order.ts";
import { ScriptedNode, settled } from "./stage.ts";

test("a run that was meant for a node whose breaker has opened meanwhile may go to another one", async () => {
  const node = new ScriptedNode("a");
  using member = new Member(node, { stateChanged() {}, breakerChanged() {}, described() {} });
  await settled();
  expect(member.takesRuns).toBe(true);
  member.open(new NodeUnreachable("the connection broke"));
  const given = member.deliver({} as RunOrder, new AbortController().signal);
  await expect(given).rejects.toBeInstanceOf(GivenUp);
  await expect(given).rejects.toThrow("the connection broke");
  expect(node.given).toEqual([]);
});
