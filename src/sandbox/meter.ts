import type { Group } from "./cgroup.ts";

/** What a group had used at a moment. */
export interface Look {
  readonly atMs: number;
  readonly cpuUs: number;
  /** Since the group began. */
  readonly peakMemoryBytes: number;
  /** One of its processes was killed for its memory. */
  readonly starved: boolean;
}

/** Within so short a time a group that has answered has not used more than a run can bear. */
const RECENT_MS = 5;
/**
 * Whoever has used no more processor time than this has not taken more memory than that: zeroing huge pages, which is the
 * fastest way, takes 100 µs for 2 MiB.
 */
const SHORT_CPU_US = 500;
const SHORT_BYTES = 16 * 1024 * 1024;

/**
 * Reads what a group has used. Each number is a file of the kernel's and costs as much as everything else that is done for
 * a short run, so memory is looked at only where it can have changed: then what is told of it is short by `SHORT_BYTES`
 * at most, until the next look.
 */
export class Meter {
  readonly #group: Group;
  #last: Look | undefined;
  /** The last one for which memory was looked at. */
  #thorough: Look | undefined;

  constructor(group: Group) {
    this.#group = group;
  }

  /** Processor time by now. Only while the group exists, as everything here. */
  cpuUs(): number {
    return this.#group.cpuUs();
  }

  /** The same, for a group that has been idle since it was looked at. */
  idleCpuUs(nowMs: number): number {
    return this.#last !== undefined && nowMs - this.#last.atMs < RECENT_MS ? this.#last.cpuUs : this.cpuUs();
  }

  /** Looks at it at the end of something that it has done with so much memory. */
  look(memoryBytesMax: number): Look {
    const atMs = performance.now();
    const cpuUs = this.#group.cpuUs();
    const known = this.#thorough;
    const mayHaveGrown =
      known === undefined ||
      cpuUs - known.cpuUs > SHORT_CPU_US ||
      known.peakMemoryBytes + SHORT_BYTES > memoryBytesMax;
    if (mayHaveGrown) {
      const peakMemoryBytes = this.#group.peakMemoryBytes();
      const starved = this.#group.outOfMemoryKills() > 0;
      this.#thorough = this.#last = { atMs, cpuUs, peakMemoryBytes, starved };
    } else this.#last = { ...known, atMs, cpuUs };
    return this.#last;
  }
}
