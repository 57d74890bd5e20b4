import type { Command } from "commander";
import { readContexts } from "../contexts.ts";
import { examples } from "../options.ts";
import type { Shell } from "../shell.ts";
import { printTable } from "../table.ts";

export function define(command: Command, shell: Shell): void {
  const { terminal } = shell;
  command
    .option("--json", "Print them as JSON, without their tokens")
    .action(async (options: { json?: boolean }) => {
      const { current, contexts } = await readContexts();
      const list = Object.entries(contexts).map(([name, { address, project }]) => ({
        name,
        address,
        project,
        isCurrent: name === current,
      }));
      if (options.json) return terminal.printJson(list);
      if (list.length === 0) return terminal.note("you are not logged in anywhere: codeactions login");
      printTable(
        shell,
        ["", "CONTEXT", "ADDRESS", "PROJECT"],
        list.map(({ name, address, project, isCurrent }) => [
          isCurrent ? "*" : "",
          name,
          address,
          project ?? "",
        ]),
      );
    });
  examples(command, [["codeactions contexts", "the one in use has a star"]]);
}
