import { createHash } from "node:crypto";
import type { EntityManager } from "@mikro-orm/postgresql";
import { Refusal } from "../core/errors.ts";

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
     on conflict (project_id, request_id) do update set fingerprint = excluded.fingerprint,
       resource_id = excluded.resource_id, create_time = excluded.create_time
     where request_ids.create_time < now() - interval '24 hours' returning 1`,
    [key.projectId, key.requestId, fingerprint, resourceId],
  );
  if (claimed.length > 0) return undefined;
  const [earlier] = await em.execute<{ fingerprint: Buffer; resource_id: string }[]>(
    "select fingerprint, resource_id from request_ids where project_id = ? and request_id = ?",
    [key.projectId, key.requestId],
  );
  if (earlier?.fingerprint.equals(fingerprint)) return earlier.resource_id;
  throw new Refusal(
    "REQUEST_ID_REUSED",
    "this request id came before with another method or body; make a new one for each new request",
    { requestId: key.requestId },
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
