import { toJson } from "@bufbuild/protobuf";
import { durationMs, timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Command } from "commander";
import { type Run, RunSchema, RunStatusSchema, RunTriggerSchema } from "../../../typescript/src/node.ts";
import { durableLines } from "../durable-text.ts";
import { printFields } from "../fields.ts";
import { endText, writeResult } from "../live-run.ts";
import { codeNames } from "../names.ts";
import { choice, count, examples, moment, type ServiceOptions, serviceOptions } from "../options.ts";
import { statusText } from "../run-status.ts";
import { findSchedule } from "../schedule/find.ts";
import { openService } from "../service.ts";
import type { Shell } from "../shell.ts";
import { printTable } from "../table.ts";
import { shown } from "../terminal.ts";
import { relativeText, timeText } from "../times.ts";
import { sizeText, tookText } from "../units.ts";
import { numberOf, wordOf, wordsOf } from "../words.ts";

interface ListOptions extends ServiceOptions {
  readonly status?: readonly string[];
  readonly trigger?: readonly string[];
  readonly since?: Date;
  readonly until?: Date;
  readonly schedule?: string;
  readonly last: number;
  readonly json?: boolean;
}

interface ShowOptions extends ServiceOptions {
  readonly json?: boolean;
  readonly result?: boolean;
}

export function define(command: Command, shell: Shell): void {
  const { terminal, signal } = shell;
  const list = serviceOptions(command.command("list", { isDefault: true }))
    .description("List runs of the project or of one code, newest first")
    .argument("[code]", "The code: its slug or its id")
    .addOption(choice("--status <status...>", "Only these", wordsOf(RunStatusSchema)))
    .addOption(choice("--trigger <trigger...>", "Only those that were started so", wordsOf(RunTriggerSchema)))
    .option("--schedule <schedule>", "Only those that this schedule started: its name or its id")
    .option("--since <when>", "Only from then on: how long ago, or when", moment)
    .option("--until <when>", "Only before then", moment)
    .option("-n, --last <number>", "At most so many", count(1), 20)
    .option("--json", "Print them as JSON")
    .action((named: string | undefined, options: ListOptions) => listRuns(named, options, shell));
  const show = serviceOptions(command.command("show"), false)
    .description("Show a run: how it was asked for, how it ended, what it cost")
    .argument("<run>", "The run's id")
    .option("--result", "Print nothing but the body it answered")
    .option("--json", "Print it as JSON")
    .action(async (runId: string, options: ShowOptions) => {
      using service = await openService(options, shell);
      const { run } = await service.client.runs.getRun({ runId }, { signal });
      if (options.json) return terminal.printJson(toJson(RunSchema, run!));
      if (options.result) return writeResult(run!, terminal);
      const name = run!.codeId === "" ? "" : await codeNames(service, signal)(run!.codeId);
      showRun(run!, name, shell);
    });
  const cancel = serviceOptions(command.command("cancel"), false)
    .description("End a run that waits or is under way, with everything it started")
    .argument("<run>", "The run's id")
    .action(async (runId: string, options: ServiceOptions) => {
      using service = await openService(options, shell);
      const { run } = await service.client.runs.cancelRun({ runId }, { signal });
      terminal.note(endText(run!, terminal.err));
    });
  examples(command, [
    ["codeactions runs hello-python", "the last 20 of a code"],
    ["codeactions runs --status failed timed_out --since 1h", "what went wrong lately"],
    ["codeactions runs --schedule Nightly", "what a schedule has started"],
    ["codeactions runs show 0199a0b0-0000-7000-8000-000000000000", "one of them"],
  ]);
  examples(list, [["codeactions runs list --trigger endpoint -n 100 --json", "for programs"]]);
  examples(show, [
    ["codeactions runs show 0199a0b0-0000-7000-8000-000000000000 --result > body", "what it answered"],
  ]);
  examples(cancel, [["codeactions runs cancel 0199a0b0-0000-7000-8000-000000000000", "end it"]]);
}

async function listRuns(named: string | undefined, options: ListOptions, shell: Shell): Promise<void> {
  const { terminal, signal } = shell;
  using service = await openService(options, shell);
  const scope =
    named === undefined
      ? ({ case: "projectId", value: (await service.project()).id } as const)
      : ({ case: "codeId", value: (await service.code(named)).id } as const);
  const request = {
    scope,
    pageSize: Math.min(options.last, 100),
    statuses: (options.status ?? []).map((word) => numberOf(RunStatusSchema, word)!),
    triggers: (options.trigger ?? []).map((word) => numberOf(RunTriggerSchema, word)!),
    ...(options.schedule === undefined
      ? {}
      : { scheduleId: (await findSchedule(service, options.schedule, signal)).id }),
    ...(options.since === undefined ? {} : { startTime: timestampFromDate(options.since) }),
    ...(options.until === undefined ? {} : { endTime: timestampFromDate(options.until) }),
  };
  const runs: Run[] = [];
  for await (const run of service.client.listAllRuns(request, { signal })) {
    if (runs.push(run) === options.last) break;
  }
  if (options.json) return terminal.printJson(runs.map((run) => toJson(RunSchema, run)));
  const nameOf = codeNames(service, signal);
  const rows: string[][] = [];
  for (const run of runs) {
    rows.push([
      timeText(run.createTime),
      run.codeId === "" ? terminal.out.dim("(a try)") : await nameOf(run.codeId),
      run.version === 0 ? "" : String(run.version),
      wordOf(RunTriggerSchema, run.trigger),
      `${statusText(run, terminal.out)}${standText(run)}`,
      run.usage?.wall === undefined ? "" : tookText(durationMs(run.usage.wall)),
      run.id,
    ]);
  }
  printTable(shell, ["ACCEPTED", "CODE", "VERSION", "TRIGGER", "STATUS", "TOOK", "RUN"], rows);
}

/** A durable run of whatever is active then has no version before it begins. */
function versionText({ version }: Run): string {
  return version === 0 ? "the active version" : `version ${version}`;
}

/** Where a durable run stands beside its status: ` (attempt 2, in 40 s)`; empty for most. */
function standText({ attempt, durable }: Run): string {
  const due = durable?.dueTime;
  const parts = [
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(due !== undefined && timestampDate(due) > new Date() ? [relativeText(due)] : []),
  ];
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

function showRun(run: Run, codeName: string, shell: Shell): void {
  const { terminal } = shell;
  const { usage, request, result, error, durable } = run;
  const lines: [name: string, value: string][] = [
    ["run", run.id],
    ["code", codeName === "" ? "a try, not stored" : `${codeName}, ${versionText(run)}`],
    ["trigger", wordOf(RunTriggerSchema, run.trigger)],
    ["status", statusText(run, terminal.out)],
    ["accepted", timeText(run.createTime)],
    ["ended", timeText(run.endTime)],
  ];
  if (durable !== undefined) lines.push(...durableLines({ ...run, durable }, terminal.out));
  if (usage !== undefined) {
    const { queue, start, wall, cpu, peakMemoryBytes, logEntries, cold } = usage;
    const parts = [
      `waited ${tookText(queue === undefined ? 0 : durationMs(queue))}`,
      cold ? `started in ${tookText(start === undefined ? 0 : durationMs(start))}` : "warm",
      `ran ${tookText(wall === undefined ? 0 : durationMs(wall))}`,
      `processor ${tookText(cpu === undefined ? 0 : durationMs(cpu))}`,
      `memory ${sizeText(Number(peakMemoryBytes))}`,
      `${logEntries} log entries`,
    ];
    lines.push(["cost", parts.join(", ")]);
  }
  if (request !== undefined) {
    const query = request.params.map(({ name, value }) => `${name}=${value}`).join("&");
    const target = `${request.path}${query === "" ? "" : `?${query}`}`;
    lines.push(["asked", shown(`${request.method} ${target}, ${sizeText(Number(request.bodyBytes))}`)]);
    for (const { name, value } of request.headers) lines.push(["", shown(`${name}: ${value}`)]);
  }
  if (result !== undefined) {
    const { statusCode, contentType, bodyBytes, headers } = result;
    lines.push(["answered", shown(`${statusCode}, ${contentType}, ${sizeText(Number(bodyBytes))}`)]);
    for (const { name, value } of headers) lines.push(["", shown(`${name}: ${value}`)]);
  }
  if (error !== undefined) lines.push(["error", shown(`${error.kind}: ${error.message}`)]);
  printFields(shell, lines);
  if (error?.traceback) terminal.print(`\n${shown(error.traceback).trimEnd()}`);
}
