import { type Listener, NotAccepted, type Outcome } from "../sandbox/program.ts";
import type { Bulkhead } from "./bulkhead.ts";
import { GivenUp, type Member } from "./member.ts";
import { NodeUnreachable } from "./node.ts";
import type { RunOrder } from "./order.ts";
import { refusalFor } from "./refusals.ts";

/** How often a run that may be repeated is given to a node in all, where nodes are lost that had accepted it. */
const ATTEMPTS_MAX = 3;

/** What has become of a run's earlier attempts. Most runs have none, and no such record. */
export class Attempts {
  readonly #order: RunOrder;
  readonly #excluded = new Set<Member>();
  #refusal: unknown;
  #lost: Outcome | undefined;
  #lostCount = 0;

  constructor(order: RunOrder) {
    this.#order = order;
  }

  /** Nodes that it is not to be given to again. */
  get excluded(): ReadonlySet<Member> {
    return this.#excluded;
  }

  /** A node has not taken it. Nothing of it has happened, so that another one may have it. */
  notTaken(member: Member, error: unknown): void {
    this.#refusal = refusalFor(error, this.#order.program.language);
    this.#excluded.add(member);
  }

  /**
   * A node was lost that had taken it. Whether it may be given to another one, or to the same where there is no other;
   * its log says so.
   */
  mayFollow(member: Member, outcome: Outcome, bulkhead: Bulkhead, signal: AbortSignal): boolean {
    const { listener, deadlineMs } = this.#order;
    this.#lost = outcome;
    this.#lostCount += 1;
    if (this.#lostCount === ATTEMPTS_MAX || signal.aborted) return false;
    if (deadlineMs !== undefined && Date.now() >= deadlineMs) return false;
    this.#excluded.add(member);
    if (!bulkhead.hasNode(this.#order, this.#excluded)) this.#excluded.clear();
    const text = `the node ${member.node.id} was lost with this run; attempt ${this.#lostCount + 1} of ${ATTEMPTS_MAX} begins`;
    listener.lines([
      { timeUs: Date.now() * 1000, level: "warning", stream: "system", text, truncated: false },
    ]);
    return true;
  }

  /** There is no further attempt. Answers with what became of the last one, or throws why no node has taken the run. */
  over(why: unknown, signal: AbortSignal): Outcome {
    if (this.#lost === undefined) throw signal.aborted ? why : (this.#refusal ?? why);
    return signal.aborted ? { status: "CANCELLED", usage: this.#lost.usage } : this.#lost;
  }
}

/** Whether an error means that nothing of the run has happened, and another node may take it. */
export function isForAnother(error: unknown): boolean {
  return error instanceof NotAccepted || error instanceof NodeUnreachable || error instanceof GivenUp;
}

/** For a run that may be given to a node again: that it was accepted is news only once. */
export function acceptedOnce(listener: Listener): Listener {
  let isAccepted = false;
  return {
    accepted: () => {
      if (!isAccepted) listener.accepted();
      isAccepted = true;
    },
    lines: (lines) => listener.lines(lines),
  };
}
