import type { Invocation, Listener, Program } from "../sandbox/program.ts";

/** A run that the pool is to carry out. */
export interface RunOrder {
  readonly program: Program;
  readonly invocation: Invocation;
  readonly listener: Listener;
  /** When nobody waits for the run any more and it is to be over, in milliseconds since the epoch; undefined for never. */
  readonly deadlineMs: number | undefined;
  /** It may be run again when its node is lost after it had accepted it. */
  readonly idempotent: boolean;
}
