import CircuitBreaker from "opossum";
import { type Invocation, type Listener, NotAccepted, type Program } from "../sandbox/program.ts";
import type { Delivered, Node } from "./node.ts";

export type BreakerState = "closed" | "open" | "half-open";

export interface BreakerChange {
  readonly node: string;
  readonly state: BreakerState;
  readonly reason: string;
}

const RESET_MS = 5_000;
/** Failed deliveries within the window that open the breaker, where a single one does not. */
const STRIKES = 3;
const WINDOW_MS = 30_000;
const PROBE_MS = 2_000;

/**
 * Guards the delivery to one node, and nothing after it: how a run ends says nothing about its node. A node that
 * cannot build a jail, or whose connection breaks, is left alone for a while; then it is asked to describe itself,
 * and only when it can, runs go there again. Refusals for load never count.
 */
export class Breaker implements Disposable {
  readonly node: Node;
  readonly #circuit: CircuitBreaker<[Program, Invocation, Listener, AbortSignal], Delivered>;
  readonly #changed: (change: BreakerChange) => void;
  readonly #strikes: number[] = [];
  #reason = "";

  constructor(node: Node, changed: (change: BreakerChange) => void) {
    this.node = node;
    this.#changed = changed;
    this.#circuit = new CircuitBreaker(
      (program: Program, invocation: Invocation, listener: Listener, signal: AbortSignal) =>
        node.deliver(program, invocation, listener, signal),
      {
        name: node.id,
        // Waiting for a worker has limits of its own; what opens this breaker is decided below.
        timeout: false,
        resetTimeout: RESET_MS,
        volumeThreshold: Number.MAX_SAFE_INTEGER,
        errorFilter: (error: unknown) => !heldAgainst(error),
      },
    );
    this.#circuit.on("open", () => this.#tell("open"));
    this.#circuit.on("close", () => this.#tell("closed"));
    this.#circuit.on("halfOpen", () => {
      this.#tell("half-open");
      void this.#probe();
    });
    this.#circuit.on("failure", (error: Error) => this.#strike(error));
  }

  get state(): BreakerState {
    if (this.#circuit.halfOpen) return "half-open";
    return this.#circuit.opened ? "open" : "closed";
  }

  /** Why the breaker is not closed; empty when it is. */
  get reason(): string {
    return this.#reason;
  }

  /** Delivers through the breaker. Call it only while the state is `closed`. */
  deliver(
    program: Program,
    invocation: Invocation,
    listener: Listener,
    signal: AbortSignal,
  ): Promise<Delivered> {
    return this.#circuit.fire(program, invocation, listener, signal);
  }

  [Symbol.dispose](): void {
    this.#circuit.shutdown();
  }

  #strike(error: Error): void {
    const now = Date.now();
    while (this.#strikes[0] !== undefined && this.#strikes[0] < now - WINDOW_MS) this.#strikes.shift();
    this.#strikes.push(now);
    if (this.#strikes.length < STRIKES) return;
    this.#reason = error.message;
    this.#strikes.length = 0;
    this.#circuit.open();
  }

  /** The half-open circuit is tried with a question of ours, not with somebody's run. */
  async #probe(): Promise<void> {
    try {
      await this.node.describe(AbortSignal.timeout(PROBE_MS));
      this.#reason = "";
      this.#circuit.close();
    } catch (error) {
      this.#reason = error instanceof Error ? error.message : String(error);
      this.#circuit.open();
    }
  }

  #tell(state: BreakerState): void {
    this.#changed({ node: this.node.id, state, reason: this.#reason });
  }
}

/** Being full, without a language or about to close is a healthy node's answer. */
function heldAgainst(error: unknown): boolean {
  return error instanceof NotAccepted && error.why === "broken";
}
