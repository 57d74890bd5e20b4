import type { Command } from "commander";
import { candidates } from "../completion.ts";
import type { Shell } from "../shell.ts";

/** Prints what the last of the words may be, one a line, each with its meaning behind a tab. */
export function define(command: Command, shell: Shell): void {
  command.argument("[words...]").action(async (words: string[]) => {
    // A completion has nobody to tell an error to, and is worth nothing if it comes late.
    const found = await candidates(words, { ...shell, signal: AbortSignal.timeout(LATE_MS) }).catch(() => []);
    for (const { word, meaning } of found) shell.terminal.print(`${word}	${meaning}`);
  });
}

const LATE_MS = 2_000;
