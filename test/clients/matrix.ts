import { readFileSync, writeFileSync } from "node:fs";

export type Mark = "ok" | "failed" | "missing";

/** The matrix of the story: which case went how with which player. */
export class Matrix {
  readonly #cases: readonly string[];
  readonly #players: readonly string[];
  readonly #marks = new Map<string, Mark>();

  constructor(cases: readonly string[], players: readonly string[]) {
    this.#cases = cases;
    this.#players = players;
  }

  note(player: string, name: string, mark: Mark): void {
    this.#marks.set(`${player} ${name}`, mark);
  }

  /** Aligned, for a terminal. */
  toText(): string {
    const rows = this.#rows({ ok: "✓", failed: "✗", missing: "–" });
    const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
    return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ")).join("\n");
  }

  /** The same as a table between two markers of a Markdown file. */
  writeInto(file: string): void {
    const [head, ...rows] = this.#rows({ ok: "✓", failed: "✗", missing: "not played" });
    const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
    const table = [line(head!), line(head!.map(() => "---")), ...rows.map(line)].join("\n");
    const text = readFileSync(file, "utf8");
    const markers = /(<!-- the matrix[^>]*-->\n).*?(\n<!-- end of the matrix -->)/s;
    if (!markers.test(text)) throw new Error(`${file} has no place for the matrix`);
    writeFileSync(
      file,
      text.replace(markers, (_, begin: string, end: string) => `${begin}${table}${end}`),
    );
  }

  #rows(signs: Record<Mark, string>): string[][] {
    const signOf = (player: string, name: string) => {
      const mark = this.#marks.get(`${player} ${name}`);
      return mark === undefined ? "" : signs[mark];
    };
    return [
      ["case", ...this.#players],
      ...this.#cases.map((name) => [name, ...this.#players.map((player) => signOf(player, name))]),
    ];
  }
}
