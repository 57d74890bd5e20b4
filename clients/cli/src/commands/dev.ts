import { on } from "node:events";
import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Command } from "commander";
import { explain } from "../explain.ts";
import { Failure } from "../failure.ts";
import { checkSource } from "../folder/check.ts";
import { type Flaw, flawText } from "../folder/flaws.ts";
import {
  type FolderSettings,
  hasFolderFile,
  LANGUAGES,
  languageOf,
  readFolderSettings,
  settingsOfFile,
} from "../folder/folder.ts";
import { createFields, type Settings } from "../folder/settings.ts";
import { endText, followRun, writeResult } from "../live-run.ts";
import { logLine } from "../log-line.ts";
import { examples, type ServiceOptions, serviceOptions } from "../options.ts";
import { type InputOptions, inputOptions, readInput } from "../run-input.ts";
import { openService, type Service } from "../service.ts";
import type { Shell } from "../shell.ts";
import { shown } from "../terminal.ts";

type Options = ServiceOptions & InputOptions;
type Input = Awaited<ReturnType<typeof readInput>>;

export function define(command: Command, shell: Shell): void {
  inputOptions(serviceOptions(command))
    .argument("<file>", "The code's file")
    .action((file: string, options: Options) => dev(file, options, shell))
    .addHelpText(
      "after",
      `
Runs what is in the file, and again whenever the file changes; a run that is still under way is
cancelled then. Nothing is stored but the runs, as tries. Its settings are those that a deploy would
give it. Ctrl-C ends it.`,
    );
  examples(command, [
    ["codeactions dev hello-python.py --param name=you", "write, save, see"],
    ["codeactions dev hook.ts --body @example.json", "with a body"],
  ]);
}

async function dev(file: string, options: Options, shell: Shell): Promise<void> {
  if (languageOf(file) === undefined)
    throw new Failure(
      `${file} is in no language known here: its name ends with ${LANGUAGES.map(({ ending }) => ending).join(", ")}`,
    );
  const { terminal, signal } = shell;
  using service = await openService(options, shell, (await readSettingsBeside(file))?.project);
  const { id: projectId } = await service.project();
  const input = await readInput(options, signal);
  let last = { isOver: Promise.resolve(), replaced: new AbortController() };
  for await (const source of sourcesOf(file, signal)) {
    // Whoever saves wants to see what was saved, not the end of what was there before.
    last.replaced.abort();
    await last.isOver;
    const replaced = new AbortController();
    const either = AbortSignal.any([signal, replaced.signal]);
    const told = { terminal, signal: either };
    const isOver = tryOnce({ file, source, input }, projectId, service, told).catch((error: unknown) => {
      if (!either.aborted) terminal.note(`${terminal.err.red("error:")} ${shown(explain(error).message)}`);
    });
    last = { isOver, replaced };
  }
  await last.isOver;
}

/** What is in the file, now and after every change, until the signal fires. */
async function* sourcesOf(file: string, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  // Editors replace a file as often as they write to it, so that its folder is what has to be watched.
  const changes = on(watch(dirname(file), { signal }), "change", { signal });
  let last = await readFile(file, "utf8");
  yield last;
  try {
    for await (const [, name] of changes) {
      if (name !== basename(file)) continue;
      const source = await readFile(file, "utf8").catch(() => "");
      // Empty, or away, is a file in the middle of being saved.
      if (source === last || source === "") continue;
      last = source;
      yield source;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function tryOnce(
  { file, source, input }: { file: string; source: string; input: Input },
  projectId: string,
  { client }: Service,
  told: Pick<Shell, "terminal" | "signal">,
): Promise<void> {
  const { terminal, signal } = told;
  const { language } = languageOf(file)!;
  const flaws: Flaw[] = [];
  const settings = settingsOfFile(file, source, await readSettingsBeside(file), flaws);
  flaws.push(...(await checkSource(client, projectId, { file, language, source }, signal)));
  if (flaws.length > 0) return terminal.note(terminal.err.red(shown(flaws.map(flawText).join("\n"))));
  const fields = createFields(settingsOfTries(settings));
  const steps = client.runSource({ projectId, language, source, input, ...fields });
  const run = await followRun(steps, { client, ...told }, (entry) =>
    terminal.note(logLine(entry, terminal.err)),
  );
  terminal.note(endText(run, terminal.err));
  writeResult(run, terminal);
}

/** Settings that a try has too; the others are about how a code is called. */
function settingsOfTries(settings: Settings): Settings {
  const own = /^(timeout|memory_limit_bytes|egress_hosts|environment|limits\..*)$/;
  return new Map([...settings].filter(([name]) => own.test(name)));
}

/** What the `codeactions.yaml` beside a file says; undefined without one. */
async function readSettingsBeside(file: string): Promise<FolderSettings | undefined> {
  const path = dirname(file);
  return (await hasFolderFile(path)) ? readFolderSettings(path) : undefined;
}
