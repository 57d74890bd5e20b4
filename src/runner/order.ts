import type { Invocation, Listener, Outcome, Program } from "../sandbox/program.ts";

/** A run that the pool is to carry out. */
export interface RunOrder {
  readonly program: Program;
  readonly invocation: Invocation;
  readonly listener: Listener;
  /** When nobody waits for the run any more and it is to be over, in milliseconds since the epoch; undefined for never. */
  readonly deadlineMs: number | undefined;
  /**
   * Asked when a node was lost that had accepted the run: what another one is to be given, undefined when that is the
   * end. Undefined for a run that must not be repeated.
   */
  readonly again: ((lost: Outcome) => Invocation | undefined) | undefined;
}
