import { join } from "node:path";
import { copyLibraryFolders } from "../../libraries.ts";
import type { Runtime } from "../../runtime.ts";
import { copyExecutable, copyFolder, copyLibraries, createTree } from "../../tree.ts";

/** Copies this very Node into a tree of its own, with the packages of some node_modules. */
export async function prepareNode(tree: string, libraries: readonly string[] = []): Promise<Runtime> {
  await createTree(tree);
  const places = await copyLibraryFolders(tree, libraries, "node_modules");
  await Promise.all([
    copyExecutable(process.execPath, join(tree, "node/bin/node")),
    copyLibraries(tree, [process.execPath]),
    copyFolder(import.meta.dirname, join(tree, "guest"), ["*.ts"]),
  ]);
  return {
    version: `Node ${process.versions.node}`,
    root: tree,
    command: ["/node/bin/node", ...FLAGS, "/guest/guest.mjs", ...places],
    environment: { HOME: "/home", LANG: "C.UTF-8", PATH: "/node/bin", TMPDIR: "/tmp" },
  };
}

const FLAGS = [
  "--enable-source-maps",
  "--no-warnings",
  // For checking the syntax of modules without running them.
  "--experimental-vm-modules",
  // The group's memory limit is the one that holds: V8's own would end the process in words that name no limit.
  "--max-old-space-size=8192",
];
