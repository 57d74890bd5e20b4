import { toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import {
  CodeActionsError,
  type Pool,
  PoolSchema,
  WatchPoolResponseSchema,
} from "../../../typescript/src/node.ts";
import { codeNames, projectNames } from "../names.ts";
import { count, examples, type ServiceOptions, serviceOptions } from "../options.ts";
import {
  changeLine,
  NODE_COLUMNS,
  nodeRow,
  QUARANTINE_COLUMNS,
  quarantineRows,
  queueText,
} from "../pool-text.ts";
import { openService, type Service } from "../service.ts";
import type { Shell } from "../shell.ts";
import { printTable } from "../table.ts";

interface Options extends ServiceOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
}

export function define(command: Command, shell: Shell): void {
  const list = serviceOptions(command.command("list", { isDefault: true }))
    .description("Show the nodes, the queue before them, and what is quarantined")
    .option("-w, --watch", "Then print every change when it happens, until Ctrl-C")
    .option("--json", "Print it as JSON; with --watch each message as a line")
    .action((options: Options) => showPool(options, shell));
  const lift = serviceOptions(command.command("lift"))
    .description("Let a version run again that is refused because its workers kept dying")
    .argument("<code>", "The code: its slug or its id")
    .argument("<version>", "The version", count(1))
    .action(async (named: string, version: number, options: ServiceOptions) => {
      using service = await openService(options, shell);
      const { id: codeId, slug } = await service.code(named);
      await service.client.runs.liftQuarantine({ codeId, version }, { signal: shell.signal });
      shell.terminal.note(`${shell.terminal.err.green("✓")} ${slug} version ${version} runs again`);
    });
  examples(command, [
    ["codeactions pool", "who runs codes, and how full they are"],
    ["codeactions pool --watch", "see breakers open and close"],
    ["codeactions pool lift resize 3", "a version that was refused"],
  ]);
  examples(list, [["codeactions pool list --json", "for programs"]]);
  examples(lift, [["codeactions pool lift resize 3", "by its code's slug"]]);
}

async function showPool({ watch, json, ...options }: Options, shell: Shell): Promise<void> {
  const { terminal, signal } = shell;
  using service = await openService(options, shell);
  const { pool, projectId } = await readPool(service, options, signal);
  if (watch) await watchPool(projectId, json ?? false, service, shell);
  else if (json) terminal.printJson(toJson(PoolSchema, pool));
  else await printPool(pool, service, shell);
}

async function watchPool(projectId: string, json: boolean, service: Service, shell: Shell): Promise<void> {
  const { terminal, signal } = shell;
  const nameOf = codeNames(service, signal);
  let isShown = false;
  for await (const step of service.client.watchPool({ projectId }, { signal })) {
    const { event } = step;
    if (json) terminal.printJson(toJson(WatchPoolResponseSchema, step), true);
    else if (event.case === "change") terminal.print(await changeLine(event.value, terminal.out, nameOf));
    else if (event.case === "pool" && !isShown) {
      isShown = true;
      await printPool(event.value, service, shell);
    }
  }
}

/** The whole pool for those who may see it, and the share of the project that is meant for all others. */
async function readPool(service: Service, { project }: ServiceOptions, signal: AbortSignal) {
  const read = async (projectId: string) => {
    const { pool } = await service.client.runs.getPool({ projectId }, { signal });
    return { pool: pool!, projectId };
  };
  if (project !== undefined) return read((await service.project()).id);
  try {
    return await read("");
  } catch (error) {
    if (!(error instanceof CodeActionsError) || error.reason !== "ROLE_INSUFFICIENT") throw error;
    return read((await service.project()).id);
  }
}

async function printPool(pool: Pool, service: Service, shell: Shell): Promise<void> {
  const { terminal, signal } = shell;
  printTable(
    shell,
    NODE_COLUMNS,
    pool.nodes.map((node) => nodeRow(node, terminal.out)),
  );
  terminal.print(await queueText(pool, projectNames(service, signal)));
  const quarantined = await quarantineRows(pool, codeNames(service, signal));
  if (quarantined.length > 0) printTable(shell, QUARANTINE_COLUMNS, quarantined);
}
