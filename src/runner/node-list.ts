import { lookup } from "node:dns/promises";
import type { Logger } from "../core/logger.ts";
import type { NodeEntry } from "../core/node-entry.ts";
import type { NodeAccess, NodeAddress } from "./node-channel.ts";
import { RemoteNode } from "./remote-node.ts";

/** The addresses behind a name; rejects where it cannot be looked up. */
export type LookUp = (name: string) => Promise<readonly string[]>;

interface Parts {
  readonly entries: readonly NodeEntry[];
  readonly access: NodeAccess;
  readonly lookupMs: number;
  readonly log: Logger;
  /** Called with all nodes, at first and whenever an address has come or gone. */
  readonly changed: (nodes: readonly RemoteNode[]) => void;
  readonly lookUp?: LookUp;
}

/**
 * The nodes that an operator names. Names that stand for many are looked up again and again: an address that comes is
 * a node from then on, one that goes is none any more, and the runs that it has go on. A name that cannot be looked up
 * keeps the addresses that it had, and holds up no other.
 */
export class NodeList implements Disposable {
  readonly #parts: Parts;
  readonly #lookUp: LookUp;
  readonly #nodes = new Map<string, RemoteNode>();
  /** Of each name what it stood for last. */
  readonly #found = new Map<NodeEntry, readonly NodeAddress[]>();
  readonly #asking = new Set<NodeEntry>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#lookUp = parts.lookUp ?? everyAddress;
  }

  /** Tells the nodes that are known without asking at once, and those behind names as they are found. */
  start(): void {
    const names = this.#parts.entries.filter(({ isName }) => isName);
    this.#settle();
    for (const entry of names) void this.#look(entry);
    if (names.length === 0) return;
    this.#timer = setInterval(() => {
      for (const entry of names) void this.#look(entry);
    }, this.#parts.lookupMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const node of this.#nodes.values()) node[Symbol.dispose]();
    this.#nodes.clear();
  }

  async #look(entry: NodeEntry): Promise<void> {
    if (this.#asking.has(entry)) return;
    this.#asking.add(entry);
    const { host, port, tls } = entry;
    try {
      const hosts = await this.#lookUp(host);
      if (this.#timer === undefined) return;
      this.#found.set(
        entry,
        hosts.map((address) => ({ id: nameOf(address, port), host: address, port, tls, serverName: host })),
      );
      this.#settle();
    } catch (error) {
      this.#parts.log.warn({ err: error, name: host }, "the nodes behind a name cannot be looked up");
    } finally {
      this.#asking.delete(entry);
    }
  }

  #settle(): void {
    const wanted = new Map(
      this.#parts.entries
        .flatMap((entry) => (entry.isName ? (this.#found.get(entry) ?? []) : [addressOf(entry)]))
        .map((address) => [address.id, address]),
    );
    const gone = [...this.#nodes].filter(([id]) => !wanted.has(id));
    const come = [...wanted].filter(([id]) => !this.#nodes.has(id));
    for (const [id, node] of gone) {
      this.#nodes.delete(id);
      node.retire();
    }
    for (const [id, address] of come) this.#nodes.set(id, new RemoteNode(address, this.#parts.access));
    if (gone.length > 0 || come.length > 0) this.#parts.changed([...this.#nodes.values()]);
  }
}

function addressOf({ host, port, tls }: NodeEntry): NodeAddress {
  return { id: nameOf(host, port), host, port, tls };
}

function nameOf(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** As the host looks names up, with its search domains: that is how a cluster's short names are found. */
async function everyAddress(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true });
  return found.map(({ address }) => address);
}
