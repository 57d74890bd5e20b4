import { type Document, isMap, isScalar, LineCounter, type Node, type Pair, parseDocument } from "yaml";
import type { Flaw } from "./flaws.ts";

/** A YAML text whose flaws are told with their place in the file it comes from. */
export class YamlText {
  readonly document: Document;
  readonly #file: string;
  readonly #flaws: Flaw[];
  readonly #lines = new LineCounter();
  readonly #linesAbove: number;
  readonly #columnsBefore: number;

  constructor(file: string, text: string, flaws: Flaw[], linesAbove = 0, columnsBefore = 0) {
    this.#file = file;
    this.#flaws = flaws;
    this.#linesAbove = linesAbove;
    this.#columnsBefore = columnsBefore;
    this.document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    for (const { message, pos } of this.document.errors) flaws.push({ ...this.#place(pos[0]), message });
  }

  /** The pairs of a mapping; none of what is empty. Anything else is a flaw. */
  pairs(node: unknown): { name: string; key: Node; value: Node | null }[] {
    if (node === null || node === undefined || (isScalar(node) && node.value === null)) return [];
    if (isMap(node))
      return (node.items as Pair<Node, Node | null>[]).map(({ key, value }) => ({
        name: String(key),
        key,
        value,
      }));
    if (this.document.errors.length === 0) this.complain(node as Node, "expected are names with values");
    return [];
  }

  complain(node: Node, message: string): void {
    this.#flaws.push({ ...this.placeOf(node), message });
  }

  placeOf(node: Node): Omit<Flaw, "message"> {
    return this.#place(node.range?.[0] ?? 0);
  }

  #place(offset: number): Omit<Flaw, "message"> {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.#file, line: line + this.#linesAbove, column: col + this.#columnsBefore };
  }
}
