import type { Groups } from "./cgroup.ts";
import type { SandboxSettings } from "./settings.ts";

/** Bytes that workers have to give back: those above their limit, or that the host lacks. 0 or less when there are none. */
export type ExcessBytes = () => number;

/** The host is asked for what a container around this service may use, where there is one. */
export function excessOf(
  groups: Groups,
  { workersMemoryBytesMax, spareMemoryBytes }: SandboxSettings,
): ExcessBytes {
  return () =>
    Math.max(groups.memoryBytes() - workersMemoryBytesMax, spareMemoryBytes - process.availableMemory());
}
