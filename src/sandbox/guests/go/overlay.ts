import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * What the codes' standard library has that Go's does not: see std/os/intercept.go. Lines are extended, not added, so
 * that positions in package os are the same as everywhere.
 */
const PATCHES = [
  {
    file: "os/file.go",
    line: "func (f *File) Write(b []byte) (n int, err error) {",
    more: " if interceptWrite != nil && interceptWrite(f, b) { return len(b), nil }",
  },
  {
    file: "os/proc.go",
    line: "func Exit(code int) {",
    more: " if interceptExit != nil { interceptExit() }",
  },
];

/** Tells the go command to read other files in place of some of the standard library's, which stay as they are. */
export async function writeOverlay(folder: string, sources: string): Promise<string> {
  await mkdir(folder);
  const replace: Record<string, string> = {
    [join(sources, "os/intercept.go")]: join(import.meta.dirname, "std/os/intercept.go"),
  };
  for (const { file, line, more } of PATCHES) {
    const original = await readFile(join(sources, file), "utf8");
    if (!original.includes(line)) throw new Error(`${file} of this Go version has no line "${line}"`);
    const patched = join(folder, file.replace("/", "-"));
    await writeFile(patched, original.replace(line, line + more));
    replace[join(sources, file)] = patched;
  }
  const overlay = join(folder, "overlay.json");
  await writeFile(overlay, JSON.stringify({ Replace: replace }));
  return overlay;
}
