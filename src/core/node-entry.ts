import type { Setting } from "./setting.ts";

/** One entry of the list of nodes: a node, or a name that stands for many. */
export interface NodeEntry {
  readonly host: string;
  readonly port: number;
  /** Over TLS, even where no certificates are set for nodes. */
  readonly tls: boolean;
  /** Every address of the host is a node. */
  readonly isName: boolean;
}

const ENTRY = /^(?<form>https?:\/\/|dns:)?(?:\[(?<ipv6>[\da-f:.]+)\]|(?<host>[\w.-]+)):(?<port>\d{1,5})\/?$/i;
const PORT_MAX = 65_535;
const ENTRIES_MAX = 1_000;

/** A list of nodes, as an operator writes it. */
export function nodeEntries(variable: string, meaning: string): Setting<readonly NodeEntry[]> {
  const parse = (given: string) => {
    const items = given.split(",").map((item) => item.trim());
    const entries = items.filter((item) => item !== "").map(readEntry);
    return entries.includes(undefined) || entries.length > ENTRIES_MAX ? undefined : (entries as NodeEntry[]);
  };
  return {
    variable,
    default: [],
    shownDefault: "",
    meaning,
    accepted: "`host:port`, `https://host:port` or `dns:name:port`, separated by commas",
    parse,
  };
}

function readEntry(item: string): NodeEntry | undefined {
  const { form = "", ipv6, host = ipv6, port } = ENTRY.exec(item)?.groups ?? {};
  if (host === undefined || Number(port) < 1 || Number(port) > PORT_MAX) return undefined;
  return {
    host,
    port: Number(port),
    tls: form.toLowerCase() === "https://",
    isName: form.toLowerCase() === "dns:",
  };
}
