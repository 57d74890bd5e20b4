import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { copyFolder } from "./tree.ts";

const run = promisify(execFile);

/** Folders of packages that an operator lets every code of a language import. */
export interface Libraries {
  /** As a virtual environment's site-packages. */
  readonly python: readonly string[];
  /** Names of Python modules that blank workers import before they know their code. */
  readonly pythonPreload: readonly string[];
  /** As a project's node_modules. */
  readonly node: readonly string[];
  /** All of them together. */
  readonly bytesMax: number;
}

export const NO_LIBRARIES: Libraries = { python: [], pythonPreload: [], node: [], bytesMax: 1024 ** 3 };

/** Where a language's folders are in its tree: the first one in `0`, the second in `1`. */
const PLACE = "/libraries";

/** The bytes of all folders. Throws when they are more than allowed. */
export async function measureLibraries({ python, node, bytesMax }: Libraries): Promise<number> {
  const folders = [...python, ...node];
  if (folders.length === 0) return 0;
  const { stdout } = await run("du", ["-sbc", "--", ...folders], { maxBuffer: 16 * 1024 * 1024 });
  const bytes = Number(/^(\d+)\ttotal$/m.exec(stdout)?.[1]);
  if (bytes <= bytesMax) return bytes;
  throw new Error(
    `the libraries have ${bytes} bytes, and ${bytesMax} are allowed (CODEACTIONS_LIBRARIES_BYTES_MAX): ${folders.join(", ")}`,
  );
}

/**
 * Copies folders into a tree and answers with their places in it, in the same order. Links stay links, so that one that
 * points out of its folder points nowhere; what hooks into an interpreter's start (`.pth`) is left out.
 */
export async function copyLibraryFolders(
  tree: string,
  folders: readonly string[],
  inner = "",
): Promise<string[]> {
  const places: string[] = [];
  for (const [index, folder] of folders.entries()) {
    const place = join(PLACE, String(index));
    await copyFolder(folder, join(tree, place, inner), ["*.pth"]);
    places.push(place);
  }
  return places;
}
