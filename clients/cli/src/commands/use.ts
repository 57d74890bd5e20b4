import type { Command } from "commander";
import { readContexts, unknownContext, writeContexts } from "../contexts.ts";
import { examples } from "../options.ts";
import type { Shell } from "../shell.ts";

export function define(command: Command, { terminal }: Shell): void {
  command
    .argument("<context>", "The context that is meant from now on")
    .option("--project <project>", "The project that is meant in it when a command names none")
    .action(async (name: string, { project }: { project?: string }) => {
      const { contexts } = await readContexts();
      const context = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
      if (context === undefined) throw unknownContext(name, contexts);
      const changed = project === undefined ? context : { ...context, project };
      await writeContexts({ current: name, contexts: { ...contexts, [name]: changed } });
      terminal.note(
        `using ${name} (${context.address})${changed.project ? `, project ${changed.project}` : ""}`,
      );
    });
  examples(command, [
    ["codeactions use staging", "speak to another service"],
    ["codeactions use default --project demo", "and to one of its projects"],
  ]);
}
