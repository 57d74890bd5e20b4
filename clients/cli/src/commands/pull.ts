import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import type { Document } from "yaml";
import type { Code } from "../../../typescript/src/node.ts";
import { atOnce } from "../at-once.ts";
import { Failure } from "../failure.ts";
import { type Flaw, requireNone } from "../folder/flaws.ts";
import {
  FOLDER_FILE,
  type FolderSettings,
  hasFolderFile,
  LANGUAGES,
  readFolderSettings,
  SLUG,
  settingsOfFile,
} from "../folder/folder.ts";
import { emptyFolderFile, noteSettings } from "../folder/folder-file.ts";
import { examples, type ServiceOptions, serviceOptions } from "../options.ts";
import { openService, type Service } from "../service.ts";
import type { Shell } from "../shell.ts";

interface Options extends ServiceOptions {
  readonly code?: readonly string[];
  readonly yes?: boolean;
}

export function define(command: Command, shell: Shell): void {
  serviceOptions(command)
    .argument("[folder]", "The folder; made if it is missing", ".")
    .option("--code <code...>", "Only these codes")
    .option("-y, --yes", "Overwrite files that differ without asking")
    .action((folder: string, options: Options) => pull(folder, options, shell))
    .addHelpText(
      "after",
      `
Writes the active version of each code to a file, and into codeactions.yaml what its settings are.
Deploying the folder then changes nothing. Other files are left alone.`,
    );
  examples(command, [
    ["codeactions pull demo --project demo", "a whole project"],
    ["codeactions pull --code hello-python --yes", "one code, over what is there"],
  ]);
}

/** A code's file: as it is to be, and how that differs from what is there. */
interface PulledFile {
  readonly code: Code;
  readonly file: string;
  readonly source: string;
  readonly state: "new" | "differs" | "same";
}

async function pull(path: string, options: Options, shell: Shell): Promise<void> {
  const { terminal, signal } = shell;
  const said = (await hasFolderFile(path)) ? await readFolderSettings(path) : undefined;
  using service = await openService(options, shell, said?.project);
  terminal.progress("reading the project…");
  const { slug } = await service.project();
  const codes = await chooseCodes(service, options, signal);
  const published = codes.filter(({ activeVersion }) => activeVersion > 0);
  for (const code of codes)
    if (!published.includes(code)) terminal.note(`${code.slug} has drafts only, and is left out`);
  const files = await atOnce(published, (code) => readFileOf(code, path, service, signal));
  await requireAgreement(files, options, shell);

  await mkdir(path, { recursive: true });
  for (const { file, source, state } of files) {
    if (state === "same") continue;
    await writeFile(file, source);
    terminal.note(
      `${terminal.err.green("✓")} ${file}  ${terminal.err.dim(state === "new" ? "new" : "overwritten")}`,
    );
  }
  const document = said?.document ?? emptyFolderFile(slug);
  const hasChanged = noteAll(document, files, said);
  if (said === undefined || hasChanged) {
    await writeFile(join(path, FOLDER_FILE), document.toString({ lineWidth: 0 }));
    terminal.note(`${terminal.err.green("✓")} ${join(path, FOLDER_FILE)}`);
  }
  const same = files.filter(({ state }) => state === "same").length;
  terminal.note(terminal.err.dim(`${files.length} codes of ${slug}, ${same} of them were there already`));
}

async function chooseCodes(service: Service, { code: named }: Options, signal: AbortSignal): Promise<Code[]> {
  if (named !== undefined) return Promise.all(named.map((slugOrId) => service.code(slugOrId)));
  const { id: projectId } = await service.project();
  const codes: Code[] = [];
  for await (const code of service.client.listAllCodes({ projectId }, { signal })) codes.push(code);
  return codes.toSorted((a, b) => (a.slug < b.slug ? -1 : 1));
}

async function readFileOf(
  code: Code,
  path: string,
  { client }: Service,
  signal: AbortSignal,
): Promise<PulledFile> {
  if (!SLUG.test(code.slug)) throw new Failure(`"${code.slug}" is no name for a file`);
  const { version } = await client.codes.getCodeVersion({ codeId: code.id }, { signal });
  const { source } = version!;
  const { ending } = LANGUAGES.find(({ language }) => language === code.language)!;
  const file = join(path, `${code.slug}${ending}`);
  const found = await readFile(file, "utf8").catch(() => undefined);
  return { code, file, source, state: found === undefined ? "new" : found === source ? "same" : "differs" };
}

async function requireAgreement(
  files: readonly PulledFile[],
  { yes }: Options,
  { terminal }: Shell,
): Promise<void> {
  const differing = files.filter(({ state }) => state === "differs").map(({ file }) => file);
  if (yes || differing.length === 0) return;
  const list = differing.join(", ");
  if (!terminal.canAsk) throw new Failure(`${list} would be overwritten; say --yes if that is meant`);
  const { askWhether } = await import("../questions.ts");
  if (!(await askWhether(`Overwrite ${list}?`))) throw new Failure("nothing was changed");
}

function noteAll(
  document: Document,
  files: readonly PulledFile[],
  said: FolderSettings | undefined,
): boolean {
  const flaws: Flaw[] = [];
  const changes = files.map(({ code, file, source }) =>
    noteSettings(document, code, settingsOfFile(file, source, said, flaws)),
  );
  requireNone(flaws, "the settings at the top of these files cannot be read");
  return changes.includes(true);
}
