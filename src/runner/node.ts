import type { Invocation, Listener, Outcome, Program } from "../sandbox/program.ts";

/**
 * Something that owns workers and runs what it is given. A node owns its slots: it refuses what it has no room for,
 * and nobody counts them for it.
 */
export interface Node {
  readonly id: string;

  /**
   * Hands an invocation over. Resolves when the node has accepted it: from then on the outcome is the node's word,
   * never an exception. Rejects with `NotAccepted`, or the signal's reason, before that; nothing of the invocation has happened then.
   */
  deliver(
    program: Program,
    invocation: Invocation,
    listener: Listener,
    signal: AbortSignal,
  ): Promise<Delivered>;

  /** What the node is and how busy it is; also the question a breaker asks before it trusts a node again. */
  describe(signal: AbortSignal): Promise<NodeDescription>;
}

export interface Delivered {
  readonly outcome: Promise<Outcome>;
}

export interface NodeDescription {
  readonly capacity: number;
  readonly busy: number;
  readonly waiting: number;
}
