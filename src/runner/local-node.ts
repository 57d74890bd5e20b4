import type { Invocation, Listener, Outcome, Program } from "../sandbox/program.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { Delivered, Node, NodeDescription } from "./node.ts";

/** The node inside this process. */
export class LocalNode implements Node {
  readonly id = "local";
  readonly #sandbox: Sandbox;

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
  }

  deliver(
    program: Program,
    invocation: Invocation,
    listener: Listener,
    signal: AbortSignal,
  ): Promise<Delivered> {
    const { promise, resolve, reject } = Promise.withResolvers<Delivered>();
    const outcome: Promise<Outcome> = this.#sandbox.execute(
      program,
      invocation,
      {
        accepted: () => {
          listener.accepted();
          // `outcome` is assigned by now: a sandbox accepts only after it has looked for a worker.
          resolve({ outcome });
        },
        lines: (lines) => listener.lines(lines),
      },
      signal,
    );
    outcome.catch(reject);
    return promise;
  }

  async describe(): Promise<NodeDescription> {
    const { capacity, busy, waiting } = this.#sandbox.describe();
    return { capacity, busy, waiting };
  }
}
