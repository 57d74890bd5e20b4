import type { Command } from "commander";
import { type DurableOptions, durableFields, durableOptions } from "../durable-options.ts";
import { type ShowOptions, showOptions, showQueued } from "../durable-run.ts";
import { codeNames } from "../names.ts";
import { count, examples, type ServiceOptions, serviceOptions } from "../options.ts";
import { openService } from "../service.ts";
import type { Shell } from "../shell.ts";

interface Options extends ServiceOptions, DurableOptions, ShowOptions {
  readonly version?: number;
}

export function define(command: Command, shell: Shell): void {
  serviceOptions(command, false)
    .argument("<run>", "The id of the run whose input to use again")
    .option("--version <number>", "The version; the one that is active when it begins if absent", count(1));
  showOptions(durableOptions(command)).action(async (runId: string, options: Options) => {
    using service = await openService(options, shell);
    const request = { runId, version: options.version ?? 0, ...durableFields(options) };
    const { run } = await service.client.runs.replayRun(request, { signal: shell.signal });
    const name = await codeNames(service, shell.signal)(run!.codeId);
    await showQueued(run!, name, options, service, shell);
  });
  examples(command, [
    ["codeactions replay 0199a0b0-0000-7000-8000-000000000000", "the same input, the active version"],
    ["codeactions replay 0199a0b0-0000-7000-8000-000000000000 --version 3 -f", "another one, and watch it"],
    [
      "codeactions runs --status failed --json | jq -r '.[].id' | xargs -n 1 codeactions replay",
      "all that failed",
    ],
  ]);
}
