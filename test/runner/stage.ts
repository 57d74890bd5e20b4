import { setImmediate } from "node:timers/promises";
import type { Delivered, Node, NodeDescription } from "../../src/runner/node.ts";
import type { RunOrder } from "../../src/runner/order.ts";
import { Pool } from "../../src/runner/pool.ts";
import type { Invocation, Language, Listener, Outcome, Problem, Program } from "../../src/sandbox/program.ts";
import { silent } from "../support/silent-log.ts";

/** A pool over nodes that do as they are told; what real ones do is tested through the doors. */

export const USAGE = { queueMs: 0, startMs: 0, wallMs: 1, cpuMs: 1, peakMemoryBytes: 0, cold: false };
export const WELL: Outcome = { status: "SUCCEEDED", usage: USAGE };
export const LOST: Outcome = {
  status: "LOST",
  error: { kind: "NodeLost", message: "the connection broke", traceback: "" },
  usage: USAGE,
};

/** A run that the node was given, for the test to decide on. */
export class Given {
  readonly program: Program;
  readonly invocation: Invocation;
  readonly listener: Listener;
  readonly signal: AbortSignal;
  readonly #delivered = Promise.withResolvers<Delivered>();
  readonly #outcome = Promise.withResolvers<Outcome>();

  constructor(program: Program, invocation: Invocation, listener: Listener, signal: AbortSignal) {
    Object.assign(this, { program, invocation, listener, signal });
    this.program = program;
    this.invocation = invocation;
    this.listener = listener;
    this.signal = signal;
    signal.addEventListener("abort", () => this.refuse(signal.reason));
  }

  get delivered(): Promise<Delivered> {
    return this.#delivered.promise;
  }

  accept(): this {
    this.listener.accepted();
    this.#delivered.resolve({ outcome: this.#outcome.promise });
    return this;
  }

  end(outcome: Outcome = WELL): void {
    this.accept();
    this.#outcome.resolve(outcome);
  }

  refuse(error: unknown): void {
    this.#delivered.reject(error);
  }

  /** After it was accepted. */
  refuseLate(error: unknown): void {
    this.accept();
    this.#outcome.reject(error);
  }
}

export class ScriptedNode implements Node {
  readonly id: string;
  /** Runs that it was given, the oldest first. */
  readonly given: Given[] = [];
  /** What it was asked, in order. */
  readonly asked: string[] = [];
  problems: () => Promise<readonly Problem[]> = async () => [];
  probe: () => Promise<NodeDescription>;
  /** Whether whoever begins to watch hears something. */
  isHeard = true;
  #description: NodeDescription;
  #watchers: { news: NodeDescription[]; failure?: Error; wake: () => void }[] = [];

  constructor(id: string, description: Partial<NodeDescription> = {}) {
    this.id = id;
    this.#description = { ...IDLE, ...description };
    this.probe = async () => this.#description;
  }

  deliver(
    program: Program,
    invocation: Invocation,
    listener: Listener,
    signal: AbortSignal,
  ): Promise<Delivered> {
    this.asked.push("deliver");
    const given = new Given(program, invocation, listener, signal);
    this.given.push(given);
    return given.delivered;
  }

  check(): Promise<readonly Problem[]> {
    this.asked.push("check");
    return this.problems();
  }

  describe(): Promise<NodeDescription> {
    this.asked.push("describe");
    return this.probe();
  }

  async *watch(signal: AbortSignal): AsyncGenerator<NodeDescription> {
    this.asked.push("watch");
    const watcher = { news: this.isHeard ? [this.#description] : [], failure: undefined, wake: () => {} } as {
      news: NodeDescription[];
      failure?: Error;
      wake: () => void;
    };
    this.#watchers.push(watcher);
    signal.addEventListener("abort", () => watcher.wake());
    while (!signal.aborted) {
      yield* watcher.news.splice(0);
      if (watcher.failure !== undefined) throw watcher.failure;
      await new Promise<void>((resolve) => {
        watcher.wake = resolve;
      });
    }
  }

  /** Tells whoever watches that it is otherwise now. */
  tell(change: Partial<NodeDescription>): Promise<void> {
    this.#description = { ...this.#description, ...change };
    for (const watcher of this.#watchers) {
      watcher.news.push(this.#description);
      watcher.wake();
    }
    return settled();
  }

  /** Whoever watches it hears nothing any more. */
  fallSilent(failure: Error): Promise<void> {
    for (const watcher of this.#watchers.splice(0)) {
      watcher.failure = failure;
      watcher.wake();
    }
    return settled();
  }
}

const IDLE: NodeDescription = {
  capacity: 2,
  busy: 0,
  idle: 0,
  blank: 0,
  waiting: 0,
  warmStarts: 0,
  coldStarts: 0,
  memoryBytes: 0,
  startTimeMs: 0,
  draining: false,
  languages: [{ language: "python", state: "ready", runtime: "python 3.11" }],
  warm: [],
};

/** A pool whose nodes have been heard. */
export async function newPool(
  nodes: readonly Node[],
  settings = { waitersMax: 10, waitMs: 60_000 },
): Promise<Pool> {
  const pool = new Pool({ settings, log: silent });
  pool.setNodes(nodes);
  await settled();
  return pool;
}

export interface Asked {
  readonly projectId?: string;
  readonly key?: string;
  readonly language?: Language;
  readonly concurrencyMax?: number;
  readonly deadlineMs?: number;
  readonly again?: (lost: Outcome) => Invocation | undefined;
  readonly listener?: Listener;
  readonly codeId?: string;
  readonly version?: number;
  readonly signal?: AbortSignal;
}

/** A run that the pool is asked for. What becomes of it is for the test to see: nobody looking is no fault. */
export function ask(pool: Pool, asked: Asked = {}): Promise<Outcome> {
  const { projectId = "p", key = "k", language = "python", concurrencyMax = 1000 } = asked;
  const { codeId = "", version = 0 } = asked;
  const order: RunOrder = {
    program: { key, language, concurrencyMax, isFresh: false } as Program,
    invocation: { context: { projectId, codeId, version } } as Invocation,
    listener: asked.listener ?? { accepted() {}, lines() {} },
    deadlineMs: asked.deadlineMs,
    again: asked.again,
  };
  const outcome = pool.run(order, asked.signal ?? new AbortController().signal);
  outcome.catch(() => {});
  return outcome;
}

/** Lets everything happen that has been caused. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await setImmediate();
}
