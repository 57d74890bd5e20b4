import type { MessageInitShape } from "@bufbuild/protobuf";
import type { GenEnum } from "@bufbuild/protobuf/codegenv2";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import {
  type Code,
  CodeTypeSchema,
  type CreateCodeRequestSchema,
  EndpointAuthSchema,
  IsolationSchema,
  RecordPayloadsSchema,
  type UpdateCodeRequestSchema,
} from "../../../typescript/src/node.ts";
import { byteCount, byteText, durationText, durationMs as readDuration } from "../units.ts";
import { numberOf, wordOf, wordsOf } from "../words.ts";

/**
 * The settings of a code as a folder writes them, by the contract's own names: `timeout`, `memory_limit_bytes`,
 * `limits.cpu_time`. Times and sizes may have units. A setting that a folder does not mention stays as it is.
 */
export type Settings = ReadonlyMap<string, Value>;

/** In one form only, whatever way it was written: times in milliseconds, sizes in bytes, enums as words. */
export type Value = string | number | readonly string[] | Readonly<Record<string, string>>;

export type CreateFields = Omit<MessageInitShape<typeof CreateCodeRequestSchema>, "$typeName" | "$unknown">;
export type UpdateFields = Omit<MessageInitShape<typeof UpdateCodeRequestSchema>, "$typeName" | "$unknown">;

/** One kind of value: how it is written, and how it travels. */
interface Kind {
  /** What is accepted, in words. */
  readonly accepted: string;
  /** Undefined for what is not accepted. */
  read(written: unknown): Value | undefined;
  write(value: Value): Value;
  // biome-ignore lint/suspicious/noExplicitAny: what a value is on the wire, only its own field knows.
  toWire(value: Value): any;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  fromWire(wire: any): Value;
}

interface Setting extends Kind {
  /** What a code has that was never told otherwise. */
  readonly usual: Value | ((code: Code) => Value);
}

const SETTINGS: Readonly<Record<string, Setting>> = {
  name: { ...text(), usual: (code) => code.slug },
  description: { ...text(), usual: "" },
  labels: { ...texts(), usual: {} },
  type: { ...word(CodeTypeSchema), usual: "flow" },
  timeout: { ...time(), usual: 60_000 },
  memory_limit_bytes: { ...size(), usual: 256 * 1024 ** 2 },
  max_concurrency: { ...whole(), usual: 16 },
  rate_limit: { ...rate(), usual: "600/1m" },
  egress_hosts: { ...list(), usual: [] },
  isolation: { ...word(IsolationSchema), usual: "warm" },
  environment: { ...texts(), usual: {} },
  endpoint_auth: { ...word(EndpointAuthSchema), usual: "public" },
  record_payloads: { ...word(RecordPayloadsSchema), usual: "all" },
  "limits.cpu_millis": { ...whole(), usual: 1_000 },
  "limits.cpu_time": { ...time(), usual: (code) => durationMs(code.timeout!) },
  "limits.output_bytes": { ...size(), usual: 4 * 1024 ** 2 },
  "limits.processes": { ...whole(), usual: 64 },
  "limits.tmp_bytes": { ...size(), usual: 64 * 1024 ** 2 },
  "limits.open_files": { ...whole(), usual: 256 },
};

/** Fields that an update wraps, so that "none" and "unchanged" can be told apart. */
const WRAPPED: readonly string[] = ["labels", "environment", "egressHosts"];

export const SETTING_NAMES: readonly string[] = Object.keys(SETTINGS);

/** Reads a value as it is written in a folder; throws what is accepted. */
export function readValue(name: string, written: unknown): Value {
  const { read, accepted } = SETTINGS[name]!;
  const value = read(written);
  if (value === undefined) throw new Error(`${name} accepts ${accepted}`);
  return value;
}

/** A value as a folder has it. */
export function writtenValue(name: string, value: Value): Value {
  return SETTINGS[name]!.write(value);
}

/** A value in one line, for plans. */
export function valueText(name: string, value: Value): string {
  const written = writtenValue(name, value);
  return typeof written === "object" ? JSON.stringify(written) : String(written);
}

/** All settings of a stored code. */
export function settingsOf(code: Code): Settings {
  return new Map(SETTING_NAMES.map((name) => [name, SETTINGS[name]!.fromWire(wireOf(code, name))]));
}

/** What this setting is for a code that was never told otherwise. */
export function usualValue(name: string, code: Code): Value {
  const { usual } = SETTINGS[name]!;
  return typeof usual === "function" ? usual(code) : usual;
}

export function isSame(one: Value | undefined, other: Value | undefined): boolean {
  return canonical(one) === canonical(other);
}

/** The fields of CreateCode that say this. */
export function createFields(settings: Settings): Partial<CreateFields> {
  return fieldsOf(settings) as Partial<CreateFields>;
}

/** The fields of UpdateCode that say this. */
export function updateFields(settings: Settings): Partial<UpdateFields> {
  const fields = fieldsOf(settings);
  for (const name of WRAPPED) if (name in fields) fields[name] = { [name]: fields[name] };
  return fields as Partial<UpdateFields>;
}

function fieldsOf(settings: Settings): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of settings) {
    const [outer, inner] = fieldPath(name);
    const wire = SETTINGS[name]!.toWire(value);
    fields[outer] = inner === undefined ? wire : { ...(fields[outer] as object | undefined), [inner]: wire };
  }
  return fields;
}

function wireOf(code: Code, name: string): unknown {
  const [outer, inner] = fieldPath(name);
  const value = code[outer as keyof Code] as unknown;
  return inner === undefined ? value : (value as Record<string, unknown>)[inner];
}

function fieldPath(name: string): [outer: string, inner?: string] {
  return name
    .split(".")
    .map((part) => part.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())) as [string, string?];
}

function canonical(value: Value | undefined): string {
  return value !== null && typeof value === "object" && !Array.isArray(value)
    ? JSON.stringify(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : JSON.stringify(value ?? null);
}

function text(): Kind {
  return {
    accepted: "text",
    read: (written) => (typeof written === "string" ? written : undefined),
    write: (value) => value,
    toWire: (value) => value,
    fromWire: (wire) => wire,
  };
}

function whole(): Kind {
  return {
    accepted: "a whole number",
    read: (written) => (Number.isSafeInteger(written) ? (written as number) : undefined),
    write: (value) => value,
    toWire: (value) => value,
    fromWire: (wire) => wire,
  };
}

function word(schema: GenEnum<number>): Kind {
  return {
    accepted: wordsOf(schema).join(" or "),
    read: (written) =>
      typeof written === "string" && numberOf(schema, written.toLowerCase()) !== undefined
        ? written.toLowerCase()
        : undefined,
    write: (value) => value,
    toWire: (value) => numberOf(schema, value as string),
    fromWire: (wire) => wordOf(schema, wire),
  };
}

function time(): Kind {
  return {
    accepted: "a duration, as 500ms, 10s or 5m",
    read: (written) => (typeof written === "string" ? readDuration(written) : undefined),
    write: (value) => durationText(value as number),
    toWire: (value) => durationFromMs(value as number),
    fromWire: (wire) => durationMs(wire),
  };
}

function size(): Kind {
  return {
    accepted: "a size, as 64MiB, 1GiB or a number of bytes",
    read: (written) =>
      typeof written === "string" || Number.isSafeInteger(written) ? byteCount(String(written)) : undefined,
    write: (value) => byteText(value as number),
    toWire: (value) => BigInt(value as number),
    fromWire: (wire) => Number(wire),
  };
}

function rate(): Kind {
  const parts = (written: string) => /^(\d+)\/(.+)$/.exec(written)?.slice(1) as [string, string] | undefined;
  return {
    accepted: "calls per time, as 600/1m",
    read: (written) => {
      const [requests, window] = (typeof written === "string" && parts(written)) || [];
      const windowMs = window === undefined ? undefined : readDuration(window);
      return windowMs === undefined ? undefined : `${Number(requests)}/${durationText(windowMs)}`;
    },
    write: (value) => value,
    toWire: (value) => {
      const [requests, window] = parts(value as string)!;
      return { requests: Number(requests), window: durationFromMs(readDuration(window)!) };
    },
    fromWire: ({ requests, window }) => `${requests}/${durationText(durationMs(window))}`,
  };
}

function list(): Kind {
  return {
    accepted: "a list of texts",
    read: (written) =>
      Array.isArray(written) && written.every((item) => typeof item === "string") ? written : undefined,
    write: (value) => value,
    toWire: (value) => value,
    fromWire: (wire) => wire,
  };
}

function texts(): Kind {
  return {
    accepted: "names with texts",
    read: (written) => {
      if (typeof written !== "object" || written === null || Array.isArray(written)) return undefined;
      const pairs = Object.entries(written).map(([name, value]) => [name, scalarText(value)] as const);
      return pairs.every((pair): pair is [string, string] => pair[1] !== undefined)
        ? Object.fromEntries(pairs)
        : undefined;
    },
    write: (value) => value,
    toWire: (value) => value,
    fromWire: (wire) => wire,
  };
}

/** `DEBUG: 1` and `DEBUG: true` in an environment mean the text. */
function scalarText(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}
