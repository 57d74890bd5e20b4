import { Failure } from "../failure.ts";

/** Something wrong in a file, at a place that editors understand. */
export interface Flaw {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export function flawText({ file, line, column, message }: Flaw): string {
  if (line === 0) return `${file}: ${message}`;
  return column === 0 ? `${file}:${line}: ${message}` : `${file}:${line}:${column}: ${message}`;
}

/** All flaws of a folder at once, if it has any. */
export function requireNone(flaws: readonly Flaw[], what: string): void {
  if (flaws.length > 0) throw new Failure(`${what}\n${flaws.map(flawText).join("\n")}`);
}
