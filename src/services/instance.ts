import type { MikroORM } from "@mikro-orm/postgresql";
import type { Pool } from "pg";
import { maintainPartitions } from "../core/db/partitions.ts";
import type { Logger } from "../core/logger.ts";
import { forgetOldCallbacks } from "./callback-rows.ts";
import type { Lease } from "./lease.ts";
import { PURGE_AFTER_DAYS } from "./projects.ts";
import { forgetOldRequestIds } from "./request-ids.ts";
import { forgetOldFires } from "./schedule-fires.ts";

const HOUSEKEEPING_MS = 3_600_000;

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
      await forgetOldFires(this.#pool, new Date());
      await forgetOldCallbacks(this.#pool, new Date(), this.#settings.retentionDays);
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
  `delete from schedules where code_id in (${GONE_CODES})`,
  `delete from code_versions where code_id in (${GONE_CODES})`,
  `delete from codes where delete_time < ${LONG_AGO} or project_id in (${GONE_PROJECTS})`,
  `delete from secrets where project_id in (${GONE_PROJECTS})`,
  `delete from tokens where project_id in (${GONE_PROJECTS})`,
  `delete from projects where delete_time < ${LONG_AGO}`,
];
