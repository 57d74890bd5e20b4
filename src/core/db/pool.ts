import { type ClientConfig, Pool, type PoolClient, type QueryConfig } from "pg";
import type { Logger } from "../logger.ts";

/** How long an answer of the database is waited for. */
export const ANSWER_MS = 60_000;
/** The same for what looks after many rows, or waits for whoever does. */
const PATIENT_MS = 600_000;

/**
 * What every connection has. A host that is gone without a word answers nothing, and the kernel takes a quarter of an hour
 * to give up what it has sent there: a limit on each question is what bounds that, far above what any of them takes. Where
 * nothing is under way the kernel asks after 10 s, once a second, and gives the connection up after ten more.
 */
export const ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 } satisfies ClientConfig;

/** The same for one of many, which waits for a free one, for its connection and for each answer as long; 0 for ever. */
export function bounded(answerMs: number) {
  return { ...ALIVE, connectionTimeoutMillis: answerMs, query_timeout: answerMs } satisfies ClientConfig;
}

/** Connections to the database that come and go with what is asked; `options` hold for each of them from its start. */
export function openPool(
  settings: {
    readonly url: string;
    readonly connectionsMax: number;
    readonly options?: string;
    readonly answerMs?: number;
  },
  log: Logger,
): Pool {
  const { url: connectionString, connectionsMax: max, options, answerMs = ANSWER_MS } = settings;
  const pool = new Pool({
    connectionString,
    max,
    ...bounded(answerMs),
    ...(options !== undefined && { options }),
  });
  endUnanswered(pool);
  // The error has the whole client in it, and connections that are being closed may break.
  pool.on("error", ({ message }) => {
    if (!pool.ending) log.warn({ why: message }, "a connection to the database broke");
  });
  // One that is in use says so itself, too: whoever uses it learns it from its query.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

/** A connection that comes back while an answer is still due is ended: whoever got it next would wait behind that. */
export function endUnanswered(pool: Pool): void {
  pool.on("release", (_error, client) => {
    const { _getActiveQuery } = client as PoolClient & { _getActiveQuery(): unknown };
    if (_getActiveQuery.call(client) !== null) (client as PoolClient & { end(): Promise<void> }).end();
  });
}

/** A statement that is waited for longer than others. */
export function patient(text: string, values: unknown[] = []): QueryConfig {
  // The types do not know that a statement may have a limit of its own.
  const statement = { text, values, query_timeout: PATIENT_MS };
  return statement;
}
