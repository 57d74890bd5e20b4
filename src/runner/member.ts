import { TransientMap } from "../core/transient-map.ts";
import type { Language, Program } from "../sandbox/program.ts";
import { Breaker, type BreakerState, reasonOf } from "./breaker.ts";
import type { Candidate } from "./choice.ts";
import { LOCAL_NODE } from "./local-node.ts";
import type { Delivered, Node, NodeDescription } from "./node.ts";
import type { RunOrder } from "./order.ts";

/** Whether a node takes runs; its breaker has to be closed, too. */
export type MemberState = "connecting" | "ready" | "draining";

/** How long to wait before a node is listened to again: at first, and at most. */
const LISTEN_AGAIN_MS = 250;
const LISTEN_AGAIN_MS_MAX = 10_000;

/** A delivery was given up before the node had accepted it, because its breaker opened. */
export class GivenUp extends Error {
  override name = "GivenUp";
}

/** What happens to a member, for the pool. */
export interface MemberEvents {
  readonly stateChanged: (member: Member, state: MemberState) => void;
  readonly breakerChanged: (member: Member, state: BreakerState) => void;
  /** There is a new description. */
  readonly described: () => void;
}

/**
 * A node in the pool: its breaker, what it says of itself, and what this pool has given to it.
 *
 *     connecting ─ heard ─→ ready ─ says that it drains ─→ draining ─ not heard any more ─→ connecting
 *
 * One that is ready and cannot be heard any more stays so; its breaker opens.
 */
export class Member implements Candidate, Disposable {
  readonly node: Node;
  readonly #breaker: Breaker;
  readonly #events: MemberEvents;
  readonly #left = new AbortController();
  /** Deliveries that the node has not accepted yet. */
  readonly #pending = new TransientMap<object, AbortController>();
  /** Idle workers by program: as described, corrected by what was given to the node since. */
  #idle = new Map<string, number>();
  #languages: ReadonlySet<Language> = new Set();
  #state: MemberState = "connecting";
  #description: NodeDescription | undefined;
  /** Why it cannot be heard, while it is connecting. */
  #silence = "";
  #strangers = 0;
  #inFlight = 0;
  readonly #breakerChanges: Record<BreakerState, number> = { closed: 0, open: 0, "half-open": 0 };
  #readySinceMs = 0;
  #listenNow: () => void = () => {};

  constructor(node: Node, events: MemberEvents) {
    this.node = node;
    this.#events = events;
    this.#breaker = new Breaker({
      node,
      changed: (state) => this.#breakerChanged(state),
      answered: (description) => this.#hear(description),
    });
    void this.#listen();
  }

  get state(): MemberState {
    return this.#state;
  }

  get breaker(): BreakerState {
    return this.#breaker.state;
  }

  get breakerChangeTimeMs(): number {
    return this.#breaker.changeTimeMs;
  }

  /** How often its breaker has come into each state. */
  get breakerChanges(): Readonly<Record<BreakerState, number>> {
    return this.#breakerChanges;
  }

  /** Why it takes no runs, or why its breaker was opened last; empty when there is nothing to tell. */
  get reason(): string {
    return this.#state === "connecting" && this.#silence !== "" ? this.#silence : this.#breaker.reason;
  }

  get takesRuns(): boolean {
    return this.#state === "ready" && this.#breaker.state === "closed";
  }

  get description(): NodeDescription | undefined {
    return this.#description;
  }

  get capacity(): number {
    return this.#description?.capacity ?? 0;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get load(): number {
    return this.#inFlight + this.#strangers;
  }

  get readySinceMs(): number {
    return this.#readySinceMs;
  }

  idleWorkers(key: string): number {
    return this.#idle.get(key) ?? 0;
  }

  runs(language: Language): boolean {
    return this.#languages.has(language);
  }

  /** A run takes one of its slots. */
  hold(program: Program): void {
    this.#inFlight += 1;
    this.#countIdle(program.key, -1);
  }

  /** The run is over. */
  release(program: Program): void {
    this.#inFlight -= 1;
    if (!program.isFresh) this.#countIdle(program.key, 1);
  }

  /** Delivers through the breaker. Rejects with `GivenUp` when that opens before the node has accepted the run. */
  deliver(order: RunOrder, signal: AbortSignal): Promise<Delivered> {
    // It may have opened in the moment between being chosen and being given the run.
    if (this.#breaker.state !== "closed") return Promise.reject(new GivenUp(this.#breaker.reason));
    // The node inside this process answers always, and a run there need not pay for this.
    if (this.node.id !== LOCAL_NODE) return this.#deliverAfar(order, signal);
    return this.#breaker.deliver(order.program, order.invocation, order.listener, signal);
  }

  /** Something other than a delivery has found out that the node cannot be used. */
  open(error: unknown): void {
    this.#breaker.open(reasonOf(error));
  }

  /** It is no longer on the list: nobody listens to it any more. Its runs go on. */
  [Symbol.dispose](): void {
    this.#left.abort();
    this.#listenNow();
    this.#breaker[Symbol.dispose]();
  }

  async #deliverAfar(order: RunOrder, signal: AbortSignal): Promise<Delivered> {
    const { program, invocation, listener } = order;
    signal.throwIfAborted();
    const delivery = new AbortController();
    const cancel = () => delivery.abort(signal.reason);
    signal.addEventListener("abort", cancel);
    this.#pending.set(delivery, delivery);
    const leave = () => signal.removeEventListener("abort", cancel);
    try {
      const delivered = await this.#breaker.deliver(program, invocation, listener, delivery.signal);
      delivered.outcome.then(leave, leave);
      return delivered;
    } catch (error) {
      leave();
      throw error;
    } finally {
      this.#pending.delete(delivery);
    }
  }

  async #listen(): Promise<void> {
    const { signal } = this.#left;
    for (let waitMs = LISTEN_AGAIN_MS; !signal.aborted; waitMs = Math.min(2 * waitMs, LISTEN_AGAIN_MS_MAX)) {
      try {
        for await (const description of this.node.watch(signal)) {
          if (signal.aborted) return;
          waitMs = LISTEN_AGAIN_MS;
          this.#hear(description);
        }
        this.#fallSilent("it has stopped telling how it is");
      } catch (error) {
        this.#fallSilent(reasonOf(error));
      }
      if (!signal.aborted) await this.#pause(waitMs);
    }
  }

  #pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs).unref();
      this.#listenNow = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #hear(description: NodeDescription): void {
    this.#description = description;
    const isShared = this.node.id !== LOCAL_NODE;
    this.#strangers = isShared ? Math.max(0, description.busy + description.waiting - this.#inFlight) : 0;
    this.#idle = new Map(description.warm.map(({ key, idle }) => [key, idle]));
    this.#languages = new Set(
      description.languages.filter(({ state }) => state === "ready").map(({ language }) => language),
    );
    this.#become(description.draining ? "draining" : "ready");
    this.#events.described();
  }

  #fallSilent(why: string): void {
    if (this.#left.signal.aborted) return;
    this.#silence = why;
    if (this.#state === "ready") this.#breaker.open(why);
    else this.#become("connecting");
  }

  #become(state: MemberState): void {
    if (state === this.#state) return;
    this.#state = state;
    if (state === "ready") this.#readySinceMs = Date.now();
    this.#events.stateChanged(this, state);
  }

  #breakerChanged(state: BreakerState): void {
    this.#breakerChanges[state] += 1;
    if (state === "open") {
      for (const delivery of this.#pending.values()) delivery.abort(new GivenUp(this.#breaker.reason));
    }
    if (state === "closed") {
      this.#readySinceMs = Date.now();
      this.#listenNow();
    }
    this.#events.breakerChanged(this, state);
  }

  #countIdle(key: string, change: number): void {
    this.#idle.set(key, Math.max(0, (this.#idle.get(key) ?? 0) + change));
  }
}
