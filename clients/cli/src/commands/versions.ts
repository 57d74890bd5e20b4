import { toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { type CodeVersion, CodeVersionSchema } from "../../../typescript/src/node.ts";
import { count, examples, type ServiceOptions, serviceOptions } from "../options.ts";
import { openService } from "../service.ts";
import type { Shell } from "../shell.ts";
import { printTable } from "../table.ts";
import { shown } from "../terminal.ts";
import { timeText } from "../times.ts";
import { sizeText } from "../units.ts";

interface Options extends ServiceOptions {
  readonly json?: boolean;
}

const SHA_SHOWN = 12;

export function define(command: Command, shell: Shell): void {
  const { terminal, signal } = shell;
  serviceOptions(command)
    .argument("<code>", "The code: its slug or its id")
    .argument("[version]", "Show the source of this version instead of the list", count(1))
    .option("--json", "Print them as JSON")
    .action(async (named: string, number: number | undefined, options: Options) => {
      using service = await openService(options, shell);
      const { id: codeId, activeVersion } = await service.code(named);
      if (number !== undefined) {
        const { version } = await service.client.codes.getCodeVersion({ codeId, number }, { signal });
        if (options.json) return terminal.printJson(toJson(CodeVersionSchema, version!));
        return terminal.write(version!.source);
      }
      const versions: CodeVersion[] = [];
      for await (const version of service.client.listAllCodeVersions({ codeId }, { signal }))
        versions.push(version);
      if (options.json)
        return terminal.printJson(versions.map((version) => toJson(CodeVersionSchema, version)));
      printTable(
        shell,
        ["", "VERSION", "CREATED", "BY", "SIZE", "SHA-256"],
        versions.map((version) => [
          version.number === activeVersion ? "*" : "",
          String(version.number),
          timeText(version.createTime),
          shown(version.createdBy),
          sizeText(version.sourceSizeBytes),
          version.sourceSha256.slice(0, SHA_SHOWN),
        ]),
      );
    });
  examples(command, [
    ["codeactions versions hello-python", "the active one has a star"],
    ["codeactions versions hello-python 2 > hello-2.py", "the source of version 2"],
  ]);
}
