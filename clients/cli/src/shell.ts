import { EXIT } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

/** What every command is given. */
export interface Shell {
  readonly terminal: Terminal;
  /** Fires at Ctrl-C and at SIGTERM: the command ends what it began, and ends. */
  readonly signal: AbortSignal;
  /** What the command ends with unless it throws or is interrupted. */
  exitCode: number;
}

/** Ctrl-C can arrive twice, from the terminal and from npx: what comes so soon is not a second word. */
const SAME_WORD_MS = 500;

/** The first signal asks to stop; a second one does not ask. The signal's reason is the exit code that goes with it. */
export function listenForSignals(): AbortSignal {
  const asked = new AbortController();
  let askedMs = 0;
  for (const [name, exitCode] of [
    ["SIGINT", EXIT.interrupted],
    ["SIGTERM", EXIT.terminated],
  ] as const) {
    process.on(name, () => {
      if (!asked.signal.aborted) {
        askedMs = performance.now();
        asked.abort(new Interruption(exitCode));
      } else if (performance.now() - askedMs > SAME_WORD_MS) process.exit(exitCode);
    });
  }
  return asked.signal;
}

/** Why a command ended early. */
export class Interruption extends Error {
  override readonly name = "Interruption";
  readonly exitCode: number;

  constructor(exitCode: number = EXIT.interrupted) {
    super("interrupted");
    this.exitCode = exitCode;
  }
}
