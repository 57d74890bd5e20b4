import { performance } from "node:perf_hooks";

/** Lines that carry their number and the time they were written, to be told how long they were under way. */
export const TICKS = { count: 200, everyMs: 5 } as const;

/** This process's clock lags or leads the host's by less than a millisecond that `Date.now` does not show. */
const leadMs = await leadOverTheHost();

/** The host's time in microseconds since 1970. */
export function nowUs(): number {
  return Math.round((performance.timeOrigin + performance.now() - leadMs) * 1000);
}

export function tickText(index: number): string {
  return `${index} ${nowUs()}`;
}

/** Looks when `Date.now` turns to the next millisecond. */
async function leadOverTheHost(): Promise<number> {
  const leads: number[] = [];
  for (let look = 0; look < 5; look += 1) {
    const before = Date.now();
    let now = before;
    while (now === before) now = Date.now();
    leads.push(performance.timeOrigin + performance.now() - now);
  }
  return Math.min(...leads);
}
