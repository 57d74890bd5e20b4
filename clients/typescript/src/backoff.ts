import { givenUp } from "./errors.ts";

const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 10_000;

/**
 * How long to wait after the given number of failures in a row: twice as long each time, up to 10 s, less up to half
 * of it by chance so that callers who failed together do not come back together. Never less than the service asks for.
 */
export function delayAfter(failures: number, retryAfterMs = 0, chance: () => number = Math.random): number {
  const longest = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LAST_DELAY_MS);
  return Math.max(longest * (1 - chance() / 2), retryAfterMs);
}

/** Waits. Throws as soon as the caller gives up. */
export function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      clearTimeout(timer);
      reject(givenUp(signal!));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", giveUp);
      resolve();
    }, delayMs);
    if (signal?.aborted) return giveUp();
    signal?.addEventListener("abort", giveUp, { once: true });
  });
}
