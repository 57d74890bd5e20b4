import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import pc from "picocolors";
import { expect, test } from "vitest";
import { explain } from "../../clients/cli/src/explain.ts";
import { changeLine, nodeRow } from "../../clients/cli/src/pool-text.ts";
import { relativeText, zonedTimeText } from "../../clients/cli/src/times.ts";
import {
  BreakerState,
  CodeActionsError,
  ErrorCode,
  NodeSchema,
  NodeState,
  PoolChangeKind,
  PoolChangeSchema,
} from "../../clients/typescript/src/node.ts";

/** What the command line makes of times, changes of the pool and fields. */

const PLAIN = pc.createColors(false);
const at = (time: string) => timestampFromDate(new Date(time));
const nobody = () => Promise.reject(new Error("nobody is asked"));

test.each([
  ["2026-11-30T05:00:00Z", "Europe/Berlin", "Mon 2026-11-30 06:00"],
  ["2026-07-01T04:00:00Z", "Europe/Berlin", "Wed 2026-07-01 06:00"],
  ["2026-01-01T00:00:00Z", "America/New_York", "Wed 2025-12-31 19:00"],
  ["2026-04-04T15:00:00Z", "Australia/Lord_Howe", "Sun 2026-04-05 01:30"],
])("%s is shown in %s as %s", (time, zone, shown) => {
  expect(zonedTimeText(at(time), zone)).toBe(shown);
});

test.each([
  ["2026-01-01T00:00:42Z", "in 42 s"],
  ["2026-01-01T00:59:31Z", "in 1 h"],
  ["2026-01-01T07:20:00Z", "in 7 h 20 min"],
  ["2026-01-04T04:00:00Z", "in 3 d 4 h"],
  ["2025-12-31T23:50:00Z", "10 min ago"],
])("seen from midnight, %s is %s", (time, shown) => {
  expect(relativeText(at(time), new Date("2026-01-01T00:00:00Z"))).toBe(shown);
});

test("a breaker that is not closed says why, in its row and when it changes", async () => {
  const node = create(NodeSchema, {
    id: "10.0.0.3:8051",
    state: NodeState.READY,
    breaker: BreakerState.HALF_OPEN,
    breakerReason: "connection refused\x1b[2J",
    inFlight: 3,
    capacity: 16,
  });
  expect(nodeRow(node, PLAIN)).toEqual(
    expect.arrayContaining(["10.0.0.3:8051", "ready", "half open: connection refused␛[2J", "3/16"]),
  );
  const change = create(PoolChangeSchema, {
    time: timestampFromDate(new Date()),
    kind: PoolChangeKind.BREAKER_OPENED,
    nodeId: node.id,
    reason: "connection refused",
  });
  expect(await changeLine(change, PLAIN, nobody)).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} {2}breaker of 10\.0\.0\.3:8051 opened: connection refused$/,
  );
});

test("a quarantine is told of by its code's name", async () => {
  const change = create(PoolChangeSchema, {
    time: timestampFromDate(new Date()),
    kind: PoolChangeKind.QUARANTINED,
    codeId: "the id",
    version: 3,
    reason: "out of memory",
  });
  const line = await changeLine(change, PLAIN, async () => "resize");
  expect(line).toMatch(/ {2}resize version 3 quarantined: out of memory$/);
});

test.each([
  ["retry_policy.max_attempts", "--max-attempts (retry_policy.max_attempts)"],
  ["callback.url", "--callback (callback.url)"],
  ["input.query[0].name", "--param (input.query[0].name)"],
  ["catch_up_window", "--catch-up (catch_up_window)"],
  ["code_id", "code_id"],
])("the field %s is named %s where the command has that option", (field, named) => {
  const refused = new CodeActionsError("no", ErrorCode.InvalidArgument, {
    reason: "FIELD_INVALID",
    fields: [{ field, description: "is wrong" }],
  });
  const flags = ["--max-attempts", "--callback", "--param", "--catch-up", "--name"];
  expect(explain(refused, flags).message).toBe(`no\n  ${named}: is wrong`);
  expect(explain(refused).message).toBe(`no\n  ${field}: is wrong`);
  const alone = new CodeActionsError(`${field}: is wrong`, ErrorCode.InvalidArgument, {
    reason: "FIELD_INVALID",
    fields: [{ field, description: "is wrong" }],
  });
  expect(explain(alone, flags).message).toBe(`${named}: is wrong`);
});
