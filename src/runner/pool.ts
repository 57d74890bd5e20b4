import type { Logger } from "../core/logger.ts";
import type { Language, Outcome, Problem, Program } from "../sandbox/program.ts";
import { Attempts, isForAnother } from "./attempts.ts";
import type { BreakerState } from "./breaker.ts";
import { Bulkhead, type EarlyRefusal, type QueueDescription, type QueueSettings } from "./bulkhead.ts";
import { Member, type MemberState } from "./member.ts";
import { type Node, type NodeDescription, NodeUnreachable } from "./node.ts";
import type { RunOrder } from "./order.ts";
import { type Quarantine, type QuarantineChange, Quarantines } from "./quarantine.ts";
import { poolUnavailable, refusalFor } from "./refusals.ts";

/** One thing that happened to the pool. */
export type PoolChange = {
  readonly timeMs: number;
  /** Why, in one line; empty where there is nothing to say. */
  readonly reason: string;
  /** It was found out here, and not told by another service. */
  readonly isOurs: boolean;
} & (
  | { readonly kind: NodeChangeKind; readonly nodeId: string; readonly quarantine: undefined }
  | { readonly kind: QuarantineChange["kind"]; readonly nodeId: ""; readonly quarantine: Quarantine }
);

type NodeChangeKind =
  | "NODE_ADDED"
  | "NODE_READY"
  | "NODE_DRAINING"
  | "NODE_REMOVED"
  | "BREAKER_OPENED"
  | "BREAKER_HALF_OPENED"
  | "BREAKER_CLOSED";

/** A node as this pool sees it. */
export interface PoolNode {
  readonly id: string;
  readonly state: MemberState;
  readonly breaker: BreakerState;
  /** Why it takes no runs, or why its breaker was opened last; empty when there is nothing to tell. */
  readonly reason: string;
  readonly breakerChangeTimeMs: number;
  /** How often its breaker has come into each state. */
  readonly breakerChanges: Readonly<Record<BreakerState, number>>;
  readonly takesRuns: boolean;
  readonly inFlightHere: number;
  /** Undefined while nothing was heard of it. */
  readonly description: NodeDescription | undefined;
}

export interface PoolDescription {
  readonly nodes: readonly PoolNode[];
  /** Of the nodes that take runs. */
  readonly capacity: number;
  readonly inFlight: number;
  readonly queue: QueueDescription;
  /** The newest first. */
  readonly quarantines: readonly Quarantine[];
}

/**
 * All nodes, each behind its breaker, and the queue of the runs for which there is no slot. Knows nothing of rows or
 * callers, and of projects only what is fair between them.
 */
export class Pool implements Disposable {
  /** Versions that are refused because their workers keep dying. */
  readonly quarantines: Quarantines;
  readonly #log: Logger;
  readonly #bulkhead: Bulkhead;
  readonly #listeners = new Set<(change: PoolChange) => void>();
  #members: readonly Member[] = [];
  #closed = false;

  constructor(parts: { settings: QueueSettings; log: Logger }) {
    this.#log = parts.log;
    this.quarantines = new Quarantines((change) => this.#tellOfQuarantine(change));
    this.#bulkhead = new Bulkhead({
      settings: parts.settings,
      members: () => this.#members,
      unavailable: () => this.#unavailable(),
    });
  }

  /** Runs that were refused before any node was asked, by why. */
  get refused(): Readonly<Record<EarlyRefusal, number>> {
    return this.#bulkhead.refused;
  }

  /**
   * The nodes from now on, told apart by id and object identity. Those that are missing get no new runs and are no
   * longer watched; the runs that they have go on.
   */
  setNodes(nodes: readonly Node[]): void {
    if (this.#closed) return;
    const left = this.#members.filter(({ node }) => !nodes.includes(node));
    const stayed = new Map(this.#members.map((member) => [member.node, member]));
    const added: Member[] = [];
    this.#members = nodes.map((node) => {
      const known = stayed.get(node);
      if (known !== undefined) return known;
      const member = this.#newMember(node);
      added.push(member);
      return member;
    });
    for (const member of left) {
      member[Symbol.dispose]();
      this.#tell("NODE_REMOVED", member);
    }
    for (const member of added) this.#tell("NODE_ADDED", member);
    this.#bulkhead.nodesChanged();
  }

  /**
   * Throws the refusal of a run that could neither begin nor wait now. `run` would refuse it, too; asked before, an
   * overloaded service does nothing else for it.
   */
  requireRoom(program: Program, projectId: string): void {
    this.#bulkhead.requireRoom(program, projectId);
  }

  /**
   * Runs an invocation on one of the nodes. Throws a Refusal, or the signal's reason, where nothing of it has happened,
   * be it that a node had accepted it; in any other case it answers with an outcome, whatever happens.
   */
  async run(order: RunOrder, signal: AbortSignal): Promise<Outcome> {
    const { context } = order.invocation;
    const isProbe = this.quarantines.admit(context);
    try {
      const outcome = await this.#carryOut(order, signal);
      this.quarantines.ended(context, outcome, isProbe);
      return outcome;
    } catch (error) {
      if (isProbe) this.quarantines.notBegun(context);
      throw error;
    }
  }

  /** Looks for what is wrong with a source, on a node that is well; on another one where that fails. Throws a Refusal. */
  async check(language: Language, source: string, signal: AbortSignal): Promise<readonly Problem[]> {
    let failure: unknown;
    for (const member of this.#bulkhead.takersOf(language)) {
      try {
        return await member.node.check(language, source, signal);
      } catch (error) {
        if (!isForAnother(error)) throw error;
        if (error instanceof NodeUnreachable) member.open(error);
        failure = error;
      }
    }
    throw failure === undefined ? this.#unavailable() : refusalFor(failure, language);
  }

  describe(): PoolDescription {
    const takers = this.#members.filter(({ takesRuns }) => takesRuns);
    return {
      nodes: this.#members.map(describeMember),
      capacity: takers.reduce((sum, { capacity }) => sum + capacity, 0),
      inFlight: this.#bulkhead.inFlight,
      queue: this.#bulkhead.describe(),
      quarantines: this.quarantines.list(),
    };
  }

  /** Calls back with every change until the answer is disposed of. The callback is quick and does not throw. */
  onChange(changed: (change: PoolChange) => void): Disposable {
    this.#listeners.add(changed);
    return { [Symbol.dispose]: () => void this.#listeners.delete(changed) };
  }

  /** Refuses whoever waits and listens to no node any more. Runs on the nodes are for others to end. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#bulkhead[Symbol.dispose]();
    for (const member of this.#members) member[Symbol.dispose]();
    this.#listeners.clear();
  }

  async #carryOut(asked: RunOrder, signal: AbortSignal): Promise<Outcome> {
    let order = asked;
    const sinceMs = performance.now();
    let waitedMs = 0;
    let attempts: Attempts | undefined;
    for (;;) {
      let member = this.#bulkhead.take(order, attempts?.excluded);
      if (member === undefined) {
        const fromMs = performance.now();
        try {
          member = await this.#bulkhead.wait(order, attempts?.excluded, sinceMs, signal);
        } catch (error) {
          if (attempts === undefined) throw error;
          return attempts.over(error, signal);
        }
        waitedMs += performance.now() - fromMs;
      }
      let outcome: Outcome | undefined;
      const givenMs = performance.now();
      try {
        const delivered = await member.deliver(order, signal);
        outcome = await delivered.outcome;
      } catch (error) {
        attempts ??= new Attempts();
        if (!isForAnother(error)) return attempts.over(error, signal);
        attempts.notTaken(member, error, order);
      } finally {
        this.#bulkhead.release(member, order, performance.now() - givenMs);
      }
      if (outcome === undefined) continue;
      const next = outcome.status === "LOST" && !this.#closed ? order.again?.(outcome) : undefined;
      if (next !== undefined) {
        order = { ...order, invocation: next };
        attempts ??= new Attempts();
        attempts.lost(member, outcome, order, this.#bulkhead);
        continue;
      }
      return waitedMs === 0 ? outcome : withWait(outcome, waitedMs);
    }
  }

  #newMember(node: Node): Member {
    return new Member(node, {
      stateChanged: (member, state) => {
        if (state !== "connecting") this.#tell(STATE_KINDS[state], member);
        this.#bulkhead.nodesChanged();
      },
      breakerChanged: (member, state) => {
        this.#log.warn(
          { node: member.node.id, state, reason: member.reason },
          "the breaker of a node changed",
        );
        this.#tell(BREAKER_KINDS[state], member, state === "closed" ? ANSWERS_AGAIN : member.reason);
        this.#bulkhead.nodesChanged();
      },
      described: () => this.#bulkhead.serve(),
    });
  }

  #tell(kind: NodeChangeKind, member: Member, reason = member.reason): void {
    const nodeId = member.node.id;
    this.#change({ timeMs: Date.now(), kind, nodeId, reason, quarantine: undefined, isOurs: true });
  }

  #tellOfQuarantine({ kind, quarantine, isOurs }: QuarantineChange): void {
    const { codeId, version, reason, round } = quarantine;
    this.#log.info({ codeId, version, reason, round, kind }, "the quarantine of a version changed");
    this.#change({ timeMs: Date.now(), kind, nodeId: "", reason, quarantine, isOurs });
  }

  #change(change: PoolChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  #unavailable(): unknown {
    const why = this.#members.map((member) => `${member.node.id}: ${member.reason || member.state}`);
    return poolUnavailable(why.join("; "));
  }
}

/** Why a breaker is closed. */
const ANSWERS_AGAIN = "it answers again";

const STATE_KINDS = {
  ready: "NODE_READY",
  draining: "NODE_DRAINING",
} as const;

const BREAKER_KINDS = {
  open: "BREAKER_OPENED",
  "half-open": "BREAKER_HALF_OPENED",
  closed: "BREAKER_CLOSED",
} as const;

function describeMember(member: Member): PoolNode {
  return {
    id: member.node.id,
    state: member.state,
    breaker: member.breaker,
    reason: member.reason,
    breakerChangeTimeMs: member.breakerChangeTimeMs,
    breakerChanges: member.breakerChanges,
    takesRuns: member.takesRuns,
    inFlightHere: member.inFlight,
    description: member.description,
  };
}

/** The wait for a node is part of the wait for a worker. */
function withWait(outcome: Outcome, waitedMs: number): Outcome {
  return { ...outcome, usage: { ...outcome.usage, queueMs: outcome.usage.queueMs + waitedMs } };
}
