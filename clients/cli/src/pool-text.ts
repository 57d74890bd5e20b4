import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import {
  BreakerState,
  BreakerStateSchema,
  type Node,
  NodeStateSchema,
  type Pool,
  type PoolChange,
  PoolChangeKind,
  PoolChangeKindSchema,
} from "../../typescript/src/node.ts";
import { type Colors, shown } from "./terminal.ts";
import { relativeText, shortTimeText } from "./times.ts";
import { sizeText, tookText } from "./units.ts";
import { wordOf } from "./words.ts";

export const NODE_COLUMNS = ["NODE", "STATE", "BREAKER", "IN FLIGHT", "WARM", "BLANK", "MEMORY", "RUNTIMES"];

/** A node's row under `NODE_COLUMNS`. */
export function nodeRow(node: Node, color: Colors): string[] {
  return [
    shown(node.id),
    wordOf(NodeStateSchema, node.state),
    breakerText(node, color),
    `${node.inFlight}/${node.capacity}`,
    String(node.idleWorkers),
    String(node.blankWorkers),
    node.memoryBytes === 0n ? "" : sizeText(Number(node.memoryBytes)),
    shown(node.runtimes.join(", ")),
  ];
}

function breakerText({ breaker, breakerReason }: Node, color: Colors): string {
  const state = wordOf(BreakerStateSchema, breaker).replace("_", " ");
  if (breaker === BreakerState.CLOSED) return state;
  return `${color.red(state)}${breakerReason === "" ? "" : `: ${shown(breakerReason)}`}`;
}

/** What waits for a node, in one line, whoever waits. */
export async function queueText(
  { queue, inFlight, capacity }: Pool,
  projectName: (projectId: string) => Promise<string>,
): Promise<string> {
  const { depth = 0, limit = 0, oldestWait, shares = [] } = queue ?? {};
  const parts = [
    `${inFlight} of ${capacity} in flight`,
    `${depth} of ${limit} waiting${waitText(oldestWait)}`,
  ];
  for (const { projectId, waiting, inFlight } of shares)
    parts.push(`${await projectName(projectId)} ${waiting} waiting and ${inFlight} in flight`);
  return parts.join("; ");
}

function waitText(oldest: Duration | undefined): string {
  return oldest === undefined ? "" : `, the oldest for ${tookText(durationMs(oldest))}`;
}

export const QUARANTINE_COLUMNS = ["QUARANTINED", "VERSION", "ENDS", "ROUND", "REASON"];

/** The rows of what is quarantined under `QUARANTINE_COLUMNS`. */
export async function quarantineRows(
  { quarantines }: Pool,
  codeName: (codeId: string) => Promise<string>,
): Promise<string[][]> {
  const rows: string[][] = [];
  for (const { codeId, version, endTime, round, reason } of quarantines)
    rows.push([
      await codeName(codeId),
      String(version),
      endTime === undefined ? "" : relativeText(endTime),
      String(round),
      shown(reason),
    ]);
  return rows;
}

/** What happened to what, for each kind of change. */
const CHANGES: Readonly<Record<number, (what: string) => string>> = {
  [PoolChangeKind.NODE_ADDED]: (node) => `node ${node} added`,
  [PoolChangeKind.NODE_READY]: (node) => `node ${node} ready`,
  [PoolChangeKind.NODE_DRAINING]: (node) => `node ${node} draining`,
  [PoolChangeKind.NODE_REMOVED]: (node) => `node ${node} removed`,
  [PoolChangeKind.BREAKER_OPENED]: (node) => `breaker of ${node} opened`,
  [PoolChangeKind.BREAKER_HALF_OPENED]: (node) => `breaker of ${node} half open`,
  [PoolChangeKind.BREAKER_CLOSED]: (node) => `breaker of ${node} closed`,
  [PoolChangeKind.QUARANTINED]: (version) => `${version} quarantined`,
  [PoolChangeKind.QUARANTINE_LIFTED]: (version) => `${version} no longer quarantined`,
};

/** One line: `12:03:04.250  breaker of 10.0.0.3:8051 opened: connection refused`. */
export async function changeLine(
  { time, kind, nodeId, reason, codeId, version }: PoolChange,
  color: Colors,
  codeName: (codeId: string) => Promise<string>,
): Promise<string> {
  const what = codeId === "" ? shown(nodeId) : `${await codeName(codeId)} version ${version}`;
  const said = CHANGES[kind]?.(what) ?? `${wordOf(PoolChangeKindSchema, kind)} ${what}`;
  const isBad = kind === PoolChangeKind.BREAKER_OPENED || kind === PoolChangeKind.QUARANTINED;
  const why = reason === "" ? "" : `: ${shown(reason)}`;
  return `${color.dim(shortTimeText(time))}  ${isBad ? color.red(said) : said}${why}`;
}
