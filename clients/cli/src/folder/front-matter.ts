/** A comment at the top of a source that holds settings: between two lines `# ---`, or `// ---`. */
export interface FrontMatter {
  readonly yaml: string;
  /** Lines of the file above the first one of `yaml`. */
  readonly linesAbove: number;
  /** Characters that the comment signs take at the beginning of each line. */
  readonly columnsBefore: number;
}

/**
 * The front matter of a source, if it has any. `sign` begins a comment in its language. Only a line for a shell
 * (`#!…`) may stand above it, and it ends where the comment does.
 */
export function frontMatterOf(source: string, sign: "#" | "//"): FrontMatter | undefined {
  const lines = source.split(/\r?\n/);
  const begin = lines[0]?.startsWith("#!") ? 1 : 0;
  const fence = `${sign} ---`;
  if (lines[begin]?.trimEnd() !== fence) return undefined;
  const end = lines.findIndex((line, index) => index > begin && line.trimEnd() === fence);
  const inside = lines.slice(begin + 1, end);
  if (end === -1 || !inside.every((line) => line.startsWith(sign))) return undefined;
  return {
    yaml: inside.map((line) => line.slice(sign.length + 1)).join("\n"),
    linesAbove: begin + 1,
    columnsBefore: sign.length + 1,
  };
}
