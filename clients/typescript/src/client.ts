import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { type CallOptions, createClient, Code as ErrorCode, type Transport } from "@connectrpc/connect";
import { CodeActionsError } from "./errors.ts";
import { follow } from "./follow.ts";
import { CodeService } from "./gen/codeactions/v1/code_service_pb.ts";
import type { LogEntry } from "./gen/codeactions/v1/log_pb.ts";
import {
  type LogEvent,
  LogService,
  type TailLogsRequestSchema,
} from "./gen/codeactions/v1/log_service_pb.ts";
import { ProjectService } from "./gen/codeactions/v1/project_service_pb.ts";
import type { Heartbeat, Run, RunEvent } from "./gen/codeactions/v1/run_pb.ts";
import {
  type RunCodeRequestSchema,
  type RunCodeStreamRequestSchema,
  RunnerService,
  type RunSourceRequestSchema,
  type WatchPoolRequestSchema,
  type WatchPoolResponse,
  type WatchRunRequestSchema,
} from "./gen/codeactions/v1/runner_service_pb.ts";
import { layered } from "./layer.ts";
import { type Lists, listsOver, type Services } from "./lists.ts";
import { newRequestId, requestIdOf } from "./request-ids.ts";
import type { ReadySettings } from "./settings.ts";

/** What a followed run shows; heartbeats are swallowed. */
export type RunStep = RunEvent & {
  readonly event: Exclude<RunEvent["event"], { case: "heartbeat"; value: Heartbeat }>;
};

/** What a tail shows; heartbeats are swallowed. */
export type LogStep = LogEvent & {
  readonly event: Exclude<LogEvent["event"], { case: "heartbeat"; value: Heartbeat }>;
};

/** What a watched pool shows; heartbeats are swallowed. */
export type PoolStep = WatchPoolResponse & {
  readonly event: Exclude<WatchPoolResponse["event"], { case: "heartbeat"; value: Heartbeat }>;
};

/** How to follow something. */
export interface FollowOptions {
  /** Ends the following. What is followed goes on. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A service, ready to be called.
 *
 * `codes`, `runs`, `logs` and `projects` have every method of the contract. Calls have a deadline (30 seconds, RunCode
 * 960 seconds, or `timeoutMs`), are repeated where that does nothing twice, and throw a `CodeActionsError`. Their streams,
 * as `logs.tailLogs` and `runs.watchRun`, are the contract's own: no deadline unless `timeoutMs` gives one, heartbeats and
 * all, and whatever breaks them ends them. Leaving the loop over one leaves its call open; `signal` ends it. The methods
 * below do what takes more than one call, and follow through broken connections.
 */
export interface CodeActions extends Services, Lists {
  /**
   * Runs a code, waits, and answers with the run as it ended. A code that fails is an answer too: look at its status.
   * Without a `requestId` the run is cancelled when this call is, and never started twice; with one it goes on, and the
   * same call again attaches to it.
   */
  run(request: Init<typeof RunCodeRequestSchema>, options?: CallOptions): Promise<Run>;
  /**
   * Runs a code and shows it while it happens: started, its log, finished. Goes on by itself after a broken
   * connection. The run goes on when the loop is left; CancelRun ends it.
   */
  runStream(
    request: Init<typeof RunCodeStreamRequestSchema>,
    options?: FollowOptions,
  ): AsyncIterable<RunStep>;
  /** The same for a source that is not stored. */
  runSource(request: Init<typeof RunSourceRequestSchema>, options?: FollowOptions): AsyncIterable<RunStep>;
  /** Follows a run from its beginning, or after a cursor, to its end, through broken connections. */
  watch(request: Init<typeof WatchRunRequestSchema>, options?: FollowOptions): AsyncIterable<RunStep>;
  /**
   * Follows the log of a run, a code or a project through broken connections, without a gap and without a duplicate.
   * Starts now unless `from` says otherwise. Ends with its run; the others end with `signal`, or when the loop is left.
   */
  tail(request: Init<typeof TailLogsRequestSchema>, options?: FollowOptions): AsyncIterable<LogStep>;
  /**
   * Shows the pool, and then every change of it, until `signal` or the end of the loop. After a broken connection it
   * begins anew with the whole pool: changes of that moment are in it, and not told one by one.
   */
  watchPool(request?: Init<typeof WatchPoolRequestSchema>, options?: FollowOptions): AsyncIterable<PoolStep>;

  /** Closes connections. What is under way fails with `CALL_CANCELLED`, and so does what is called later. */
  close(): void;
  [Symbol.dispose](): void;
}

type Init<Schema extends DescMessage> = MessageInitShape<Schema>;

/** A client over any transport. `closeTransport` is called once, when the client is closed. */
export function clientOver(
  transport: Transport,
  settings: ReadySettings,
  closeTransport = () => {},
): CodeActions {
  const closing = new AbortController();
  const layer = layered(transport, settings, closing.signal);
  const codes = createClient(CodeService, layer);
  const runs = createClient(RunnerService, layer);
  const logs = createClient(LogService, layer);
  const projects = createClient(ProjectService, layer);
  const { giveUpAfterMs } = settings;

  /** A run that is started by its first call, and watched from then on. */
  const started = <Request extends object>(
    request: Request,
    start: (request: Request, signal: AbortSignal) => AsyncIterable<{ event?: RunEvent | undefined }>,
    signal: AbortSignal | undefined,
  ) => {
    // A streamed run goes on without its caller anyway, so that an id of our own changes nothing but makes it safe to
    // ask again when even the first event was lost.
    const repeatable = { ...request, requestId: requestIdOf(request) ?? newRequestId() };
    let runId = "";
    return follow<RunEvent>({
      async *open(last, connection) {
        if (last !== undefined) {
          yield* eventsOf(runs.watchRun({ runId, cursor: last.cursor }, { signal: connection }));
          return;
        }
        for await (const item of eventsOf(start(repeatable, connection))) {
          if (item.event.case === "started") runId = item.event.value.id;
          yield item;
        }
      },
      isLast: ({ event }) => event.case === "finished",
      giveUpAfterMs,
      signals: [signal, closing.signal],
    });
  };

  const close = () => {
    if (closing.signal.aborted) return;
    // Calls first, so that they do not take the end of their connection for a broken one.
    closing.abort(
      new CodeActionsError("the client was closed", ErrorCode.Canceled, { reason: "CALL_CANCELLED" }),
    );
    closeTransport();
  };
  return {
    codes,
    runs,
    logs,
    projects,
    async run(request, options) {
      const { run } = await runs.runCode(request, options);
      if (run === undefined) throw new CodeActionsError("the answer has no run", ErrorCode.Internal);
      return run;
    },
    runStream: (request, { signal } = {}) =>
      started(request, (again, connection) => runs.runCodeStream(again, { signal: connection }), signal),
    runSource: (request, { signal } = {}) =>
      started(request, (again, connection) => runs.runSource(again, { signal: connection }), signal),
    watch: (request, { signal } = {}) =>
      follow<RunEvent>({
        open: (last, connection) =>
          eventsOf(
            runs.watchRun(
              { ...request, cursor: last?.cursor ?? request.cursor ?? "" },
              { signal: connection },
            ),
          ),
        isLast: ({ event }) => event.case === "finished",
        giveUpAfterMs,
        signals: [signal, closing.signal],
      }),
    tail: (request, { signal } = {}) =>
      follow<LogEvent>({
        open: (last, connection) => {
          const from = last === undefined ? request.from : ({ case: "cursor", value: last.cursor } as const);
          return eventsOf(logs.tailLogs({ ...request, from } as typeof request, { signal: connection }));
        },
        isLast: ({ event }) => event.case === "ended",
        giveUpAfterMs,
        signals: [signal, closing.signal],
      }),
    watchPool: (request = {}, { signal } = {}) =>
      follow<WatchPoolResponse>({
        open: (_, connection) => runs.watchPool(request, { signal: connection }),
        isLast: () => false,
        giveUpAfterMs,
        signals: [signal, closing.signal],
      }),
    ...listsOver({ codes, runs, logs, projects }),
    close,
    [Symbol.dispose]: close,
  };
}

/** The log entries of a followed run or a tail, one by one, without what else it shows. */
export async function* entriesOf(
  steps: AsyncIterable<RunStep | LogStep>,
): AsyncGenerator<LogEntry, void, undefined> {
  for await (const { event } of steps) {
    if (event.case === "log" || event.case === "batch") yield* event.value.entries;
  }
}

async function* eventsOf<Item>(
  answers: AsyncIterable<{ event?: Item | undefined }>,
): AsyncGenerator<Item, void, undefined> {
  for await (const { event } of answers) if (event !== undefined) yield event;
}
