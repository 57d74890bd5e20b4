import { toJson } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Command } from "commander";
import {
  type LogEntry,
  LogEntrySchema,
  LogLevel,
  LogLevelSchema,
  type LogStream,
  LogStreamSchema,
} from "../../../typescript/src/node.ts";
import { EXIT, Failure } from "../failure.ts";
import { endText, gapText } from "../live-run.ts";
import { logLine } from "../log-line.ts";
import { codeNames } from "../names.ts";
import { choice, count, examples, moment, type ServiceOptions, serviceOptions } from "../options.ts";
import { openService, type Service } from "../service.ts";
import type { Shell } from "../shell.ts";
import { numberOf, wordsOf } from "../words.ts";

interface Options extends ServiceOptions {
  readonly follow?: boolean;
  readonly run?: string;
  readonly since?: Date;
  readonly until?: Date;
  readonly level?: string;
  readonly stream?: readonly string[];
  readonly grep?: string;
  readonly last?: number;
  readonly json?: boolean;
}

export function define(command: Command, shell: Shell): void {
  serviceOptions(command)
    .argument("[code]", "The code: its slug or its id; the whole project if absent")
    .option("-f, --follow", "Go on with what is written from now on; ends with the run, or with Ctrl-C")
    .option("--run <run>", "Of one run, by its id")
    .option("--since <when>", "Only from then on: how long ago, as 15m, or when, as 2026-01-31T12:00", moment)
    .option("--until <when>", "Only before then; not with --follow", moment)
    .addOption(choice("--level <level>", "Only at least this serious", wordsOf(LogLevelSchema)))
    .addOption(choice("--stream <stream...>", "Only of these streams", wordsOf(LogStreamSchema)))
    .option("--grep <text>", "Only entries that contain this, in any letter case")
    .option(
      "-n, --last <number>",
      `At most so many: ${LAST} if absent, all with --since; with --follow ${LAST_FOLLOWED}, counted before any filter`,
      count(0),
    )
    .option("--json", "Print each entry as JSON, one a line")
    .action((named: string | undefined, options: Options) => showLogs(named, options, shell));
  examples(command, [
    ["codeactions logs hello-python", "what a code wrote last"],
    ["codeactions logs -f", "watch the whole project"],
    ["codeactions logs -f hello-python --level warning", "watch what is worth a look"],
    ["codeactions logs --since 2h --grep timeout", "search"],
    ["codeactions logs --run 0199a0b0-0000-7000-8000-000000000000", "one run"],
  ]);
}

const LAST = 100;
const LAST_FOLLOWED = 10;
/** What the service counts off at most when a tail starts with the last entries. */
const LAST_FOLLOWED_MAX = 10_000;

async function showLogs(named: string | undefined, options: Options, shell: Shell): Promise<void> {
  if (options.follow && options.until !== undefined)
    throw new Failure("--until and --follow do not go together", EXIT.usage);
  if (options.run !== undefined && named !== undefined)
    throw new Failure("name a code or --run, not both", EXIT.usage);
  using service = await openService(options, shell);
  const scope = await chooseScope(named, options, service);
  const filters = {
    minimumLevel:
      options.level === undefined ? LogLevel.UNSPECIFIED : numberOf(LogLevelSchema, options.level)!,
    streams: (options.stream ?? []).map((word) => numberOf(LogStreamSchema, word)!),
    text: options.grep ?? "",
  };
  const tell = entryTeller(service, scope.case === "projectId", options, shell);
  if (options.follow) await follow({ scope, ...filters }, options, service, shell, tell);
  else
    for await (const entry of history({ scope, ...filters }, options, service, shell.signal))
      await tell(entry);
}

type Scope =
  | { readonly case: "runId"; readonly value: string }
  | { readonly case: "codeId"; readonly value: string }
  | { readonly case: "projectId"; readonly value: string };

interface Wanted {
  readonly scope: Scope;
  readonly minimumLevel: LogLevel;
  readonly streams: LogStream[];
  readonly text: string;
}

async function chooseScope(named: string | undefined, { run }: Options, service: Service): Promise<Scope> {
  if (run !== undefined) return { case: "runId", value: run };
  if (named !== undefined) return { case: "codeId", value: (await service.code(named)).id };
  return { case: "projectId", value: (await service.project()).id };
}

/** What is kept by now, oldest first. */
async function* history(
  wanted: Wanted,
  { since, until, last = since === undefined ? LAST : Number.POSITIVE_INFINITY }: Options,
  { client }: Service,
  signal: AbortSignal,
): AsyncGenerator<LogEntry, void, undefined> {
  const request = {
    ...wanted,
    ...(since === undefined ? {} : { startTime: timestampFromDate(since) }),
    ...(until === undefined ? {} : { endTime: timestampFromDate(until) }),
  };
  if (last === Number.POSITIVE_INFINITY) {
    yield* client.listAllLogEntries(request, { signal });
    return;
  }
  const newest: LogEntry[] = [];
  if (last > 0)
    for await (const entry of client.listAllLogEntries({ ...request, newestFirst: true }, { signal })) {
      if (newest.push(entry) === last) break;
    }
  yield* newest.toReversed();
}

async function follow(
  wanted: Wanted,
  options: Options,
  service: Service,
  shell: Shell,
  tell: (entry: LogEntry) => Promise<void>,
): Promise<void> {
  const { terminal, signal } = shell;
  const from =
    options.since === undefined
      ? fromLast(options.last ?? LAST_FOLLOWED)
      : await tellSince(wanted, options, service, signal, tell);
  for await (const { event } of service.client.tail({ ...wanted, from }, { signal })) {
    if (event.case === "batch") for (const entry of event.value.entries) await tell(entry);
    else if (event.case === "gap") terminal.note(gapText(event.value, terminal.err));
    else if (event.case === "ended") terminal.note(endText(event.value, terminal.err));
  }
}

type From =
  | { readonly case: "cursor"; readonly value: string }
  | { readonly case: "beginning"; readonly value: true }
  | { readonly case: "last"; readonly value: number }
  | { readonly case: undefined };

function fromLast(last: number): From {
  if (last > LAST_FOLLOWED_MAX)
    throw new Failure(
      `a tail starts with at most the last ${LAST_FOLLOWED_MAX} entries; use --since`,
      EXIT.usage,
    );
  return last === 0 ? { case: undefined } : { case: "last", value: last };
}

/**
 * Shows what was written since a moment, and answers where a tail goes on from there. When nothing was, that is the last
 * entry of all, asked for before, so that nothing that is written meanwhile is missed.
 */
async function tellSince(
  wanted: Wanted,
  options: Options,
  service: Service,
  signal: AbortSignal,
  tell: (entry: LogEntry) => Promise<void>,
): Promise<From> {
  const newest = { scope: wanted.scope, newestFirst: true, pageSize: 1 };
  const { entries } = await service.client.logs.listLogEntries(newest, { signal });
  let last = entries[0];
  for await (const entry of history(wanted, options, service, signal)) {
    await tell(entry);
    last = entry;
  }
  return last === undefined ? { case: "beginning", value: true } : { case: "cursor", value: last.cursor };
}

/** Prints entries; those of a project with their code's name. */
function entryTeller(
  service: Service,
  isOfProject: boolean,
  { json }: Options,
  { terminal, signal }: Shell,
): (entry: LogEntry) => Promise<void> {
  const nameOf = codeNames(service, signal);
  return async (entry) => {
    if (json) return terminal.printJson(toJson(LogEntrySchema, entry), true);
    const code = !isOfProject ? undefined : entry.codeId === "" ? "(a try)" : await nameOf(entry.codeId);
    terminal.print(logLine(entry, terminal.out, code));
  };
}
