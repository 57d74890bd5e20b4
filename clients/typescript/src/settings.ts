import type { Transport } from "@connectrpc/connect";
import { VERSION } from "./version.ts";

/** How to reach a service, and how patient to be. Everything has a default. */
export interface Settings {
  /**
   * The service's address, as `https://code.example.org`; `https` means TLS. `CODEACTIONS_ADDRESS` if absent, and
   * `http://127.0.0.1:8050` without that.
   */
  readonly address?: string | undefined;
  /** The token to show. `CODEACTIONS_TOKEN` if absent; no token at all without that, or if empty. */
  readonly token?: string | undefined;
  /** A transport of the caller's own, which decides about address, TLS and protocol. */
  readonly transport?: Transport | undefined;
  /** The deadline of a call that is given none, retries included. 30 seconds if absent; 0 means none. */
  readonly timeoutMs?: number | undefined;
  /** The same for RunCode, which waits for a run to end. 960 seconds if absent; 0 means none. */
  readonly runTimeoutMs?: number | undefined;
  /** How long a followed stream may be without a single message before it gives up. 5 minutes if absent. */
  readonly giveUpAfterMs?: number | undefined;
}

/** Settings with nothing left open. */
export interface ReadySettings {
  readonly address: string;
  readonly token: string | undefined;
  readonly timeoutMs: number;
  readonly runTimeoutMs: number;
  readonly giveUpAfterMs: number;
  /** What to call oneself. Absent in browsers, which have a name of their own and ask servers about any other. */
  readonly userAgent: string | undefined;
}

/** Fills in the environment, where there is one, and the defaults. */
export function readSettings(given: Settings): ReadySettings {
  const node = globalThis.process?.versions?.node;
  const environment = globalThis.process?.env ?? {};
  return {
    address: given.address ?? (environment.CODEACTIONS_ADDRESS || "http://127.0.0.1:8050"),
    token: (given.token ?? environment.CODEACTIONS_TOKEN) || undefined,
    timeoutMs: given.timeoutMs ?? 30_000,
    runTimeoutMs: given.runTimeoutMs ?? 960_000,
    giveUpAfterMs: given.giveUpAfterMs ?? 300_000,
    userAgent: node === undefined ? undefined : `codeactions-typescript/${VERSION} node/${node}`,
  };
}

/** The largest message to read or write: what the service sends at most, 4 MiB, and some headroom. */
export const MESSAGE_BYTES_MAX = 5 * 1024 * 1024;
