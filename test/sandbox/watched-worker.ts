import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { Jail } from "../../src/sandbox/launch.ts";
import type { Line, Outcome, Program } from "../../src/sandbox/program.ts";
import { Worker } from "../../src/sandbox/worker.ts";
import { silent } from "../support/silent-log.ts";
import { type Foreseen, PLACEHOLDER, RESULT_BYTES_MAX } from "./hostile-guest.ts";
import { INVOCATION, NEVER, program } from "./stage.ts";

export const START_MS = 20_000;

export function newWorker(jail: Jail): Worker {
  return new Worker(jail, { startMs: START_MS, lineBytesMax: 1024 }, silent);
}

/** A worker whose end is counted. */
export class WatchedWorker {
  readonly worker: Worker;
  deaths = 0;
  readonly #dead = Promise.withResolvers<void>();
  readonly dead: Promise<void> = this.#dead.promise;

  constructor(jail: Jail) {
    this.worker = newWorker(jail);
    this.worker.owner = {
      idle() {},
      dead: () => {
        this.deaths += 1;
        this.#dead.resolve();
      },
    };
  }
}

interface Asking {
  readonly program?: Program;
  /** What a real guest is to do. */
  readonly steps?: readonly object[];
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** One invocation with a nonce of its own, and everything that the host says of it. */
export class Call {
  readonly nonce = randomUUID();
  readonly lines: Line[] = [];
  /** Lines that came when the outcome was known already. */
  readonly late: Line[] = [];
  readonly outcome: Promise<Outcome>;

  /** Throws what the worker throws when it cannot serve. */
  constructor(worker: Worker, asking: Asking = {}) {
    const { program: given = program("python", ""), steps = [], timeoutMs = 60_000, signal = NEVER } = asking;
    let isOver = false;
    const body = Buffer.from(JSON.stringify({ nonce: this.nonce, steps }));
    const lines = (more: readonly Line[]) => void (isOver ? this.late : this.lines).push(...more);
    this.outcome = worker.serve(
      {
        program: given,
        loadable: Buffer.alloc(0),
        file: "hostile.py",
        invocation: { ...INVOCATION, body, timeoutMs, resultBytesMax: RESULT_BYTES_MAX },
        listener: { accepted() {}, lines },
        queueMs: 0,
        startMs: 0,
      },
      signal,
    );
    this.outcome.then(() => {
      isOver = true;
    });
  }

  /** The outcome is the foreseen one, made in this invocation, and nothing of another invocation is in it. */
  async expectForeseen(foreseen: Pick<Foreseen, "status" | "kind" | "logs">): Promise<void> {
    const { status, error, result } = await this.outcome;
    expect({ status, kind: error?.kind }).toEqual({
      status: foreseen.status,
      kind: foreseen.status === "TIMED_OUT" ? "Timeout" : foreseen.kind,
    });
    if (status === "SUCCEEDED") expect(Buffer.from(result!.body).toString()).toBe(this.nonce);
    if (error?.kind === "Hostile") expect(error.message).toBe(this.nonce);
    this.expectOwnLines();
    const logs = this.lines.filter(({ text }) => text === `log ${this.nonce}`);
    expect(logs.length).toBeGreaterThanOrEqual(foreseen.logs);
  }

  /** What it prints is its own, and came before its outcome. */
  expectOwnLines(): void {
    for (const { stream, text } of this.lines) {
      expect(text.isWellFormed() && !text.includes("\0")).toBe(true);
      if (stream !== "system") expect(text.replaceAll(PLACEHOLDER, "?")).toContain(this.nonce);
    }
    expect(this.late).toEqual([]);
  }
}
