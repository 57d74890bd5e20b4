import type { Terminal } from "./terminal.ts";

/** Prints names and values, one a line, the values aligned. */
export function printFields(
  { terminal }: { readonly terminal: Terminal },
  lines: readonly (readonly [name: string, value: string])[],
): void {
  const width = Math.max(...lines.map(([name]) => name.length));
  for (const [name, value] of lines)
    terminal.print(`${terminal.out.dim(name.padEnd(width))}  ${value}`.trimEnd());
}
