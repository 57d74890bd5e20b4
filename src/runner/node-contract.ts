import { create, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import {
  type DescriptionSchema,
  type InvocationSchema,
  Language as LanguageNumber,
  type LanguageState as LanguageStateMessage,
  Level as LevelNumber,
  type LineSchema,
  type OutcomeSchema,
  type ProgramSchema,
  Status as StatusNumber,
  Stream as StreamNumber,
} from "../../gen/codeactions/node/v1/node_pb.ts";
import {
  type Refused,
  RefusedSchema,
  RefusalReason as WhyNumber,
} from "../../gen/codeactions/node/v1/node_service_pb.ts";
import {
  type Invocation,
  type Language,
  type LanguageState,
  type Level,
  type Line,
  NotAccepted,
  type Outcome,
  type Pair,
  type Problem,
  type Program,
  type Status,
  type Stream,
} from "../sandbox/program.ts";
import type { NodeDescription } from "./node.ts";

/** The version of `codeactions.node.v1` that this service speaks, as caller and as node. */
export const PROTOCOL_VERSION = 1;

/** Messages on the line between service and node: a body of 8 MiB with its head fits. */
export const NODE_MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

/** What a node says to a caller that speaks another version. */
export function calledInOtherVersion(theirs: number): string {
  return `called in version ${theirs} of the contract between nodes, and this node speaks version ${PROTOCOL_VERSION}; run the same release on both`;
}

const LANGUAGES = {
  python: LanguageNumber.PYTHON,
  javascript: LanguageNumber.JAVASCRIPT,
  typescript: LanguageNumber.TYPESCRIPT,
  go: LanguageNumber.GO,
} as const satisfies Record<Language, LanguageNumber>;

const LEVELS = {
  debug: LevelNumber.DEBUG,
  info: LevelNumber.INFO,
  warning: LevelNumber.WARNING,
  error: LevelNumber.ERROR,
} as const satisfies Record<Level, LevelNumber>;

const STREAMS = {
  engine: StreamNumber.ENGINE,
  stdout: StreamNumber.STDOUT,
  stderr: StreamNumber.STDERR,
  system: StreamNumber.SYSTEM,
} as const satisfies Record<Stream, StreamNumber>;

const STATUSES = {
  SUCCEEDED: StatusNumber.SUCCEEDED,
  FAILED: StatusNumber.FAILED,
  TIMED_OUT: StatusNumber.TIMED_OUT,
  OUT_OF_MEMORY: StatusNumber.OUT_OF_MEMORY,
  OUTPUT_LIMIT: StatusNumber.OUTPUT_LIMIT,
  CANCELLED: StatusNumber.CANCELLED,
  LOST: StatusNumber.LOST,
} as const satisfies Record<Status, StatusNumber>;

const WHYS = {
  full: WhyNumber.FULL,
  missing: WhyNumber.MISSING,
  preparing: WhyNumber.PREPARING,
  closed: WhyNumber.CLOSED,
  broken: WhyNumber.BROKEN,
} as const satisfies Record<NotAccepted["why"], WhyNumber>;

const LANGUAGE_OF = namesOf(LANGUAGES);
const LEVEL_OF = namesOf(LEVELS);
const STREAM_OF = namesOf(STREAMS);
const STATUS_OF = namesOf(STATUSES);
const WHY_OF = namesOf(WHYS);

/** The other side has said something that is not in the contract. */
export class BrokenContract extends Error {
  override name = "BrokenContract";
}

export function toLanguage(language: Language): LanguageNumber {
  return LANGUAGES[language];
}

export function fromLanguage(language: LanguageNumber): Language {
  return known(LANGUAGE_OF, language, "language");
}

export function toProgram(program: Program): MessageInitShape<typeof ProgramSchema> {
  return {
    ...program,
    environment: { ...program.environment },
    language: LANGUAGES[program.language],
    memoryBytesMax: BigInt(program.memoryBytesMax),
    tmpBytesMax: BigInt(program.tmpBytesMax),
    cpuTimeMsMax: BigInt(program.cpuTimeMsMax),
    outputBytesMax: BigInt(program.outputBytesMax),
    egressHosts: [...program.egressHosts],
  };
}

export function fromProgram(message: MessageShape<typeof ProgramSchema>, source: string): Program {
  const { key, sourceSha256, environment, cpuMillisMax, pidsMax, openFilesMax } = message;
  const { concurrencyMax, egressHosts, isFresh } = message;
  return {
    key,
    language: fromLanguage(message.language),
    source,
    sourceSha256,
    environment,
    cpuMillisMax,
    pidsMax,
    openFilesMax,
    concurrencyMax,
    egressHosts,
    isFresh,
    memoryBytesMax: Number(message.memoryBytesMax),
    tmpBytesMax: Number(message.tmpBytesMax),
    cpuTimeMsMax: Number(message.cpuTimeMsMax),
    outputBytesMax: Number(message.outputBytesMax),
  };
}

export function toInvocation(invocation: Invocation): MessageInitShape<typeof InvocationSchema> {
  const { method, path, query, headers, body, secrets, context, timeoutMs, resultBytesMax } = invocation;
  return {
    ...context,
    method,
    path,
    query: query.map(toPair),
    headers: headers.map(toPair),
    body: body as Uint8Array<ArrayBuffer>,
    secrets: { ...secrets },
    timeoutMs: BigInt(timeoutMs),
    resultBytesMax: BigInt(resultBytesMax),
  };
}

export function fromInvocation(message: MessageShape<typeof InvocationSchema>): Invocation {
  const { method, path, query, headers, body, secrets } = message;
  const { runId, codeId, version, projectId, attempt } = message;
  return {
    method,
    path,
    query: query.map(fromPair),
    headers: headers.map(fromPair),
    body,
    secrets,
    context: { runId, codeId, version, projectId, attempt },
    timeoutMs: Number(message.timeoutMs),
    resultBytesMax: Number(message.resultBytesMax),
  };
}

export function toLine({
  timeUs,
  level,
  stream,
  text,
  truncated,
}: Line): MessageInitShape<typeof LineSchema> {
  return { timeUs: BigInt(timeUs), level: LEVELS[level], stream: STREAMS[stream], text, truncated };
}

export function fromLine(message: MessageShape<typeof LineSchema>): Line {
  const { timeUs, level, stream, text, truncated } = message;
  return {
    timeUs: Number(timeUs),
    level: known(LEVEL_OF, level, "level"),
    stream: known(STREAM_OF, stream, "stream"),
    text,
    truncated,
  };
}

export function toOutcome({ status, result, error, usage }: Outcome): MessageInitShape<typeof OutcomeSchema> {
  return {
    status: STATUSES[status],
    ...(result && {
      result: {
        ...result,
        headers: result.headers.map(toPair),
        body: result.body as Uint8Array<ArrayBuffer>,
      },
    }),
    ...(error && { error: { ...error } }),
    usage: { ...usage, peakMemoryBytes: BigInt(usage.peakMemoryBytes) },
  };
}

export function fromOutcome(message: MessageShape<typeof OutcomeSchema>): Outcome {
  const { status, result, error, usage } = message;
  if (usage === undefined) throw new BrokenContract("an outcome has no usage");
  const { queueMs, startMs, wallMs, cpuMs, cold, peakMemoryBytes } = usage;
  return {
    status: known(STATUS_OF, status, "status"),
    ...(result && {
      result: {
        statusCode: result.statusCode,
        contentType: result.contentType,
        headers: result.headers.map(fromPair),
        body: result.body,
      },
    }),
    ...(error && { error: { kind: error.kind, message: error.message, traceback: error.traceback } }),
    usage: { queueMs, startMs, wallMs, cpuMs, cold, peakMemoryBytes: Number(peakMemoryBytes) },
  };
}

export function toRefused({ why, message, retryAfterMs }: NotAccepted): Refused {
  return create(RefusedSchema, { reason: WHYS[why], message, retryAfterMs: BigInt(retryAfterMs) });
}

export function fromRefused({ reason, message, retryAfterMs }: Refused): NotAccepted {
  return new NotAccepted(known(WHY_OF, reason, "reason"), message, Number(retryAfterMs));
}

const PROBLEM_KINDS = ["syntax", "entry_point", "import", "type"] as const;

export function fromProblem(message: {
  kind: string;
  message: string;
  line: number;
  column: number;
}): Problem {
  const kind = PROBLEM_KINDS.find((candidate) => candidate === message.kind);
  if (kind === undefined) throw new BrokenContract(`a problem is of the unknown kind ${message.kind}`);
  return { kind, message: message.message, line: message.line, column: message.column };
}

export function toDescription(description: NodeDescription): MessageInitShape<typeof DescriptionSchema> {
  return {
    ...description,
    protocolVersion: PROTOCOL_VERSION,
    warmStarts: BigInt(description.warmStarts),
    coldStarts: BigInt(description.coldStarts),
    memoryBytes: BigInt(Math.round(description.memoryBytes)),
    startTimeMs: BigInt(description.startTimeMs),
    languages: description.languages.map(toLanguageState),
    warm: [...description.warm],
  };
}

export function fromDescription(message: MessageShape<typeof DescriptionSchema>): NodeDescription {
  const { capacity, busy, idle, blank, waiting, draining, warm } = message;
  return {
    capacity,
    busy,
    idle,
    blank,
    waiting,
    draining,
    warmStarts: Number(message.warmStarts),
    coldStarts: Number(message.coldStarts),
    memoryBytes: Number(message.memoryBytes),
    startTimeMs: Number(message.startTimeMs),
    languages: message.languages.map(fromLanguageState),
    warm: warm.map(({ key, codeId, version, idle: idleOfIt, busy: busyOfIt }) => ({
      key,
      codeId,
      version,
      idle: idleOfIt,
      busy: busyOfIt,
    })),
  };
}

function toLanguageState(given: LanguageState) {
  const language = LANGUAGES[given.language];
  switch (given.state) {
    case "ready":
      return { language, state: { case: "ready" as const, value: { runtime: given.runtime } } };
    case "preparing": {
      const { runtime, progress } = given;
      return { language, state: { case: "preparing" as const, value: { runtime, progress } } };
    }
    case "missing": {
      const { why, fix } = given;
      return { language, state: { case: "missing" as const, value: { why, fix } } };
    }
  }
}

function fromLanguageState(message: LanguageStateMessage): LanguageState {
  const language = fromLanguage(message.language);
  switch (message.state.case) {
    case "ready":
      return { language, state: "ready", runtime: message.state.value.runtime };
    case "preparing": {
      const { runtime, progress } = message.state.value;
      return { language, state: "preparing", runtime, progress };
    }
    case "missing": {
      const { why, fix } = message.state.value;
      return { language, state: "missing", why, fix };
    }
    default:
      throw new BrokenContract(`a node does not say how its ${language} is`);
  }
}

function toPair([name, value]: Pair) {
  return { name, value };
}

function fromPair({ name, value }: { name: string; value: string }): Pair {
  return [name, value];
}

function namesOf<Name extends string>(numbers: Readonly<Record<Name, number>>): ReadonlyMap<number, Name> {
  return new Map(Object.entries(numbers).map(([name, number]) => [number as number, name as Name]));
}

function known<Name>(names: ReadonlyMap<number, Name>, number: number, what: string): Name {
  const name = names.get(number);
  if (name === undefined) throw new BrokenContract(`the ${what} ${number} is not in this contract`);
  return name;
}
