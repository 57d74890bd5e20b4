import { BrokenFrame, decodeHeadAndBody, decodeJson, LEVELS, LINE_CUT, STREAMS } from "./frames.ts";
import type { Failure, Level, Pair, Problem, Result, Stream } from "./program.ts";

/**
 * What guests say, checked field by field: user code can write to the same descriptor. Everything here throws
 * `BrokenFrame` at what no guest of ours would send.
 */

const HEADERS_MAX = 100;
const NAME_CHARACTERS_MAX = 256;
const VALUE_CHARACTERS_MAX = 16 * 1024;
const MESSAGE_CHARACTERS_MAX = 16 * 1024;
const TRACEBACK_CHARACTERS_MAX = 64 * 1024;
const PROBLEMS_MAX = 20;
const LINE_HEADER_BYTES = 11;

/** The content types that codes may call by a short name. */
const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  ["text", "text/plain; charset=utf-8"],
  ["html", "text/html; charset=utf-8"],
  ["json", "application/json"],
]);

export function readReady(payload: Buffer): { runtime: string } {
  const { runtime } = record(decodeJson(payload));
  return { runtime: text(runtime, NAME_CHARACTERS_MAX) };
}

export function readResult(payload: Buffer): Result {
  const { head, body } = decodeHeadAndBody(payload);
  const { statusCode, contentType, headers } = record(head);
  if (typeof statusCode !== "number") throw new BrokenFrame("a status code is not a number");
  if (typeof contentType !== "string") throw new BrokenFrame("a content type is not text");
  if (!Array.isArray(headers)) throw new BrokenFrame("headers are not a list");
  return {
    statusCode,
    contentType: SHORT_NAMES.get(contentType) ?? contentType,
    headers: headers.map(readPair),
    body,
  };
}

/** What is wrong with a result that is well formed but cannot be sent to a caller: the code's fault, not a forgery. */
export function findFault({ statusCode, contentType, headers }: Result): string | undefined {
  if (!Number.isInteger(statusCode) || statusCode < 100 || statusCode > 599) {
    return `the status code ${statusCode} is not a whole number from 100 to 599`;
  }
  if (!isHeaderValue(contentType))
    return "the content type has characters that cannot be sent or is too long";
  if (headers.length > HEADERS_MAX)
    return `${headers.length} headers are too many; allowed are ${HEADERS_MAX}`;
  for (const [name, value] of headers) {
    if (name.length > NAME_CHARACTERS_MAX || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      return `${JSON.stringify(name.slice(0, 50))} cannot be the name of a header`;
    }
    if (!isHeaderValue(value)) return `the header ${name} has characters that cannot be sent or is too long`;
  }
  return undefined;
}

export function readFailure(payload: Buffer): { failure: Failure; isLast: boolean } {
  const { kind, message, traceback, isLast } = record(decodeJson(payload));
  const failure = {
    kind: text(kind, NAME_CHARACTERS_MAX) || "Error",
    message: text(message, MESSAGE_CHARACTERS_MAX),
    traceback: text(traceback, TRACEBACK_CHARACTERS_MAX),
  };
  return { failure, isLast: isLast === true };
}

export function readChecked(payload: Buffer): { problems: Problem[]; loadable: Buffer } {
  const { head, body } = decodeHeadAndBody(payload);
  const { problems } = record(head);
  if (!Array.isArray(problems)) throw new BrokenFrame("problems are not a list");
  return { problems: problems.slice(0, PROBLEMS_MAX).map(readProblem), loadable: body };
}

export interface GuestLine {
  readonly level: Level;
  readonly stream: Stream;
  readonly timeUs: number;
  readonly text: Buffer;
  readonly cut: boolean;
}

export function readLine(payload: Buffer): GuestLine {
  if (payload.byteLength < LINE_HEADER_BYTES) throw new BrokenFrame("a log line ends inside its header");
  const level = LEVELS[payload[0]!];
  const stream = STREAMS[payload[1]!];
  // What the sandbox says about an invocation no guest may say.
  if (level === undefined || stream === undefined || stream === "system") {
    throw new BrokenFrame("a log line has an unknown level or stream");
  }
  return {
    level,
    stream,
    timeUs: payload.readUInt32BE(3) * 2 ** 32 + payload.readUInt32BE(7),
    text: payload.subarray(LINE_HEADER_BYTES),
    cut: (payload[2]! & LINE_CUT) !== 0,
  };
}

/** Valid Unicode without NUL, which databases refuse. */
export function clean(given: string): string {
  const wellFormed = given.isWellFormed() ? given : given.toWellFormed();
  return wellFormed.includes("\0") ? wellFormed.replaceAll("\0", "\uFFFD") : wellFormed;
}

function readProblem(value: unknown): Problem {
  const { kind, message, line, column } = record(value);
  if (kind !== "syntax" && kind !== "entry_point" && kind !== "import" && kind !== "type") {
    throw new BrokenFrame("a problem is of an unknown kind");
  }
  return {
    kind,
    message: text(message, MESSAGE_CHARACTERS_MAX),
    line: position(line),
    column: position(column),
  };
}

function readPair(value: unknown): Pair {
  if (!Array.isArray(value) || typeof value[0] !== "string" || typeof value[1] !== "string") {
    throw new BrokenFrame("a header is not a pair of texts");
  }
  return [value[0], value[1]];
}

function isHeaderValue(value: string): boolean {
  return value.length <= VALUE_CHARACTERS_MAX && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new BrokenFrame("a head is not an object");
  return value as Record<string, unknown>;
}

function text(value: unknown, charactersMax: number): string {
  if (typeof value !== "string") throw new BrokenFrame("a field is not text");
  return clean(value.slice(0, charactersMax));
}

function position(value: unknown): number {
  return Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : 0;
}
