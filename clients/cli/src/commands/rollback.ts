import type { Command } from "commander";
import type { Code } from "../../../typescript/src/node.ts";
import { Failure } from "../failure.ts";
import { count, examples, type ServiceOptions, serviceOptions } from "../options.ts";
import { openService } from "../service.ts";
import type { Shell } from "../shell.ts";

export function define(command: Command, shell: Shell): void {
  const { terminal, signal } = shell;
  serviceOptions(command)
    .argument("<code>", "The code: its slug or its id")
    .argument("[version]", "The version; the one before the active one if absent", count(1))
    .action(async (named: string, wanted: number | undefined, options: ServiceOptions) => {
      using service = await openService(options, shell);
      const { id: codeId, slug, activeVersion, etag } = await service.code(named);
      const number = wanted ?? versionBefore({ slug, activeVersion });
      await service.client.codes.activateCodeVersion({ codeId, number, etag }, { signal });
      terminal.note(
        `${terminal.err.green("✓")} ${slug}: version ${activeVersion} → ${number}, for every call from now on`,
      );
    });
  examples(command, [
    ["codeactions rollback hello-python", "to the version before the active one"],
    ["codeactions rollback hello-python 3", "to any version, a newer one too"],
  ]);
}

function versionBefore({ slug, activeVersion }: Pick<Code, "slug" | "activeVersion">): number {
  // Versions count from 1 without a hole.
  if (activeVersion > 1) return activeVersion - 1;
  throw new Failure(
    `${slug} has no version before ${activeVersion || "its drafts"}; see codeactions versions ${slug}`,
  );
}
