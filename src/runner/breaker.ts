import CircuitBreaker from "opossum";
import { type Invocation, type Listener, NotAccepted, type Program } from "../sandbox/program.ts";
import { type Delivered, type Node, type NodeDescription, NodeUnreachable } from "./node.ts";

export type BreakerState = "closed" | "open" | "half-open";

/** How long it stays open: at first, and at most while its node flaps. */
const OPEN_MS = 5_000;
const OPEN_MS_MAX = 60_000;
/** A node whose breaker was closed for so long does not flap. */
const QUIET_MS = 60_000;
/** Failed deliveries within the window that open the breaker, where a single one does not. */
const STRIKES = 3;
const WINDOW_MS = 30_000;
const PROBE_MS = 2_000;

/**
 * Guards the delivery to one node, and nothing after it: how a run ends says nothing about its node. It opens at once
 * when the node cannot be reached, and after three strikes when it cannot build jails. Then the node is left alone for
 * a while, longer each time while it flaps, and asked to describe itself; only when it can, runs go there again.
 * Refusals for load never count.
 */
export class Breaker implements Disposable {
  readonly #node: Node;
  readonly #circuit: CircuitBreaker<[Program, Invocation, Listener, AbortSignal], Delivered>;
  readonly #changed: (state: BreakerState) => void;
  readonly #answered: (description: NodeDescription) => void;
  readonly #strikes: number[] = [];
  #reason = "";
  #changeTimeMs = Date.now();
  #openMs = 0;

  constructor(parts: {
    node: Node;
    changed: (state: BreakerState) => void;
    /** The node has answered a probe: the breaker is about to close. */
    answered: (description: NodeDescription) => void;
  }) {
    const { node } = parts;
    this.#node = node;
    this.#changed = parts.changed;
    this.#answered = parts.answered;
    this.#circuit = new CircuitBreaker(
      (program: Program, invocation: Invocation, listener: Listener, signal: AbortSignal) =>
        node.deliver(program, invocation, listener, signal),
      {
        name: node.id,
        // Waiting for a worker has limits of its own; what opens this breaker is decided below.
        timeout: false,
        resetTimeout: OPEN_MS,
        volumeThreshold: Number.MAX_SAFE_INTEGER,
        errorFilter: (error: unknown) => !heldAgainst(error),
        // Figures that nobody looks at.
        rollingPercentilesEnabled: false,
        enableSnapshots: false,
      },
    );
    this.#circuit.on("open", () => this.#tell("open"));
    this.#circuit.on("close", () => this.#tell("closed"));
    this.#circuit.on("halfOpen", () => {
      this.#tell("half-open");
      void this.#probe();
    });
    this.#circuit.on("failure", (error: Error) => {
      if (error instanceof NodeUnreachable) this.open(reasonOf(error));
      else this.#strike(error);
    });
  }

  get state(): BreakerState {
    if (this.#circuit.closed) return "closed";
    return this.#circuit.halfOpen ? "half-open" : "open";
  }

  /** Why it is not closed, or was opened last; empty when it never was. */
  get reason(): string {
    return this.#reason;
  }

  /** Since when it is in its state, in milliseconds since the epoch. */
  get changeTimeMs(): number {
    return this.#changeTimeMs;
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

  /** Opens it for a reason of which a delivery knows nothing. Does nothing when it is open. */
  open(reason: string): void {
    if (this.#circuit.opened) return;
    const isQuiet = this.#circuit.closed && Date.now() - this.#changeTimeMs >= QUIET_MS;
    this.#openMs = isQuiet || this.#openMs === 0 ? OPEN_MS : Math.min(2 * this.#openMs, OPEN_MS_MAX);
    // The circuit looks at it each time it opens.
    (this.#circuit as unknown as { options: CircuitBreaker.Options }).options.resetTimeout = this.#openMs;
    this.#reason = reason;
    this.#strikes.length = 0;
    this.#circuit.open();
  }

  [Symbol.dispose](): void {
    this.#circuit.shutdown();
  }

  #strike(error: Error): void {
    const nowMs = Date.now();
    while (this.#strikes[0] !== undefined && this.#strikes[0] < nowMs - WINDOW_MS) this.#strikes.shift();
    this.#strikes.push(nowMs);
    if (this.#strikes.length >= STRIKES) this.open(reasonOf(error));
  }

  /** The half-open circuit is tried with a question of ours, not with somebody's run. */
  async #probe(): Promise<void> {
    try {
      const description = await this.#node.describe(AbortSignal.timeout(PROBE_MS));
      if (!this.#circuit.halfOpen) return;
      this.#answered(description);
      this.#circuit.close();
    } catch (error) {
      if (this.#circuit.halfOpen) this.open(reasonOf(error));
    }
  }

  #tell(state: BreakerState): void {
    this.#changeTimeMs = Date.now();
    this.#changed(state);
  }
}

/** What went wrong with a node, in a line. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof NodeUnreachable && error.refused ? `it refuses this service: ${message}` : message;
}

/** Being full, without a language or about to close is a healthy node's answer. */
function heldAgainst(error: unknown): boolean {
  return error instanceof NodeUnreachable || (error instanceof NotAccepted && error.why === "broken");
}
