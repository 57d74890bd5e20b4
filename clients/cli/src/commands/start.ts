import { durationFromMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Command } from "commander";
import { type DurableOptions, durableFields, durableOptions } from "../durable-options.ts";
import { type ShowOptions, showOptions, showQueued } from "../durable-run.ts";
import { count, duration, examples, laterMoment, type ServiceOptions, serviceOptions } from "../options.ts";
import { type InputOptions, inputOptions, readInput } from "../run-input.ts";
import { openService } from "../service.ts";
import type { Shell } from "../shell.ts";

interface Options extends ServiceOptions, InputOptions, DurableOptions, ShowOptions {
  readonly version?: number;
  readonly timeout?: number;
  readonly notBefore?: Date;
  readonly idempotent?: boolean;
}

export function define(command: Command, shell: Shell): void {
  inputOptions(serviceOptions(command))
    .argument("<code>", "The code: its slug or its id")
    .option("--version <number>", "The version; the one that is active when it begins if absent", count(1))
    .option("--timeout <duration>", "A shorter time-out than the code's own, for each attempt", duration)
    .option(
      "--not-before <when>",
      "Begin then: in how long, as 2h, or when, as 2030-01-31T12:00",
      laterMoment,
    )
    .option("--idempotent", "It may run again although a lost attempt may have had effects");
  showOptions(durableOptions(command)).action((named: string, options: Options) =>
    start(named, options, shell),
  );
  examples(command, [
    ["codeactions start nightly --max-attempts 3 --backoff 10s", "queue it; the id goes to stdout"],
    ["codeactions start nightly --not-before 2h --param day=today", "begin in two hours"],
    ["codeactions start nightly --follow", "watch it to its end"],
    [
      "codeactions start bill --callback https://example.org/done --callback-secret SIGNING",
      "have somebody told of its end",
    ],
  ]);
}

async function start(named: string, options: Options, shell: Shell): Promise<void> {
  using service = await openService(options, shell);
  const durable = durableFields(options);
  const code = await service.code(named);
  const input = await readInput(options, shell.signal);
  const { run } = await service.client.runs.startRun(
    {
      codeId: code.id,
      version: options.version ?? 0,
      input,
      idempotent: options.idempotent ?? false,
      ...(options.timeout === undefined ? {} : { timeout: durationFromMs(options.timeout) }),
      ...(options.notBefore === undefined ? {} : { notBefore: timestampFromDate(options.notBefore) }),
      ...durable,
    },
    { signal: shell.signal },
  );
  await showQueued(run!, code.slug, options, service, shell);
}
