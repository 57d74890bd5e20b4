import { create } from "@bufbuild/protobuf";
import {
  type Duration,
  durationFromMs,
  durationMs,
  type Timestamp,
  timestampDate,
  timestampFromDate,
} from "@bufbuild/protobuf/wkt";
import * as code from "../../gen/codeactions/v1/code_pb.ts";
import { type LogBatch, LogBatchSchema, LogLevel, LogStream } from "../../gen/codeactions/v1/log_pb.ts";
import {
  type Project as ProjectMessage,
  ProjectSchema,
  Role as RoleEnum,
  type Token as TokenMessage,
  TokenSchema,
} from "../../gen/codeactions/v1/project_pb.ts";
import { type Secret as SecretMessage, SecretSchema } from "../../gen/codeactions/v1/secret_pb.ts";
import type {
  Code,
  CodeLimits,
  CodeType,
  CodeVersion,
  EndpointAuth,
  Isolation,
  Language,
  RecordPayloads,
  Secret,
} from "../core/db/entities/codes.ts";
import type { Project, Role, Token } from "../core/db/entities/projects.ts";
import { fieldInvalid } from "../core/errors.ts";
import type { Level, Problem, Stream } from "../sandbox/program.ts";
import type { PlacedEntry } from "../services/logs.ts";
import { etagOf } from "../services/projects.ts";

/** Our words and the contract's messages, each made from the other. Nothing here decides anything. */

const CODE_TYPES = { FLOW: code.CodeType.FLOW, ENDPOINT: code.CodeType.ENDPOINT } satisfies Record<
  CodeType,
  number
>;
const LANGUAGES = {
  python: code.Language.PYTHON,
  javascript: code.Language.JAVASCRIPT,
  typescript: code.Language.TYPESCRIPT,
  go: code.Language.GO,
} satisfies Record<Language, number>;
const ENDPOINT_AUTHS = { PUBLIC: code.EndpointAuth.PUBLIC, TOKEN: code.EndpointAuth.TOKEN } satisfies Record<
  EndpointAuth,
  number
>;
const ISOLATIONS = { WARM: code.Isolation.WARM, FRESH: code.Isolation.FRESH } satisfies Record<
  Isolation,
  number
>;
const RECORD_PAYLOADS = {
  ALL: code.RecordPayloads.ALL,
  METADATA: code.RecordPayloads.METADATA,
} satisfies Record<RecordPayloads, number>;
const PROBLEM_KINDS = {
  syntax: code.ProblemKind.SYNTAX,
  entry_point: code.ProblemKind.ENTRY_POINT,
  import: code.ProblemKind.IMPORT,
  type: code.ProblemKind.TYPE,
} satisfies Record<Problem["kind"], number>;
const ROLES = {
  VIEWER: RoleEnum.VIEWER,
  CONTRIBUTOR: RoleEnum.CONTRIBUTOR,
  EDITOR: RoleEnum.EDITOR,
  ADMIN: RoleEnum.ADMIN,
} satisfies Record<Role, number>;
const LEVELS = {
  debug: LogLevel.DEBUG,
  info: LogLevel.INFO,
  warning: LogLevel.WARNING,
  error: LogLevel.ERROR,
} satisfies Record<Level, number>;
const STREAMS = {
  engine: LogStream.ENGINE,
  stdout: LogStream.STDOUT,
  stderr: LogStream.STDERR,
  system: LogStream.SYSTEM,
} satisfies Record<Stream, number>;

/** The word for an enum's number; undefined for its zero. */
export function reader<Word extends string>(
  numbers: Record<Word, number>,
): (number: number) => Word | undefined {
  const words = new Map(Object.entries(numbers).map(([word, number]) => [number as number, word as Word]));
  return (number) => words.get(number);
}

export const codeTypeOf = reader<CodeType>(CODE_TYPES);
export const languageOf = reader<Language>(LANGUAGES);
export const endpointAuthOf = reader<EndpointAuth>(ENDPOINT_AUTHS);
export const isolationOf = reader<Isolation>(ISOLATIONS);
export const recordPayloadsOf = reader<RecordPayloads>(RECORD_PAYLOADS);
export const roleOf = reader<Role>(ROLES);
export const levelOf = reader<Level>(LEVELS);
export const streamOf = reader<Stream>(STREAMS);

/** A word where the contract has already refused the enum's zero. */
export function given<Word>(word: Word | undefined): Word {
  if (word === undefined) throw new Error("the contract let a zero through where a value is needed");
  return word;
}

export function codeMessage(
  row: Readonly<Code>,
  view: {
    publicUrl: string;
    rateLimit: { requests: number; windowMs: number };
    limits: Required<CodeLimits>;
  },
): code.Code {
  return create(code.CodeSchema, {
    id: row.id,
    projectId: row.projectId,
    name: row.name,
    slug: row.slug,
    description: row.description,
    labels: row.labels as Record<string, string>,
    type: CODE_TYPES[row.type as CodeType],
    language: LANGUAGES[row.language as Language],
    activeVersion: row.activeVersion,
    timeout: durationFromMs(row.timeoutMs),
    memoryLimitBytes: BigInt(row.memoryLimitBytes),
    maxConcurrency: row.maxConcurrency,
    rateLimit: {
      requests: row.rateLimitRequests ?? view.rateLimit.requests,
      window: durationFromMs(row.rateLimitWindowMs ?? view.rateLimit.windowMs),
    },
    limits: limitsMessage(view.limits),
    egressHosts: [...row.egressHosts],
    isolation: ISOLATIONS[row.isolation as Isolation],
    environment: row.environment as Record<string, string>,
    endpointAuth: ENDPOINT_AUTHS[row.endpointAuth as EndpointAuth],
    recordPayloads: RECORD_PAYLOADS[row.recordPayloads as RecordPayloads],
    publicUrl: view.publicUrl,
    etag: etagOf(row.revision),
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
    deleteTime: optionalTimestamp(row.deleteTime),
  });
}

function limitsMessage(limits: Required<CodeLimits>): code.Limits {
  return create(code.LimitsSchema, {
    cpuMillis: limits.cpuMillis,
    cpuTime: durationFromMs(limits.cpuTimeMs),
    outputBytes: BigInt(limits.outputBytes),
    processes: limits.processes,
    tmpBytes: BigInt(limits.tmpBytes),
    openFiles: limits.openFiles,
  });
}

/** The limits that are present. */
export function limitsOf(message: code.Limits | undefined): CodeLimits {
  const { cpuMillis, cpuTime, outputBytes, processes, tmpBytes, openFiles } = message ?? {};
  const limits = {
    cpuMillis,
    cpuTimeMs: millisecondsOf(cpuTime),
    outputBytes: outputBytes === undefined ? undefined : Number(outputBytes),
    processes,
    tmpBytes: tmpBytes === undefined ? undefined : Number(tmpBytes),
    openFiles,
  };
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

export function codeVersionMessage(row: CodeVersion, full: boolean): code.CodeVersion {
  return create(code.CodeVersionSchema, {
    codeId: row.codeId,
    number: row.number,
    source: full ? row.source : "",
    sourceSha256: row.sourceSha256,
    sourceSizeBytes: row.sourceBytes,
    createTime: timestampFromDate(row.createTime),
    createdBy: row.createdBy,
  });
}

export function problemMessage(problem: Problem): code.Problem {
  const { kind, message, line, column } = problem;
  return create(code.ProblemSchema, { kind: PROBLEM_KINDS[kind], message, line, column });
}

export function secretMessage(row: Secret): SecretMessage {
  return create(SecretSchema, {
    projectId: row.projectId,
    name: row.name,
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
  });
}

export function projectMessage(row: Project): ProjectMessage {
  return create(ProjectSchema, {
    id: row.id,
    name: row.name,
    slug: row.slug,
    defaultEgressHosts: [...row.defaultEgressHosts],
    etag: etagOf(row.revision),
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
    deleteTime: optionalTimestamp(row.deleteTime),
  });
}

export function tokenMessage(row: Token): TokenMessage {
  return create(TokenSchema, {
    id: row.id,
    projectId: row.projectId ?? "",
    name: row.name,
    role: ROLES[row.role as Role],
    createTime: timestampFromDate(row.createTime),
    expireTime: optionalTimestamp(row.expireTime),
    revokeTime: optionalTimestamp(row.revokeTime),
  });
}

export function logBatchMessage(entries: readonly PlacedEntry[]): LogBatch {
  return create(LogBatchSchema, { entries: entries.map(logEntryFields) });
}

/** An entry as a message, or as what one is made from. */
export function logEntryFields({ entry, chunk, cursor }: PlacedEntry) {
  return {
    runId: chunk.runId,
    codeId: chunk.codeId ?? "",
    version: chunk.version,
    attempt: chunk.attempt,
    sequence: BigInt(entry.sequence),
    time: timestampFromUs(entry.timeUs),
    level: LEVELS[entry.level],
    stream: STREAMS[entry.stream],
    text: entry.text,
    truncated: entry.truncated,
    cursor,
  };
}

/** A duration in whole milliseconds; undefined when there is none. */
export function millisecondsOf(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : Math.round(durationMs(duration));
}

/** A time; one outside the years 0001 to 9999 is refused by name. */
export function dateOf(timestamp: Timestamp | undefined, field: string): Date | undefined {
  if (timestamp === undefined) return undefined;
  const date = timestampDate(timestamp);
  if (Number.isNaN(date.getTime())) throw fieldInvalid(field, "not a time between the years 0001 and 9999");
  return date;
}

export function microsecondsOf(timestamp: Timestamp | undefined): number | undefined {
  return timestamp === undefined
    ? undefined
    : Number(timestamp.seconds) * 1e6 + Math.floor(timestamp.nanos / 1000);
}

function timestampFromUs(timeUs: number) {
  const seconds = Math.floor(timeUs / 1e6);
  return {
    $typeName: "google.protobuf.Timestamp" as const,
    seconds: BigInt(seconds),
    nanos: Math.round(timeUs - seconds * 1e6) * 1000,
  };
}

export function optionalTimestamp(date: Date | null | undefined): Timestamp | undefined {
  return date == null ? undefined : timestampFromDate(date);
}
