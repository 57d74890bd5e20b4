import type { MikroORM } from "@mikro-orm/postgresql";
import { Client, type Pool } from "pg";
import { maintainPartitions } from "../core/db/partitions.ts";
import type { Logger } from "../core/logger.ts";
import type { Lease } from "./lease.ts";
import { PURGE_AFTER_DAYS } from "./projects.ts";
import { forgetOldRequestIds } from "./request-ids.ts";

const HOUSEKEEPING_MS = 3_600_000;
const RECONNECT_MS = 1_000;

/**
 * This service among those on its database: it has a lease as long as it lives, looks after the runs of those that are
 * gone, and once an hour keeps house: partitions, request ids, what was deleted long ago.
 */
export class Instance implements AsyncDisposable {
  readonly #orm: MikroORM;
  readonly #pool: Pool;
  readonly #lease: Lease;
  readonly #log: Logger;
  readonly #settings: { readonly retentionDays: number };
  #housekeeping: NodeJS.Timeout | undefined;

  constructor(parts: {
    orm: MikroORM;
    pool: Pool;
    lease: Lease;
    log: Logger;
    settings: { retentionDays: number };
  }) {
    this.#orm = parts.orm;
    this.#pool = parts.pool;
    this.#lease = parts.lease;
    this.#log = parts.log;
    this.#settings = parts.settings;
  }

  /** Takes the lease and begins to renew it. Today's partitions exist when this answers. */
  async start(): Promise<void> {
    await maintainPartitions(this.#pool, this.#settings.retentionDays, Date.now());
    await this.#lease.take();
    this.#housekeeping = setInterval(() => void this.#keepHouse(), HOUSEKEEPING_MS);
    void this.#keepHouse();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#housekeeping);
    await this.#lease[Symbol.asyncDispose]();
  }

  async #keepHouse(): Promise<void> {
    try {
      const { made, dropped } = await maintainPartitions(
        this.#pool,
        this.#settings.retentionDays,
        Date.now(),
      );
      const em = this.#orm.em.fork();
      await forgetOldRequestIds(em);
      await em.transactional(async (inner) => {
        for (const statement of PURGE) await inner.execute(statement);
      });
      this.#log.info({ made, dropped }, "kept house");
    } catch (error) {
      this.#log.error({ error }, "housekeeping failed; it is tried again within the hour");
    }
  }
}

/** What was deleted longer ago than it can be brought back, innermost first. Runs and logs go by their retention. */
const LONG_AGO = `now() - interval '${PURGE_AFTER_DAYS} days'`;
const GONE_PROJECTS = `select id from projects where delete_time < ${LONG_AGO}`;
const GONE_CODES = `select id from codes where delete_time < ${LONG_AGO} or project_id in (${GONE_PROJECTS})`;
const PURGE = [
  `delete from code_versions where code_id in (${GONE_CODES})`,
  `delete from codes where delete_time < ${LONG_AGO} or project_id in (${GONE_PROJECTS})`,
  `delete from secrets where project_id in (${GONE_PROJECTS})`,
  `delete from tokens where project_id in (${GONE_PROJECTS})`,
  `delete from projects where delete_time < ${LONG_AGO}`,
];

/**
 * Holds the database for this one service, as long as its connection lives. What a service learns (a published
 * version, a revoked token) is known to itself only, so two of them on one database would serve stale answers.
 */
export class ServiceLock implements AsyncDisposable {
  readonly #databaseUrl: string;
  readonly #lost: (error: Error) => void;
  #client: Client | undefined;
  #closed = false;

  constructor(databaseUrl: string, lost: (error: Error) => void) {
    this.#databaseUrl = databaseUrl;
    this.#lost = lost;
  }

  /** Throws when another service holds the database. */
  async take(): Promise<void> {
    const client = new Client({ connectionString: this.#databaseUrl, keepAlive: true });
    client.on("error", () => {});
    client.on("end", () => void this.#takeAgain());
    await client.connect();
    const { rows } = await client.query<{ taken: boolean }>(
      "select pg_try_advisory_lock(hashtext('codeactions.service')) as taken",
    );
    if (rows[0]?.taken) {
      this.#client = client;
      return;
    }
    client.removeAllListeners("end");
    await client.end();
    throw new Error(
      "another Code Actions is using this database; stop it first, or give this one a DATABASE_URL of its own",
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#client?.end();
  }

  /** The connection broke, as when PostgreSQL restarts: the lock is taken again as soon as there is one to take. */
  async #takeAgain(): Promise<void> {
    if (this.#client === undefined) return;
    this.#client = undefined;
    while (!this.#closed) {
      try {
        return await this.take();
      } catch (error) {
        if (error instanceof Error && error.message.startsWith("another")) return this.#lost(error);
        await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
      }
    }
  }
}
