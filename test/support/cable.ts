import { execFileSync } from "node:child_process";

/** A network of its own at the end of a cable that can be pulled: nobody tells anybody that the other end is gone. */
export interface Cable extends Disposable {
  /** The address of the end that this host holds. */
  readonly ours: string;
  /** The address of the end in there, reached from this host. */
  readonly its: string;
  /** Words that come before a command that is to run in there. */
  readonly inside: readonly string[];
  pull(): void;
  plug(): void;
}

const NAME = process.pid.toString(36);
/** Processes that run at the same time have different ones. */
const SUBNET = `10.${192 + ((process.pid >> 8) & 63)}.${process.pid & 255}`;

/** One of a process at a time. */
export function layCable(): Cable {
  const network = `ca-${NAME}`;
  const [ourEnd, itsEnd] = [`caa${NAME}`, `cab${NAME}`];
  ip("netns", "add", network);
  ip("link", "add", ourEnd, "type", "veth", "peer", "name", itsEnd, "netns", network);
  ip("addr", "add", `${SUBNET}.1/24`, "dev", ourEnd);
  ip("-n", network, "addr", "add", `${SUBNET}.2/24`, "dev", itsEnd);
  ip("link", "set", ourEnd, "up");
  ip("-n", network, "link", "set", "lo", "up");
  ip("-n", network, "link", "set", itsEnd, "up");
  return {
    ours: `${SUBNET}.1`,
    its: `${SUBNET}.2`,
    // Not by `ip netns exec`, which would hide the control groups.
    inside: ["nsenter", `--net=/run/netns/${network}`],
    pull: () => ip("-n", network, "link", "set", itsEnd, "down"),
    plug: () => ip("-n", network, "link", "set", itsEnd, "up"),
    [Symbol.dispose]: () => ip("netns", "del", network),
  };
}

/** Why no cable can be laid on this host, and what would help. */
export function whyNoCable(): string | undefined {
  try {
    ip("netns", "add", `ca-${NAME}-try`);
    ip("netns", "del", `ca-${NAME}-try`);
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message.trim().split("\n").at(-1) : String(error);
    return `no network can be made here (${why}); run as root, in a container with --privileged`;
  }
}

function ip(...words: string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}
