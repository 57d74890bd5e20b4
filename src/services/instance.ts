import { hostname } from "node:os";
import type { MikroORM } from "@mikro-orm/postgresql";
import type { Pool } from "pg";
import { type Run, RunEntity } from "../core/db/entities/runs.ts";
import { InstanceEntity } from "../core/db/entities/service.ts";
import { maintainPartitions } from "../core/db/partitions.ts";
import type { Logger } from "../core/logger.ts";
import { forgetOldCallbacks } from "./callbacks.ts";
import type { Journal } from "./journal.ts";
import type { LogBus } from "./log-bus.ts";
import { PURGE_AFTER_DAYS } from "./projects.ts";
import { forgetOldRequestIds } from "./request-ids.ts";
import { forgetOldFires } from "./schedule-fires.ts";

const HOUSEKEEPING_MS = 3_600_000;

/**
 * This service as the database knows it: one row with a lease that is renewed as long as the process lives. Runs
 * belong to an instance; when an instance has not been heard of for the length of a lease, whoever lives declares its
 * runs LOST. Once an hour it also keeps house: partitions, request ids, what was deleted long ago.
 */
export class Instance implements AsyncDisposable {
  readonly #orm: MikroORM;
  readonly #pool: Pool;
  readonly #journal: Journal;
  readonly #bus: LogBus;
  readonly #log: Logger;
  readonly #settings: { readonly id: string; readonly leaseMs: number; readonly retentionDays: number };
  #heartbeat: NodeJS.Timeout | undefined;
  #housekeeping: NodeJS.Timeout | undefined;
  #beating: Promise<void> = Promise.resolve();

  constructor(parts: {
    orm: MikroORM;
    pool: Pool;
    journal: Journal;
    bus: LogBus;
    log: Logger;
    settings: { id: string; leaseMs: number; retentionDays: number };
  }) {
    this.#orm = parts.orm;
    this.#pool = parts.pool;
    this.#journal = parts.journal;
    this.#bus = parts.bus;
    this.#log = parts.log;
    this.#settings = parts.settings;
  }

  /** Takes the lease and begins to renew it. Today's partitions exist when this answers. */
  async start(): Promise<void> {
    await maintainPartitions(this.#pool, this.#settings.retentionDays, Date.now());
    await this.#beat();
    this.#heartbeat = setInterval(() => this.#beatSoon(), this.#settings.leaseMs / 3);
    this.#housekeeping = setInterval(() => void this.#keepHouse(), HOUSEKEEPING_MS);
    void this.#keepHouse();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#heartbeat);
    clearInterval(this.#housekeeping);
    await this.#beating;
    await this.#orm.em.fork().nativeDelete(InstanceEntity, { id: this.#settings.id });
  }

  #beatSoon(): void {
    this.#beating = this.#beating
      .then(() => this.#beat())
      .catch((error: unknown) => this.#log.error({ error }, "the lease could not be renewed"));
  }

  async #beat(): Promise<void> {
    const { id, leaseMs } = this.#settings;
    await this.#pool.query(
      `insert into instances (id, host, pid, start_time, lease_until)
       values ($1, $2, $3, now(), now() + $4 * interval '1 millisecond')
       on conflict (id) do update set lease_until = excluded.lease_until`,
      [id, hostname(), process.pid, leaseMs],
    );
    const { rows } = await this.#pool.query<{ id: string }>(
      "select id from instances where lease_until < now()",
    );
    for (const expired of rows) await this.#declareLost(expired.id);
  }

  /** Ends the runs of an instance that is gone. Two that do it at once do no harm: a run ends only once. */
  async #declareLost(owner: string): Promise<void> {
    const runs = await this.#orm.em.fork().find(RunEntity, { owner, status: { $in: ["QUEUED", "RUNNING"] } });
    await Promise.all(runs.map((run) => this.#lose(run)));
    await this.#orm.em.fork().nativeDelete(InstanceEntity, { id: owner });
    this.#log.warn({ instance: owner, runs: runs.length }, "an instance is gone; its runs are lost");
  }

  async #lose(run: Run): Promise<void> {
    const { rows } = await this.#pool.query<{ last: string }>(
      "select coalesce(max(first_sequence + entries - 1), 0) as last from log_chunks where run_id = $1",
      [run.id],
    );
    const sequence = Number(rows[0]?.last ?? 0) + 1;
    const text =
      "The service that ran this stopped without a word; what the run did after its last entry is not known.";
    this.#journal.append({ ...run }, [
      { sequence, timeUs: Date.now() * 1000, level: "error", stream: "system", text, truncated: false },
    ]);
    const lost: Run = {
      ...run,
      status: "LOST",
      endTime: new Date(),
      errorKind: "Lost",
      errorMessage: "the service that ran this stopped",
      errorTraceback: "",
      logEntries: sequence,
    };
    if (await this.#journal.finish(lost, undefined)) this.#bus.ended({ run: lost, payload: undefined });
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
