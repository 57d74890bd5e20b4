import { beforeEach, expect, test } from "vitest";
import { NO_GROUPS } from "../../src/sandbox/groups.ts";
import { Meter } from "../../src/sandbox/meter.ts";

const MIB = 1024 * 1024;
const LIMIT_BYTES = 128 * MIB;

/** What the kernel would say of the group, and how often it was asked for its memory. */
let kernel: { cpuUs: number; peakBytes: number; kills: number; asked: number };
let meter: Meter;

beforeEach(() => {
  kernel = { cpuUs: 20_000, peakBytes: 40 * MIB, kills: 0, asked: 0 };
  const group = NO_GROUPS.create("measured", { memoryBytesMax: LIMIT_BYTES, pidsMax: 1, cpuMillisMax: 1000 });
  meter = new Meter({
    ...group,
    cpuUs: () => kernel.cpuUs,
    outOfMemoryKills: () => kernel.kills,
    peakMemoryBytes: () => {
      kernel.asked += 1;
      return kernel.peakBytes;
    },
  });
});

test("processor time is read at each look, memory only after enough of it for the memory to have grown", () => {
  expect(meter.look(LIMIT_BYTES)).toMatchObject({ cpuUs: 20_000, peakMemoryBytes: 40 * MIB });
  kernel.peakBytes = 41 * MIB;
  for (let run = 1; run <= 5; run++) {
    kernel.cpuUs += 100;
    expect(meter.look(LIMIT_BYTES)).toMatchObject({
      cpuUs: 20_000 + run * 100,
      peakMemoryBytes: 40 * MIB,
      starved: false,
    });
  }
  expect(kernel.asked).toBe(1);
  kernel.cpuUs += 100;
  expect(meter.look(LIMIT_BYTES)).toMatchObject({ cpuUs: 20_600, peakMemoryBytes: 41 * MIB });
  expect(kernel.asked).toBe(2);
});

test("close to its limit a group is asked each time, so that a kill for memory is always seen", () => {
  kernel.peakBytes = LIMIT_BYTES - 8 * MIB;
  expect(meter.look(LIMIT_BYTES).starved).toBe(false);
  kernel.kills = 1;
  expect(meter.look(LIMIT_BYTES).starved).toBe(true);
  expect(kernel.asked).toBe(2);
});

test("what follows at once on a look begins where that has ended; later the kernel is asked", () => {
  const { atMs } = meter.look(LIMIT_BYTES);
  kernel.cpuUs += 7;
  expect(meter.idleCpuUs(atMs + 1)).toBe(20_000);
  expect(meter.idleCpuUs(atMs + 10)).toBe(20_007);
  expect(meter.cpuUs()).toBe(20_007);
});
