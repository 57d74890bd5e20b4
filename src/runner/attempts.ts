import { NotAccepted, type Outcome } from "../sandbox/program.ts";
import type { Bulkhead } from "./bulkhead.ts";
import { GivenUp, type Member } from "./member.ts";
import { NodeUnreachable } from "./node.ts";
import type { RunOrder } from "./order.ts";
import { refusalFor } from "./refusals.ts";

/** What has become of a run's earlier attempts. Most runs have none, and no such record. */
export class Attempts {
  readonly #excluded = new Set<Member>();
  #refusal: unknown;
  #lost: Outcome | undefined;

  /** Nodes that it is not to be given to again. */
  get excluded(): ReadonlySet<Member> {
    return this.#excluded;
  }

  /** A node has not taken it. Nothing of it has happened, so that another one may have it. */
  notTaken(member: Member, error: unknown, { program }: RunOrder): void {
    this.#refusal = refusalFor(error, program.language);
    this.#excluded.add(member);
  }

  /** A node was lost that had taken it. Another one is to have it, or the same where there is no other. */
  lost(member: Member, outcome: Outcome, order: RunOrder, bulkhead: Bulkhead): void {
    this.#lost = outcome;
    this.#excluded.add(member);
    if (!bulkhead.hasNode(order, this.#excluded)) this.#excluded.clear();
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
