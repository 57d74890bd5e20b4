import { createHash } from "node:crypto";
import { Refusal } from "../core/errors.ts";

export interface PageAsk {
  /** As the caller gave it: 0 means 20, above 100 means 100. */
  readonly size: number;
  readonly token: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Empty on the last page. */
  readonly nextToken: string;
}

export function pageSize(asked: number): number {
  return asked === 0 ? 20 : Math.min(asked, 100);
}

/**
 * Where a page token says to go on, or undefined for the first page. A token belongs to the question it was given
 * for: with other filters it is refused, since the answer would have holes.
 */
export function pageStart(question: object, token: string): unknown {
  if (token === "") return undefined;
  try {
    const [fingerprint, start] = JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as [
      string,
      unknown,
    ];
    if (fingerprint === fingerprintOf(question)) return start;
  } catch {
    // Falls through: what cannot be read is not one of ours.
  }
  throw pageTokenInvalid();
}

/** The token is not one that this list gave. */
export function pageTokenInvalid(): Refusal {
  return new Refusal(
    "PAGE_TOKEN_INVALID",
    "page_token: not a token that this list gave for these filters; leave it empty to start again",
    {},
    { fields: [{ field: "page_token", description: "not a token that this list gave for these filters" }] },
  );
}

export function pageToken(question: object, start: unknown): string {
  return Buffer.from(JSON.stringify([fingerprintOf(question), start])).toString("base64url");
}

/** Cuts one item more than a page asked for down to the page, and makes the token for the rest. */
export function pageOf<Item>(
  found: readonly Item[],
  size: number,
  question: object,
  startAfter: (item: Item) => unknown,
): Page<Item> {
  if (found.length <= size) return { items: found, nextToken: "" };
  const items = found.slice(0, size);
  return { items, nextToken: pageToken(question, startAfter(items[size - 1]!)) };
}

/** A page token's place in lists ordered by id; what else a token may claim is refused. */
export function pageStartId(question: object, token: string): string | undefined {
  const start = pageStart(question, token);
  if (start === undefined) return undefined;
  if (typeof start === "string" && /^[0-9a-f-]{36}$/.test(start)) return start;
  throw pageTokenInvalid();
}

function fingerprintOf(question: object): string {
  return createHash("sha256").update(JSON.stringify(question)).digest("base64url").slice(0, 11);
}
