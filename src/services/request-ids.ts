import { createHash } from "node:crypto";
import type { EntityManager } from "@mikro-orm/postgresql";
import { Refusal } from "../core/errors.ts";
import type { Queryable } from "./durable-orders.ts";

/** What makes a call safe to repeat: an id of the caller's choice, and what it was first used for. */
export interface RequestKey {
  readonly projectId: string;
  readonly requestId: string;
  /** The method and everything that was asked; the same id with something else is refused. */
  readonly method: string;
  readonly ask: object;
}

/** Projects are made by the operator, who belongs to none: their request ids are kept under this id. */
export const NO_PROJECT = "00000000-0000-0000-0000-000000000000";

/**
 * Claims a request id for the resource that is about to be made. Answers with the id of the resource that it led to
 * when it came before, within 24 hours; two calls with the same id at once wait for each other.
 */
export async function claimRequestId(
  em: EntityManager,
  key: RequestKey,
  resourceId: string,
): Promise<string | undefined> {
  const fingerprint = fingerprintOf(key);
  const claimed = await em.execute<unknown[]>(
    `insert into request_ids (project_id, request_id, fingerprint, resource_id, create_time) values (?, ?, ?, ?, now())
     ${ON_CONFLICT} returning 1`,
    [key.projectId, key.requestId, fingerprint, resourceId],
  );
  if (claimed.length > 0) return undefined;
  const [earlier] = await em.execute<{ fingerprint: Buffer; resource_id: string }[]>(
    "select fingerprint, resource_id from request_ids where project_id = ? and request_id = ?",
    [key.projectId, key.requestId],
  );
  if (earlier?.fingerprint.equals(fingerprint)) return earlier.resource_id;
  throw reused(key);
}

/** A request id that is claimed together with others. */
export interface RequestClaim {
  readonly key: RequestKey;
  readonly resourceId: string;
}

/**
 * The same for many at once, within the caller's transaction; no key may be there twice. Answers for each claim that
 * came before with the id that it led to, or the refusal.
 */
export async function claimRequestIds(
  db: Queryable,
  claims: readonly RequestClaim[],
): Promise<Map<string, string | Refusal>> {
  // In one order everywhere, so that two services that claim the same ids do not wait for each other in a circle.
  const ordered = claims.toSorted((a, b) => (nameOf(a.key) < nameOf(b.key) ? -1 : 1));
  const projects = ordered.map(({ key }) => key.projectId);
  const requests = ordered.map(({ key }) => key.requestId);
  const fingerprints = ordered.map(({ key }) => fingerprintOf(key));
  const { rows } = await db.query({
    text: CLAIM_MANY,
    values: [projects, requests, fingerprints, ordered.map(({ resourceId }) => resourceId)],
  });
  const claimed = new Set(rows.map((row) => (row as { resource_id: string }).resource_id));
  if (claimed.size === claims.length) return new Map();
  const found = await db.query({ text: FIND_MANY, values: [projects, requests] });
  const earlier = new Map(
    (found.rows as EarlierRow[]).map((row) => [`${row.project_id} ${row.request_id}`, row]),
  );
  return new Map(
    ordered.flatMap(({ key, resourceId }, index): [string, string | Refusal][] => {
      if (claimed.has(resourceId)) return [];
      const before = earlier.get(nameOf(key));
      const isSame = before?.fingerprint.equals(fingerprints[index]!);
      return [[resourceId, isSame ? before!.resource_id : reused(key)]];
    }),
  );
}

interface EarlierRow {
  readonly project_id: string;
  readonly request_id: string;
  readonly fingerprint: Buffer;
  readonly resource_id: string;
}

const ON_CONFLICT = `on conflict (project_id, request_id) do update set fingerprint = excluded.fingerprint,
  resource_id = excluded.resource_id, create_time = excluded.create_time
  where request_ids.create_time < now() - interval '24 hours'`;
const CLAIM_MANY = `insert into request_ids (project_id, request_id, fingerprint, resource_id, create_time)
  select *, now() from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::uuid[]) ${ON_CONFLICT} returning resource_id`;
const FIND_MANY = `select project_id, request_id, fingerprint, resource_id from request_ids
  where (project_id, request_id) in (select * from unnest($1::uuid[], $2::uuid[]))`;

/** Whether a request id has been claimed. */
export async function hasRequestId(db: Queryable, { projectId, requestId }: RequestKey): Promise<boolean> {
  const { rows } = await db.query({ text: FIND_MANY, values: [[projectId], [requestId]] });
  return rows.length > 0;
}

/** Stands for a request id, which is a project's. */
export function nameOf({ projectId, requestId }: RequestKey): string {
  return `${projectId} ${requestId}`;
}

function reused({ requestId }: RequestKey): Refusal {
  return new Refusal(
    "REQUEST_ID_REUSED",
    "this request id came before with another method or body; make a new one for each new request",
    { requestId },
  );
}

/** Gives a request id back: what it was claimed for did not come to be. */
export async function releaseRequestId(
  em: EntityManager,
  key: RequestKey,
  resourceId: string,
): Promise<void> {
  await em.execute("delete from request_ids where project_id = ? and request_id = ? and resource_id = ?", [
    key.projectId,
    key.requestId,
    resourceId,
  ]);
}

/** Forgets request ids that are older than their 24 hours. */
export async function forgetOldRequestIds(em: EntityManager): Promise<void> {
  await em.execute("delete from request_ids where create_time < now() - interval '24 hours'");
}

function fingerprintOf(key: RequestKey): Buffer {
  const bytesAsBase64 = (_: string, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
  return createHash("sha256")
    .update(JSON.stringify([key.method, key.ask], bytesAsBase64))
    .digest();
}
