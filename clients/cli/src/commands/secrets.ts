import { toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { type Secret, SecretSchema } from "../../../typescript/src/node.ts";
import { EXIT, Failure } from "../failure.ts";
import { examples, type ServiceOptions, serviceOptions } from "../options.ts";
import { openService } from "../service.ts";
import type { Shell } from "../shell.ts";
import { readSecretFromInput } from "../standard-input.ts";
import { printTable } from "../table.ts";
import { timeText } from "../times.ts";

interface Options extends ServiceOptions {
  readonly json?: boolean;
}

export function define(command: Command, shell: Shell): void {
  const { terminal, signal } = shell;
  const list = serviceOptions(command.command("list", { isDefault: true }))
    .description("List the names of the project's secrets; their values are never read back")
    .option("--json", "Print them as JSON")
    .action(async (options: Options) => {
      using service = await openService(options, shell);
      const { id: projectId } = await service.project();
      const secrets: Secret[] = [];
      for await (const secret of service.client.listAllSecrets({ projectId }, { signal }))
        secrets.push(secret);
      if (options.json) return terminal.printJson(secrets.map((secret) => toJson(SecretSchema, secret)));
      printTable(
        shell,
        ["SECRET", "CREATED", "CHANGED"],
        secrets.map(({ name, createTime, updateTime }) => [name, timeText(createTime), timeText(updateTime)]),
      );
    });
  const set = serviceOptions(command.command("set"))
    .description("Store or replace a secret; its value is asked for, or read from stdin")
    .argument("<name>", "The name codes ask for")
    .action(async (name: string, options: Options) => {
      using service = await openService(options, shell);
      const { id: projectId, slug } = await service.project();
      const value = terminal.canAsk
        ? await (await import("../questions.ts")).askSecret(`Value of ${name}`)
        : await readSecretFromInput(signal);
      if (value === "") throw new Failure("the value is empty: send it to stdin", EXIT.usage);
      await service.client.codes.putSecret({ projectId, name, value }, { signal });
      terminal.note(
        `${terminal.err.green("✓")} set secret ${name} of project ${slug}; runs see it from now on`,
      );
    });
  const remove = serviceOptions(command.command("delete"))
    .description("Take a secret away")
    .argument("<name>", "The secret's name")
    .action(async (name: string, options: Options) => {
      using service = await openService(options, shell);
      const { id: projectId, slug } = await service.project();
      await service.client.codes.deleteSecret({ projectId, name }, { signal });
      terminal.note(`${terminal.err.green("✓")} deleted secret ${name} of project ${slug}`);
    });
  examples(command, [
    ["codeactions secrets", "list their names"],
    ["codeactions secrets set API_KEY < key", "store one; codes read engine.secrets.get('API_KEY')"],
  ]);
  examples(list, [["codeactions secrets list --json", "for programs"]]);
  examples(set, [["codeactions secrets set API_KEY", "be asked for its value"]]);
  examples(remove, [["codeactions secrets delete API_KEY", "runs do not see it any more"]]);
}
