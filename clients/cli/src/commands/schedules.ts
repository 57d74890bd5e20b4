import { toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { OverlapSchema, type Schedule, ScheduleSchema } from "../../../typescript/src/node.ts";
import { EXIT, Failure } from "../failure.ts";
import { printFields } from "../fields.ts";
import { codeNames } from "../names.ts";
import { examples, type ServiceOptions, serviceOptions } from "../options.ts";
import { pointingAtFlaws } from "../schedule/cron-flaw.ts";
import { findSchedule } from "../schedule/find.ts";
import { type ScheduleOptions, scheduleFields, scheduleOptions } from "../schedule/options.ts";
import { nextText, scheduleLines } from "../schedule/text.ts";
import { openService } from "../service.ts";
import type { Shell } from "../shell.ts";
import { printTable } from "../table.ts";
import { shown } from "../terminal.ts";
import { wordOf } from "../words.ts";

interface ReadOptions extends ServiceOptions {
  readonly json?: boolean;
}

interface CreateOptions extends ReadOptions, ScheduleOptions {
  readonly name: string;
  readonly cron: string;
  readonly paused?: boolean;
}

interface UpdateOptions extends ReadOptions, ScheduleOptions {
  readonly name?: string;
  readonly cron?: string;
}

const NAMED = "The schedule: its name or its id";

export function define(command: Command, shell: Shell): void {
  const list = serviceOptions(command.command("list", { isDefault: true }))
    .description("List the schedules of the project or of one code, with their next times")
    .argument("[code]", "The code: its slug or its id")
    .option("--json", "Print them as JSON")
    .action((named: string | undefined, options: ReadOptions) => listSchedules(named, options, shell));
  const create = serviceOptions(command.command("create"))
    .description("Start a code at the times of a cron expression, as durable runs")
    .argument("<code>", "The code: its slug or its id")
    .requiredOption("--name <name>", "The name people read")
    .requiredOption(
      "--cron <expression>",
      "Minute, hour, day, month, day of the week; or @hourly, @daily, …",
    );
  scheduleOptions(create)
    .option("--paused", "It starts nothing until it is resumed")
    .option("--json", "Print it as JSON")
    .action((named: string, options: CreateOptions) => createSchedule(named, options, shell));
  const show = serviceOptions(command.command("show"))
    .description("Show a schedule: what it starts, when next, and what became of its last time")
    .argument("<schedule>", NAMED)
    .option("--json", "Print it as JSON")
    .action((named: string, options: ReadOptions) => showSchedule(named, options, shell));
  const update = serviceOptions(command.command("update"))
    .description("Change what is given, and nothing else")
    .argument("<schedule>", NAMED)
    .option("--name <name>", "The name people read")
    .option("--cron <expression>", "When to start it");
  scheduleOptions(update)
    .option("--no-idempotent", "Runs are not to run again after a lost attempt")
    .option("--no-callback", "Tell nobody of the end any more")
    .option("--json", "Print it as JSON")
    .action((named: string, options: UpdateOptions) => updateSchedule(named, options, shell));
  const pause = serviceOptions(command.command("pause"))
    .description("Let it start nothing until it is resumed; what it misses is not made up for")
    .argument("<schedule>", NAMED)
    .action((named: string, options: ServiceOptions) => setPaused(named, true, options, shell));
  const resume = serviceOptions(command.command("resume"))
    .description("Let a paused schedule go on with its next time")
    .argument("<schedule>", NAMED)
    .action((named: string, options: ServiceOptions) => setPaused(named, false, options, shell));
  const remove = serviceOptions(command.command("delete"))
    .description("End a schedule; runs that it has started go on")
    .argument("<schedule>", NAMED)
    .action((named: string, options: ServiceOptions) => deleteSchedule(named, options, shell));
  examples(command, [
    ["codeactions schedules", "what starts when"],
    ["codeactions schedules create nightly --name Nightly --cron '0 6 * * MON-FRI'", "at 6, on weekdays"],
    ["codeactions schedules pause Nightly", "not for now"],
  ]);
  examples(list, [["codeactions schedules list nightly --json", "those of one code, for programs"]]);
  examples(create, [
    [
      "codeactions schedules create nightly --name Nightly --cron '0 6 * * *' --time-zone Europe/Berlin",
      "at 6 in Berlin, summer and winter",
    ],
    [
      "codeactions schedules create sync --name Sync --cron '*/5 * * * *' --overlap queue --max-attempts 3",
      "one run after the other, tried again",
    ],
  ]);
  examples(show, [["codeactions schedules show Nightly", "by its name"]]);
  examples(update, [
    ["codeactions schedules update Nightly --cron '30 6 * * *'", "half an hour later"],
    ["codeactions schedules update Nightly --no-callback", "tell nobody any more"],
  ]);
  examples(pause, [["codeactions schedules pause Nightly", "by its name"]]);
  examples(resume, [["codeactions schedules resume Nightly", "by its name"]]);
  examples(remove, [["codeactions schedules delete Nightly", "by its name"]]);
}

async function listSchedules(named: string | undefined, options: ReadOptions, shell: Shell): Promise<void> {
  const { terminal, signal } = shell;
  using service = await openService(options, shell);
  const scope =
    named === undefined
      ? ({ case: "projectId", value: (await service.project()).id } as const)
      : ({ case: "codeId", value: (await service.code(named)).id } as const);
  const schedules: Schedule[] = [];
  for await (const schedule of service.client.listAllSchedules({ scope }, { signal }))
    schedules.push(schedule);
  if (options.json) return terminal.printJson(schedules.map((schedule) => toJson(ScheduleSchema, schedule)));
  const nameOf = codeNames(service, signal);
  const rows: string[][] = [];
  for (const schedule of schedules)
    rows.push([
      shown(schedule.name),
      await nameOf(schedule.codeId),
      schedule.cron,
      schedule.timeZone,
      nextText(schedule),
      wordOf(OverlapSchema, schedule.overlap),
      schedule.id,
    ]);
  printTable(shell, ["SCHEDULE", "CODE", "CRON", "TIME ZONE", "NEXT", "OVERLAP", "ID"], rows);
}

async function createSchedule(named: string, options: CreateOptions, shell: Shell): Promise<void> {
  const { signal } = shell;
  using service = await openService(options, shell);
  const fields = await scheduleFields(options, signal);
  const { id: codeId } = await service.code(named);
  const { name, cron, paused = false } = options;
  const { schedule } = await pointingAtFlaws(cron, () =>
    service.client.runs.createSchedule({ codeId, name, cron, paused, ...fields }, { signal }),
  );
  tell("created", schedule!, options, shell);
}

async function showSchedule(named: string, { json, ...options }: ReadOptions, shell: Shell): Promise<void> {
  using service = await openService(options, shell);
  const schedule = await findSchedule(service, named, shell.signal);
  if (json) return shell.terminal.printJson(toJson(ScheduleSchema, schedule));
  const codeName = await codeNames(service, shell.signal)(schedule.codeId);
  printFields(shell, scheduleLines(schedule, codeName));
}

async function updateSchedule(named: string, options: UpdateOptions, shell: Shell): Promise<void> {
  const { signal } = shell;
  using service = await openService(options, shell);
  const before = await findSchedule(service, named, signal);
  const { name, cron } = options;
  const fields = {
    ...(name === undefined ? {} : { name }),
    ...(cron === undefined ? {} : { cron }),
    ...(await scheduleFields(options, signal, before)),
  };
  if (Object.keys(fields).length === 0)
    throw new Failure("say what to change; codeactions schedules update --help shows it", EXIT.usage);
  const request = { scheduleId: before.id, etag: before.etag, ...fields };
  const { schedule } = await pointingAtFlaws(cron, () =>
    service.client.runs.updateSchedule(request, { signal }),
  );
  tell("changed", schedule!, options, shell);
}

async function setPaused(
  named: string,
  paused: boolean,
  options: ServiceOptions,
  shell: Shell,
): Promise<void> {
  using service = await openService(options, shell);
  const { id: scheduleId } = await findSchedule(service, named, shell.signal);
  const { schedule } = await service.client.runs.updateSchedule(
    { scheduleId, paused },
    { signal: shell.signal },
  );
  tell(paused ? "paused" : "resumed", schedule!, {}, shell);
}

async function deleteSchedule(named: string, options: ServiceOptions, shell: Shell): Promise<void> {
  const { terminal, signal } = shell;
  using service = await openService(options, shell);
  const { id: scheduleId, name } = await findSchedule(service, named, signal);
  await service.client.runs.deleteSchedule({ scheduleId }, { signal });
  terminal.note(`${terminal.err.green("✓")} deleted schedule ${shown(name)}; its runs go on`);
}

/** What was done to a schedule, and when it starts its code next. */
function tell(done: string, schedule: Schedule, { json }: ReadOptions, { terminal }: Shell): void {
  if (json) return terminal.printJson(toJson(ScheduleSchema, schedule));
  const next = schedule.paused ? "" : `, next ${nextText(schedule)}`;
  terminal.note(
    `${terminal.err.green("✓")} ${done} schedule ${shown(schedule.name)} (${schedule.id})${next}`,
  );
}
