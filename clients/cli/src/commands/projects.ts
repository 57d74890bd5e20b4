import { toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { type Project, ProjectSchema } from "../../../typescript/src/node.ts";
import { examples, type ServiceOptions, serviceOptions } from "../options.ts";
import { openService } from "../service.ts";
import type { Shell } from "../shell.ts";
import { printTable } from "../table.ts";
import { shown } from "../terminal.ts";
import { timeText } from "../times.ts";

interface Options extends ServiceOptions {
  readonly json?: boolean;
  readonly slug?: string;
}

export function define(command: Command, shell: Shell): void {
  const { terminal, signal } = shell;
  const list = serviceOptions(command.command("list", { isDefault: true }), false)
    .description("List the projects that the token sees, newest first")
    .option("--json", "Print them as JSON")
    .action(async (options: Options) => {
      using service = await openService(options, shell);
      const projects: Project[] = [];
      for await (const project of service.client.listAllProjects({}, { signal })) projects.push(project);
      if (options.json) return terminal.printJson(projects.map((project) => toJson(ProjectSchema, project)));
      printTable(
        shell,
        ["PROJECT", "NAME", "CREATED", "ID"],
        projects.map(({ slug, name, createTime, id }) => [slug, shown(name), timeText(createTime), id]),
      );
    });
  const create = serviceOptions(command.command("create"), false)
    .description("Create a project; takes the operator's token")
    .argument("<name>", "The name people read")
    .option("--slug <slug>", "The name addresses use; made from the name if absent")
    .option("--json", "Print it as JSON")
    .action(async (name: string, options: Options) => {
      using service = await openService(options, shell);
      const { project } = await service.client.projects.createProject(
        { name, slug: options.slug ?? "" },
        { signal },
      );
      if (options.json) return terminal.printJson(toJson(ProjectSchema, project!));
      terminal.note(`${terminal.err.green("✓")} created project ${project!.slug} (${project!.id})`);
    });
  examples(command, [
    ["codeactions projects", "list them"],
    ["codeactions projects create 'Team Blue'", "make one; its slug is team-blue"],
  ]);
  examples(list, [["codeactions projects list --json", "for programs"]]);
  examples(create, [["codeactions projects create 'Team Blue' --slug blue", "choose its slug"]]);
}
