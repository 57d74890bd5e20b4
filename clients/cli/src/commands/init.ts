import { access, copyFile, mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { Failure } from "../failure.ts";
import { FOLDER_FILE } from "../folder/folder.ts";
import { newFolderFile } from "../folder/folder-file.ts";
import { choice, examples } from "../options.ts";
import type { Shell } from "../shell.ts";

/** The sample of each language. */
const SAMPLES: Readonly<Record<string, string>> = {
  python: "hello-python.py",
  javascript: "hello-javascript.js",
  typescript: "hello-typescript.ts",
  go: "hello-go.go",
};

interface Options {
  readonly language?: readonly string[];
  readonly project?: string;
}

export function define(command: Command, shell: Shell): void {
  command
    .argument("[folder]", "The folder; made if it is missing", ".")
    .addOption(
      choice(
        "--language <language...>",
        "A sample of each of these; asked for, or Python, if absent",
        Object.keys(SAMPLES),
      ),
    )
    .option("--project <project>", "The project that the folder belongs to")
    .action((folder: string, options: Options) => init(folder, options, shell));
  examples(command, [
    ["codeactions init hello", "be asked for languages"],
    ["codeactions init hello --language python go --project demo", "in a script"],
  ]);
}

async function init(path: string, options: Options, { terminal }: Shell): Promise<void> {
  const languages = options.language ?? (terminal.canAsk ? await askLanguages() : ["python"]);
  const files = [FOLDER_FILE, ...languages.map((language) => SAMPLES[language]!)];
  for (const file of files) {
    if (await isThere(join(path, file)))
      throw new Failure(
        `${join(path, file)} is there already, and nothing was changed; choose another folder`,
      );
  }
  await mkdir(path, { recursive: true });
  await writeFile(join(path, FOLDER_FILE), newFolderFile(options.project));
  for (const file of files.slice(1))
    await copyFile(fileURLToPath(new URL(`../../starter/${file}`, import.meta.url)), join(path, file));
  for (const file of files) terminal.note(`${terminal.err.green("✓")} ${join(path, file)}`);
  const sample = basename(files[1]!).replace(/\.\w+$/, "");
  const enter = path === "." ? "" : `cd ${path} && `;
  terminal.note(`Next: ${enter}codeactions deploy && codeactions run ${sample} --param name=you`);
}

async function askLanguages(): Promise<string[]> {
  const { askSome } = await import("../questions.ts");
  const options = Object.keys(SAMPLES).map((value) => ({ value, label: value }));
  return askSome("A sample in which languages? (space chooses)", options);
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
