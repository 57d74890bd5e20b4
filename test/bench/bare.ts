import { execFileSync } from "node:child_process";
import { NODE } from "./processes.ts";
import type { BenchLanguage } from "./service.ts";

/** How an interpreter is started that has nothing to do. */
export function bareStart(language: BenchLanguage): { command: string; words: string[]; shown: string } {
  if (language === "javascript") return { command: NODE, words: ["-e", "0"], shown: "node -e 0" };
  return { command: barePython(), words: ["-c", "pass"], shown: "python3 -c pass" };
}

/** The interpreter itself: what is called `python3` on the path may be a script that looks for one. */
export function barePython(): string {
  const words = ["-c", "import sys; print(sys.executable)"];
  return execFileSync("python3", words, { encoding: "utf8" }).trim();
}
