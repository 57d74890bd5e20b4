import type { Group, Groups } from "./cgroup.ts";
import { openGroupsV1 } from "./cgroup-v1.ts";
import { openGroupsV2 } from "./cgroup-v2.ts";
import { instanceName } from "./instance.ts";

/** Groups of this host, version 2 or 1, after those of services that ended without cleaning up are removed. */
export async function openGroups(): Promise<Groups> {
  return (await openGroupsV2(instanceName())) ?? (await openGroupsV1(instanceName()));
}

/** For trusted code, or where the wall is waived: nothing is limited, measured or killed together. */
export const NO_GROUPS: Groups = {
  version: "none",
  create: () => NO_GROUP,
  memoryBytes: () => 0,
  async [Symbol.asyncDispose]() {},
};

const NO_GROUP: Group = {
  joins: [],
  limit() {},
  cpuUs: () => 0,
  memoryBytes: () => 0,
  peakMemoryBytes: () => 0,
  outOfMemoryKills: () => 0,
  tasks: () => 0,
  processes: () => [],
  freeze() {},
  thaw() {},
  async kill() {},
  async remove() {},
};
