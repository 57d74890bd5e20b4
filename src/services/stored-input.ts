import type { Pair } from "../sandbox/program.ts";
import type { Payload } from "./journal-batch.ts";
import type { RunInput } from "./new-run.ts";

const REDACTED_HEADERS = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];

/** The names of headers whose values are never recorded: those of credentials, and the operator's. In lower case. */
export function redactedHeaderNames(further: readonly string[]): ReadonlySet<string> {
  return new Set([...REDACTED_HEADERS, ...further.map((name) => name.toLowerCase())]);
}

/** The same without the values of headers that are not to be recorded. */
export function redacted(payload: Payload, names: ReadonlySet<string>): Payload {
  const headers = payload.headers.map(([name, value]): [string, string] =>
    names.has(name.toLowerCase()) ? [name, "[redacted]"] : [name, value],
  );
  return { ...payload, headers };
}

/** What a code is given, in the form in which it can be kept. */
export function plainInput(input: RunInput): Payload {
  const pairs = (list: readonly Pair[]) =>
    list.map(([name, value]): [string, string] => [plain(name), plain(value)]);
  return {
    method: input.method,
    path: plain(input.path),
    query: pairs(input.query),
    headers: pairs(input.headers),
    body: input.body,
  };
}

/** What PostgreSQL can keep as text: anything but NUL and half a surrogate pair. */
function plain(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}
