import { setTimeout } from "node:timers/promises";
import type { Invocation, Language, Listener, Outcome, Problem, Program } from "../sandbox/program.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { Delivered, Node, NodeDescription } from "./node.ts";

/** How the node inside this process is called. */
export const LOCAL_NODE = "local";

const LOOK_MS = 250;

/** The node inside this process. */
export class LocalNode implements Node {
  readonly id = LOCAL_NODE;
  readonly #startTimeMs = Date.now();
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

  check(language: Language, source: string, signal: AbortSignal): Promise<readonly Problem[]> {
    return this.#sandbox.check(language, source, signal);
  }

  async describe(): Promise<NodeDescription> {
    const { capacity, busy, idle, blank, waiting, warm, cold, memoryBytes } = this.#sandbox.describe();
    return {
      capacity,
      busy,
      idle,
      blank: blank.python + blank.javascript,
      waiting,
      warmStarts: warm,
      coldStarts: cold,
      memoryBytes,
      startTimeMs: this.#startTimeMs,
      draining: false,
      languages: this.#sandbox.languages(),
      warm: this.#sandbox.warmPrograms().map(({ key, idle: idleOfIt, busy: busyOfIt }) => ({
        key,
        ...versionOf(key),
        idle: idleOfIt,
        busy: busyOfIt,
      })),
    };
  }

  /** Looks again and again: what happens inside this process needs no telling to others. */
  async *watch(signal: AbortSignal): AsyncGenerator<NodeDescription> {
    let told = "";
    while (!signal.aborted) {
      const description = await this.describe();
      const text = JSON.stringify(description);
      if (text !== told) yield description;
      told = text;
      await setTimeout(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  }
}

/** A version's key begins with its code and its number; any other is a try's. */
function versionOf(key: string): { codeId: string; version: number } {
  const [, codeId, version] = /^([0-9a-f-]{36}) (\d{1,9}) /.exec(key) ?? [];
  return codeId === undefined ? { codeId: "", version: 0 } : { codeId, version: Number(version) };
}
