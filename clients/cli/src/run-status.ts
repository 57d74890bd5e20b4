import { type Run, RunStatus, RunStatusSchema } from "../../typescript/src/node.ts";
import type { Colors } from "./terminal.ts";
import { wordOf } from "./words.ts";

/** What `codeactions run` ends with, by the status of its run. */
export const EXIT_CODES: Readonly<Record<number, number>> = {
  [RunStatus.SUCCEEDED]: 0,
  [RunStatus.FAILED]: 10,
  [RunStatus.TIMED_OUT]: 11,
  [RunStatus.OUT_OF_MEMORY]: 12,
  [RunStatus.OUTPUT_LIMIT]: 13,
  [RunStatus.CANCELLED]: 14,
  [RunStatus.LOST]: 15,
};

/** The status as the glossary has it, in the color of what it means. */
export function statusText({ status }: Pick<Run, "status">, color: Colors): string {
  const text = wordOf(RunStatusSchema, status).toUpperCase();
  if (status === RunStatus.SUCCEEDED) return color.green(text);
  return status === RunStatus.QUEUED || status === RunStatus.RUNNING ? color.yellow(text) : color.red(text);
}
