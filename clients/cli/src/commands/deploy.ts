import type { Command } from "commander";
import { CodeType } from "../../../typescript/src/node.ts";
import { atOnce } from "../at-once.ts";
import { explain } from "../explain.ts";
import { EXIT, Failure } from "../failure.ts";
import { checkSource } from "../folder/check.ts";
import { requireNone } from "../folder/flaws.ts";
import { readFolder } from "../folder/folder.ts";
import { type Change, isChange, planOf, readRemotes, type Step } from "../folder/plan.ts";
import { planJson, planText, slugOf } from "../folder/plan-text.ts";
import { createFields, updateFields } from "../folder/settings.ts";
import { examples, type ServiceOptions, serviceOptions } from "../options.ts";
import { openService, type Service } from "../service.ts";
import type { Shell } from "../shell.ts";
import { shown } from "../terminal.ts";

interface Options extends ServiceOptions {
  readonly prune?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function define(command: Command, shell: Shell): void {
  serviceOptions(command)
    .argument("[folder]", "The folder, with its codeactions.yaml", ".")
    .option("--prune", "Also delete codes that the folder has no file of")
    .option("--dry-run", "Show the plan, and change nothing")
    .option("-y, --yes", "Do not ask")
    .option("--json", "Print the plan, and what became of it, as JSON")
    .action((folder: string, options: Options) => deploy(folder, options, shell))
    .addHelpText(
      "after",
      `
Each file is a code: hello.py is the Python code "hello". Settings are in codeactions.yaml, or in a
comment between two lines "# ---" (or "// ---") at the top of the file. Sources are checked first;
nothing is changed while one of them is wrong. What the folder does not mention stays as it is.
On a terminal it asks before it changes anything; elsewhere it does not.`,
    );
  examples(command, [
    ["codeactions deploy", "the folder you are in"],
    ["codeactions deploy codes --dry-run", "see what would change"],
    ["codeactions deploy codes --project live --prune --yes", "in a pipeline"],
  ]);
}

/** Reads the folder, compares, checks, asks, changes. */
async function deploy(path: string, options: Options, shell: Shell): Promise<void> {
  const { terminal, signal } = shell;
  const folder = await readFolder(path);
  using service = await openService(options, shell, folder.project);
  terminal.progress("reading the project…");
  const { id: projectId, slug } = await service.project();
  const slugs = new Set(folder.codes.map((code) => code.slug));
  const { remotes, strays } = await readRemotes(service.client, projectId, slugs, signal);
  const plan = planOf(folder.codes, remotes, strays, { prune: options.prune ?? false });
  requireNone(plan.flaws, "nothing was changed");
  requireNone(await checkSources(plan.steps, service, projectId, shell), "nothing was changed");

  terminal.note(terminal.err.dim(`project ${slug} at ${service.target.address}`));
  terminal.note(planText(plan.steps, terminal.err));
  const changes = plan.steps.filter(isChange);
  const isDue = !options.dryRun && changes.length > 0;
  if (isDue) await requireAgreement(options, shell);
  const failed = isDue ? await apply(changes, service, projectId, shell) : [];
  if (options.json)
    terminal.printJson({ project: slug, isApplied: isDue, failed, steps: planJson(plan.steps) });
  if (failed.length > 0) shell.exitCode = EXIT.failed;
}

async function checkSources(
  steps: readonly Step[],
  service: Service,
  projectId: string,
  { terminal, signal }: Shell,
) {
  const changed = steps.flatMap((step) =>
    step.kind === "create" || (step.kind === "update" && step.version?.isNew) ? [step.local] : [],
  );
  let done = 0;
  const flaws = await atOnce(changed, async (local) => {
    terminal.progress(`checking sources: ${done} of ${changed.length}…`);
    const found = await checkSource(service.client, projectId, local, signal);
    done += 1;
    return found;
  });
  return flaws.flat();
}

async function requireAgreement({ yes }: Options, { terminal }: Shell): Promise<void> {
  if (yes || !terminal.canAsk) return;
  const { askWhether } = await import("../questions.ts");
  if (!(await askWhether("Change the project so?"))) throw new Failure("nothing was changed");
}

/** Makes one change after the other; one that fails does not keep the others from being made. Answers which failed. */
async function apply(
  changes: readonly Change[],
  service: Service,
  projectId: string,
  { terminal, signal }: Shell,
): Promise<string[]> {
  const failed: string[] = [];
  for (const [index, change] of changes.entries()) {
    terminal.progress(`${index + 1} of ${changes.length}: ${slugOf(change)}…`);
    try {
      const done = await applyChange(change, service, projectId, signal);
      terminal.note(`${terminal.err.green("✓")} ${slugOf(change)}  ${terminal.err.dim(done)}`);
    } catch (error) {
      if (signal.aborted) throw error;
      failed.push(slugOf(change));
      terminal.note(`${terminal.err.red("✗")} ${slugOf(change)}: ${shown(explain(error).message)}`);
    }
  }
  return failed;
}

/** Answers what was done, in a few words. The etag keeps it from overwriting what somebody else did meanwhile. */
async function applyChange(
  change: Change,
  { client }: Service,
  projectId: string,
  signal: AbortSignal,
): Promise<string> {
  switch (change.kind) {
    case "create": {
      const { slug, language, source, settings } = change.local;
      const base = { projectId, name: slug, slug, type: CodeType.FLOW, language, source };
      const { code } = await client.codes.createCode({ ...base, ...createFields(settings) }, { signal });
      return ["created", code!.publicUrl].filter(Boolean).join(", ");
    }
    case "update": {
      const { local, remote, version } = change;
      const { id: codeId } = remote.code;
      const settings = updateFields(new Map([...change.settings].map(([name, { to }]) => [name, to])));
      let { code } = remote;
      if (change.settings.size > 0 || version?.isNew) {
        const source = version?.isNew ? { source: local.source } : {};
        const update = { codeId, etag: code.etag, ...settings, ...source };
        code = (await client.codes.updateCode(update, { signal })).code!;
      }
      if (version !== undefined && !version.isNew) {
        const activation = { codeId, number: version.number, etag: code.etag };
        code = (await client.codes.activateCodeVersion(activation, { signal })).code!;
      }
      return [`version ${code.activeVersion}`, code.publicUrl].filter(Boolean).join(", ");
    }
    case "delete": {
      const { id: codeId, etag, slug } = change.code;
      await client.codes.deleteCode({ codeId, etag }, { signal });
      return `deleted, codeactions codes undelete ${slug} brings it back`;
    }
  }
}
