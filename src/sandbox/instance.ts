import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";

/** Says whose something is: a service that looks at it later can tell whether its owner still lives. */
export function instanceName(): string {
  return `${process.pid}-${startTime(process.pid)}-${randomBytes(4).toString("hex")}`;
}

/** Whether the service that made something under this name has ended. False for names that are not ours. */
export function isLeftover(name: string): boolean {
  const match = /^(\d+)-(\d+)-[0-9a-f]{8}$/.exec(name);
  return match !== null && startTime(Number(match[1])) !== match[2];
}

/** When a process started, in the kernel's ticks since boot: pids come again, pairs of pid and start do not. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The command's name, in parentheses, may hold anything.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
