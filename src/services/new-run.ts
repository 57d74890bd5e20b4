import type { CodeLimits, Language, RecordPayloads } from "../core/db/entities/codes.ts";
import type { Run, RunTrigger } from "../core/db/entities/runs.ts";
import { fieldInvalid } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { Pair, Program } from "../sandbox/program.ts";
import type { Runnable } from "./catalog.ts";
import { sha256Of } from "./codes.ts";
import { type LimitSettings, programLimits, requireWithinCeilings } from "./limits.ts";

/** Bodies in and out over RPC; stock gRPC clients refuse messages over 4 MiB. */
export const RPC_BODY_BYTES_MAX = 3 * 1024 * 1024;
/** Bodies in and out through the HTTP door. */
export const HTTP_BODY_BYTES_MAX = 8 * 1024 * 1024;
/** What a code is given, whatever door it came through. */
export interface RunInput {
  readonly method: string;
  readonly path: string;
  readonly query: readonly Pair[];
  readonly headers: readonly Pair[];
  readonly body: Uint8Array;
}

export interface RunAsk {
  readonly codeId: string;
  /** 0 for the active version. */
  readonly version: number;
  readonly input: RunInput;
  /** Shorter than the code's own; undefined for that. */
  readonly timeoutMs: number | undefined;
  /** Empty when the caller does not mean to repeat it. */
  readonly requestId: string;
  /** It may be run again when the platform loses it. Left out where it may not: requests are told apart by all of this. */
  readonly idempotent?: true;
}

export interface TryAsk {
  readonly projectId: string;
  readonly language: Language;
  readonly source: string;
  readonly input: RunInput;
  readonly timeoutMs: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  readonly limits: CodeLimits;
  readonly egressHosts: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly requestId: string;
}

/** Everything a new run is made of. */
export interface NewRun {
  readonly projectId: string;
  readonly codeId: string | null;
  readonly version: number;
  readonly program: Program;
  readonly trigger: RunTrigger;
  readonly input: RunInput;
  readonly timeoutMs: number;
  readonly recordPayloads: RecordPayloads;
  readonly resultBytesMax: number;
  readonly idempotent: boolean;
  /** When the run ends because its caller does not wait any longer, in milliseconds since the epoch. */
  readonly deadlineMs: number | undefined;
}

/** A run of a stored version; with a deadline where it ends with its caller. */
export function newCodeRun(
  runnable: Runnable,
  ask: RunAsk,
  trigger: RunTrigger,
  deadlineMs?: number,
): NewRun {
  const { code, version, program } = runnable;
  if (ask.timeoutMs !== undefined && ask.timeoutMs > code.timeoutMs) {
    throw fieldInvalid("timeout", `longer than the code's own time-out of ${code.timeoutMs / 1000} s`);
  }
  return {
    projectId: code.projectId,
    codeId: code.id,
    version,
    program,
    trigger,
    input: ask.input,
    timeoutMs: ask.timeoutMs ?? code.timeoutMs,
    recordPayloads: code.recordPayloads as RecordPayloads,
    resultBytesMax: RPC_BODY_BYTES_MAX,
    idempotent: ask.idempotent ?? false,
    deadlineMs,
  };
}

/** A run of a source that is not stored, under the limits that it asks for and the hosts that hold for it. */
export function newTry(ask: TryAsk, settings: LimitSettings, egressHosts: readonly string[]): NewRun {
  requireWithinCeilings(ask, settings);
  const timeoutMs = ask.timeoutMs ?? settings.timeoutMs;
  const memoryLimitBytes = ask.memoryLimitBytes ?? settings.memoryLimitBytes;
  return {
    projectId: ask.projectId,
    codeId: null,
    version: 0,
    // A key of its own: the worker of a try serves nothing else, not even the same source again.
    program: {
      key: `try ${newId()}`,
      language: ask.language,
      source: ask.source,
      sourceSha256: sha256Of(ask.source),
      environment: ask.environment,
      ...programLimits({ memoryLimitBytes, timeoutMs, limits: ask.limits }, settings),
      concurrencyMax: 1,
      egressHosts,
      isFresh: true,
    },
    trigger: "TRY",
    input: ask.input,
    timeoutMs,
    recordPayloads: "ALL",
    resultBytesMax: RPC_BODY_BYTES_MAX,
    idempotent: false,
    deadlineMs: undefined,
  };
}

/** The first row of a run, before a worker has it. */
export function newRow(id: string, owner: string, asked: NewRun): Run {
  return {
    id,
    projectId: asked.projectId,
    codeId: asked.codeId,
    version: asked.version,
    trigger: asked.trigger,
    status: "QUEUED",
    attempt: 1,
    owner,
    createTime: new Date(),
  } as Run;
}
