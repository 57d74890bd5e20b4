import { readFile } from "node:fs/promises";
import type { Config } from "./core/config.ts";
import type { NodeAccess } from "./runner/node-channel.ts";

/** How this process and the other side of the line between services and nodes know each other. */
export async function readNodeAccess(config: Config): Promise<NodeAccess> {
  const { nodeKey, nodeTlsCaFile, nodeTlsCertFile, nodeTlsKeyFile } = config;
  if (nodeTlsCaFile === "") return { key: nodeKey, tls: undefined };
  const [ca, cert, key] = await Promise.all([
    readFile(nodeTlsCaFile),
    readFile(nodeTlsCertFile),
    readFile(nodeTlsKeyFile),
  ]);
  return { key: nodeKey, tls: { ca, cert, key } };
}
