import { Pool } from "pg";
import type { Logger } from "../logger.ts";

/** Connections to the database that come and go with what is asked; `options` hold for each of them from its start. */
export function openPool(
  settings: { readonly url: string; readonly connectionsMax: number; readonly options?: string },
  log: Logger,
): Pool {
  const { url: connectionString, connectionsMax: max, options } = settings;
  const pool = new Pool({ connectionString, max, ...(options !== undefined && { options }) });
  // The error has the whole client in it, and connections that are being closed may break.
  pool.on("error", ({ message }) => {
    if (!pool.ending) log.warn({ why: message }, "a connection to the database broke");
  });
  // One that is in use says so itself, too: whoever uses it learns it from its query.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}
