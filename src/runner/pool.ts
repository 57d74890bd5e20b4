import { Refusal } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import {
  type Invocation,
  type Listener,
  NotAccepted,
  type Outcome,
  type Program,
} from "../sandbox/program.ts";
import { Breaker } from "./breaker.ts";
import type { Node } from "./node.ts";

/** When to come back to a pool whose nodes are all behind open breakers. */
const RETRY_AFTER_MS = 5_000;

/** All nodes, each behind its breaker. Knows nothing of projects, rows or callers. */
export class Pool implements Disposable {
  readonly #breakers: readonly Breaker[];

  constructor(parts: { nodes: readonly Node[]; log: Logger }) {
    this.#breakers = parts.nodes.map(
      (node) => new Breaker(node, (change) => parts.log.warn(change, "the breaker of a node changed")),
    );
  }

  /**
   * Runs an invocation on one of the nodes. Throws a Refusal, or the signal's reason, as long as no node has accepted
   * it; after that it answers with an outcome, whatever happens.
   */
  async run(
    program: Program,
    invocation: Invocation,
    listener: Listener,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const breaker = this.#breakers.find((candidate) => candidate.state === "closed");
    if (breaker === undefined) throw this.#unavailable();
    try {
      const { outcome } = await breaker.deliver(program, invocation, listener, signal);
      return await outcome;
    } catch (error) {
      throw error instanceof NotAccepted ? refusalFor(error, program.language) : error;
    }
  }

  /** Each node with the state of its breaker and why it is so. */
  describe(): { node: string; state: string; reason: string }[] {
    return this.#breakers.map(({ node, state, reason }) => ({ node: node.id, state, reason }));
  }

  [Symbol.dispose](): void {
    for (const breaker of this.#breakers) breaker[Symbol.dispose]();
  }

  #unavailable(): Refusal {
    const why = this.#breakers.map((breaker) => `${breaker.node.id}: ${breaker.reason}`).join("; ");
    return new Refusal(
      "POOL_UNAVAILABLE",
      "no node takes runs now; nothing of the run has happened, try again",
      { nodes: why },
      { retryAfterMs: RETRY_AFTER_MS },
    );
  }
}

/** Why a node did not take something, as a refusal. */
export function refusalFor(error: NotAccepted, language: string): Refusal {
  const metadata = { language };
  const retry = { retryAfterMs: error.retryAfterMs };
  switch (error.why) {
    case "full":
      return new Refusal("POOL_FULL", error.message, {}, retry, { cause: error });
    case "missing":
      return new Refusal("LANGUAGE_UNAVAILABLE", error.message, metadata, {}, { cause: error });
    case "preparing":
      return new Refusal("LANGUAGE_PREPARING", error.message, metadata, retry, { cause: error });
    case "closed":
      return new Refusal("SHUTTING_DOWN", error.message, {}, { retryAfterMs: 1_000 }, { cause: error });
    case "broken":
      return new Refusal(
        "POOL_UNAVAILABLE",
        error.message,
        {},
        { retryAfterMs: RETRY_AFTER_MS },
        { cause: error },
      );
  }
}
