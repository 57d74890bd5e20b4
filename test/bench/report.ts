import { isMet, type Row } from "./figure.ts";

const HEAD = [
  "figure",
  "what",
  "against",
  "ours (p50 / p99)",
  "theirs (p50 / p99)",
  "ratio (min–max)",
  "target",
  "met",
  "errors",
  "note",
];

/** The rows as text in columns, for a terminal. */
export function asText(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const lineOf = (line: string[]) => line.map((cell, column) => cell.padEnd(widths[column]!)).join("  ");
  return lines.map((line) => lineOf(line).trimEnd()).join("\n");
}

/** The rows as a page: the table, and what it was measured on. */
export function asMarkdown(
  rows: readonly Row[],
  about: { machine: readonly string[]; rounds: number; seconds: number },
): string {
  const lineOf = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const table = [lineOf(HEAD), lineOf(HEAD.map(() => "---")), ...rows.map((row) => lineOf(cellsOf(row)))];
  return `# What was measured

Written by \`npm run bench\`. Every ratio is ours by theirs, both measured in turn in one run: the median of
${about.rounds} rounds of ${about.seconds} s of load (P3 to P8: of a number of starts, calls or lines), with the least and the most. Beside it stand the
medians of calls a second and of their p50 and p99. Figures never fail anything.

${table.join("\n")}

${about.machine.map((line) => `- ${line}`).join("\n")}
`;
}

function cellsOf(row: Row): string[] {
  const { ratio, target } = row;
  const met = isMet(row);
  const limit = target === undefined ? "" : "least" in target ? `≥ ${target.least}×` : `≤ ${target.most}×`;
  return [
    row.figure,
    row.what,
    row.against,
    row.ours,
    row.theirs,
    ratio === undefined ? "–" : `${times(ratio.median)} (${times(ratio.min)}–${times(ratio.max)})`,
    limit || "reported",
    met === undefined ? "" : met ? "met" : "NOT MET",
    String(row.errors),
    row.note ?? "",
  ];
}

function times(ratio: number): string {
  return `${ratio.toFixed(2)}×`;
}
