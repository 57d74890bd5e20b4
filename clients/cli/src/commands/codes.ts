import { toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { type Code, CodeSchema, CodeTypeSchema, LanguageSchema } from "../../../typescript/src/node.ts";
import { Failure } from "../failure.ts";
import { examples, type ServiceOptions, serviceOptions } from "../options.ts";
import { openService, type Service } from "../service.ts";
import type { Shell } from "../shell.ts";
import { printTable } from "../table.ts";
import { timeText } from "../times.ts";
import { wordOf } from "../words.ts";

interface Options extends ServiceOptions {
  readonly json?: boolean;
  readonly deleted?: boolean;
}

export function define(command: Command, shell: Shell): void {
  const { terminal, signal } = shell;
  const list = serviceOptions(command.command("list", { isDefault: true }))
    .description("List the project's codes, newest first")
    .option("--deleted", "Only those that were deleted and can still be brought back")
    .option("--json", "Print them as JSON")
    .action(async (options: Options) => {
      using service = await openService(options, shell);
      const codes = await readCodes(service, options.deleted ?? false, signal);
      if (options.json) return terminal.printJson(codes.map((code) => toJson(CodeSchema, code)));
      printTable(
        shell,
        ["CODE", "TYPE", "LANGUAGE", "VERSION", options.deleted ? "DELETED" : "CHANGED", "ADDRESS"],
        codes.map((code) => [
          code.slug,
          wordOf(CodeTypeSchema, code.type),
          wordOf(LanguageSchema, code.language),
          code.activeVersion === 0 ? "draft" : String(code.activeVersion),
          timeText(code.deleteTime ?? code.updateTime),
          code.publicUrl,
        ]),
      );
    });
  const remove = serviceOptions(command.command("delete"))
    .description("Take a code away at once; `undelete` brings it back for 30 days")
    .argument("<code>", "The code: its slug or its id")
    .action(async (named: string, options: Options) => {
      using service = await openService(options, shell);
      const { id: codeId, slug, etag } = await service.code(named);
      await service.client.codes.deleteCode({ codeId, etag }, { signal });
      terminal.note(
        `${terminal.err.green("✓")} deleted ${slug}; codeactions codes undelete ${slug} brings it back`,
      );
    });
  const restore = serviceOptions(command.command("undelete"))
    .description("Bring a deleted code back as it was")
    .argument("<code>", "The code: its slug or its id")
    .action(async (named: string, options: Options) => {
      using service = await openService(options, shell);
      const deleted = await readCodes(service, true, signal);
      // Of several with this slug, the one that was deleted last is meant.
      const [found] = deleted
        .filter(({ slug, id }) => slug === named || id === named)
        .toSorted((a, b) => Number(b.deleteTime!.seconds - a.deleteTime!.seconds));
      if (found === undefined)
        throw new Failure(`no deleted code is called "${named}"; see codeactions codes --deleted`);
      await service.client.codes.undeleteCode({ codeId: found.id }, { signal });
      terminal.note(`${terminal.err.green("✓")} brought back ${found.slug}`);
    });
  examples(command, [
    ["codeactions codes", "list them"],
    ["codeactions codes --deleted", "list what can be brought back"],
  ]);
  examples(list, [["codeactions codes list --json", "for programs"]]);
  examples(remove, [["codeactions codes delete hello-python", "by its slug"]]);
  examples(restore, [["codeactions codes undelete hello-python", "by its slug"]]);
}

async function readCodes(service: Service, isDeleted: boolean, signal: AbortSignal): Promise<Code[]> {
  const { id: projectId } = await service.project();
  const request = { projectId, showDeleted: isDeleted };
  const codes: Code[] = [];
  for await (const code of service.client.listAllCodes(request, { signal })) {
    if ((code.deleteTime !== undefined) === isDeleted) codes.push(code);
  }
  return codes;
}
