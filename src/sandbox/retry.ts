import { setTimeout as sleep } from "node:timers/promises";

/** Tries until it returns true, with growing pauses; false once the time is over. */
export async function retry(attempt: () => boolean, timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 100)) {
    if (attempt()) return true;
    if (performance.now() > end) return false;
    await sleep(pauseMs);
  }
}
