import CliTable from "cli-table3";
import type { Terminal } from "./terminal.ts";

/** Nothing between columns but room: what is printed can be read by people, `awk` and `grep` alike. */
const NO_LINES = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

/** Prints rows under a head, in aligned columns. */
export function printTable(
  { terminal }: { readonly terminal: Terminal },
  head: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const table = new CliTable({
    chars: NO_LINES,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
  });
  table.push(
    head.map((title) => terminal.out.dim(title)),
    ...rows.map((row) => [...row]),
  );
  const lines = table.toString().split("\n");
  terminal.print(lines.map((line) => line.trimEnd()).join("\n"));
}
