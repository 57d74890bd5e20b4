import type {
  Invocation,
  Language,
  LanguageState,
  Listener,
  Outcome,
  Problem,
  Program,
} from "../sandbox/program.ts";

/**
 * Something that owns workers and runs what it is given. A node owns its slots: it refuses what it has no room for,
 * and nobody counts them for it.
 */
export interface Node {
  /** How people call it: `local`, or the address under which it is reached. */
  readonly id: string;

  /**
   * Hands an invocation over. Resolves when the node has accepted it: from then on the outcome is the node's word;
   * where the node is lost after that, it is LOST with the kind `NodeLost`. Rejects with `NotAccepted`,
   * `NodeUnreachable` or the signal's reason before that; nothing of the invocation has happened then.
   */
  deliver(
    program: Program,
    invocation: Invocation,
    listener: Listener,
    signal: AbortSignal,
  ): Promise<Delivered>;

  /** Looks for what is wrong with a source without running it. Rejects like `deliver`. */
  check(language: Language, source: string, signal: AbortSignal): Promise<readonly Problem[]>;

  /** What the node is and how busy it is; also the question a breaker asks before it trusts a node again. */
  describe(signal: AbortSignal): Promise<NodeDescription>;

  /** The same, at once and whenever it changes. Ends or throws when the node cannot be heard any more. */
  watch(signal: AbortSignal): AsyncIterable<NodeDescription>;
}

export interface Delivered {
  /** Rejects with `NotAccepted` where the node finds out late that nothing of the invocation can have happened. */
  readonly outcome: Promise<Outcome>;
}

/** The kind of error of a run whose node was lost after it had accepted the run. */
export const NODE_LOST = "NodeLost";

export interface NodeDescription {
  /** Workers there may be; runs that it takes at once. */
  readonly capacity: number;
  readonly busy: number;
  readonly idle: number;
  /** Started interpreters that wait for a program. */
  readonly blank: number;
  /** Invocations that wait for a worker on the node. */
  readonly waiting: number;
  /** Since its start: invocations that found a warm worker, and those that did not. */
  readonly warmStarts: number;
  readonly coldStarts: number;
  /** Of all its workers; 0 where the host cannot tell. */
  readonly memoryBytes: number;
  /** Of its process, in milliseconds since the epoch. */
  readonly startTimeMs: number;
  /** It finishes what it has and takes nothing new. */
  readonly draining: boolean;
  readonly languages: readonly LanguageState[];
  /** Programs that have workers, the ones with the most first, 1,000 at most. */
  readonly warm: readonly WarmProgram[];
}

export interface WarmProgram {
  /** Of the program: what affinity goes by. */
  readonly key: string;
  /** Empty and 0 for a try. */
  readonly codeId: string;
  readonly version: number;
  readonly idle: number;
  readonly busy: number;
}

/**
 * The node cannot be reached: its connection was refused or broke before it had accepted anything. `refused` when it
 * answers, and will not have us: another key, another version of the contract between us.
 */
export class NodeUnreachable extends Error {
  override name = "NodeUnreachable";
  readonly refused: boolean;

  constructor(message: string, options: ErrorOptions & { refused?: boolean } = {}) {
    super(message, options);
    this.refused = options.refused ?? false;
  }
}
