import { setTimeout } from "node:timers/promises";
import { type Config, requireNodeKeys, WrongSettings } from "./core/config.ts";
import type { Logger } from "./core/logger.ts";
import { readNodeAccess } from "./node-access.ts";
import { NodeList } from "./runner/node-list.ts";
import type { RemoteNode } from "./runner/remote-node.ts";
import type { Language, LanguageState } from "./sandbox/program.ts";

/** How often a node that makes a language ready is looked at, where somebody waits for it. */
const SETTLE_LOOK_MS = 250;

/** Doors alone are good for nothing without nodes, and nobody gives runs to nodes without a key. */
export function requireNodes(config: Config, localNode: boolean): void {
  if (config.nodes.length === 0 && !localNode)
    throw new WrongSettings(
      "the command `api` runs no codes itself: set CODEACTIONS_NODES to those that do, or use `serve`",
    );
  if (config.nodes.length > 0) requireNodeKeys(config, "nodes are given runs by those who have a key");
}

/** The nodes in other processes, told to the pool as they come and go. */
export async function openNodeList(
  config: Config,
  log: Logger,
  changed: (nodes: readonly RemoteNode[]) => void,
): Promise<NodeList> {
  const { nodes: entries, nodesLookupMs: lookupMs } = config;
  const list = new NodeList({ entries, lookupMs, access: await readNodeAccess(config), log, changed });
  list.start();
  return list;
}

/** Resolves when the language can be used on one of the nodes, or is known not to be. */
export async function settledAfar(
  languages: () => LanguageState[],
  language: Language,
  signal: AbortSignal,
): Promise<void> {
  const isPreparing = () => languages().find((known) => known.language === language)?.state === "preparing";
  while (isPreparing()) await setTimeout(SETTLE_LOOK_MS, undefined, { signal });
}
