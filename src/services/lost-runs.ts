import type { MikroORM } from "@mikro-orm/postgresql";
import type { Pool, PoolClient } from "pg";
import { type Run, RunEntity, type RunOrder, RunOrderEntity } from "../core/db/entities/runs.ts";
import type { Logger } from "../core/logger.ts";
import type { Execution } from "./execution.ts";
import type { Journal } from "./journal.ts";
import { LiveRun } from "./live-run.ts";
import type { RunEndings } from "./run-endings.ts";

const LOST_TEXT =
  "The service that ran this stopped without a word; what the run did after its last entry is not known.";

/**
 * Looks after runs whose service is gone: it makes them this service's own, in the commit that takes the other one for
 * gone, and then ends them or lets them wait for their next attempt. It also ends here what others have closed.
 */
export class LostRuns {
  readonly #orm: MikroORM;
  readonly #pool: Pool;
  readonly #journal: Journal;
  readonly #execution: Execution;
  readonly #endings: RunEndings;
  readonly #log: Logger;
  readonly #id: string;
  readonly #mayJudge: () => boolean;
  readonly #lost: (runs: number) => void;
  #looking: Promise<void> | undefined;
  /** Runs that are being ended here. */
  readonly #handled = new Set<string>();
  /** Runs of this service's own that it did not know of when it looked last. */
  #strange = new Set<string>();

  constructor(parts: {
    orm: MikroORM;
    pool: Pool;
    journal: Journal;
    execution: Execution;
    endings: RunEndings;
    log: Logger;
    /** This service's id. */
    id: string;
    /** Whether it may take others for gone. */
    mayJudge: () => boolean;
    /** Called with how many runs were found to be lost; for figures. */
    lost: (runs: number) => void;
  }) {
    this.#orm = parts.orm;
    this.#pool = parts.pool;
    this.#journal = parts.journal;
    this.#execution = parts.execution;
    this.#endings = parts.endings;
    this.#log = parts.log;
    this.#id = parts.id;
    this.#mayJudge = parts.mayJudge;
    this.#lost = parts.lost;
  }

  /** Looks once, unless it is looking. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((error: unknown) => this.#log.error({ error }, "lost runs could not be looked for"))
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  async #look(): Promise<void> {
    await this.#endClosed();
    await this.#endStrange();
    if (!this.#mayJudge()) return;
    const { rows } = await this.#pool.query<{ id: string }>(GONE);
    for (const { id } of rows) {
      const runs = await this.#takeOver(id);
      if (runs === undefined) continue;
      this.#log.warn({ instance: id, runs: runs.length }, "an instance is gone; its runs are looked after");
      await this.#endAll(runs);
    }
  }

  /** Runs that others have closed: an end that was forced, for one. Their word stands. */
  async #endClosed(): Promise<void> {
    const { rows } = await this.#pool.query<{ id: string }>(CLOSED, [this.#execution.runIds(), this.#id]);
    for (const { id } of rows) {
      const live = this.#execution.find(id);
      if (live !== undefined && !live.answered) live.cancel("it was ended by another service");
    }
  }

  /**
   * Runs that are this service's own and that it has not: their end could not be recorded, or they were taken over in a
   * commit whose confirmation was lost. What has just begun or ended is known a moment later, so each is looked at twice.
   */
  async #endStrange(): Promise<void> {
    const { rows } = await this.#pool.query<{ id: string }>(OWN, [this.#id]);
    const unknown = rows
      .map(({ id }) => id)
      .filter((id) => this.#execution.find(id) === undefined && !this.#handled.has(id));
    const lost = unknown.filter((id) => this.#strange.has(id));
    this.#strange = new Set(unknown);
    if (lost.length === 0) return;
    const runs = await this.#orm.em
      .fork()
      .find(RunEntity, { id: { $in: lost }, owner: this.#id, status: "RUNNING" });
    await this.#endAll(runs);
  }

  /** The runs of an instance that is gone, which are this service's from now on. Undefined when it is not gone after all. */
  async #takeOver(owner: string): Promise<Run[] | undefined> {
    const client = await this.#pool.connect();
    try {
      await client.query("begin");
      const isOurs = await takeForGone(client, this.#id, owner);
      const { rows } = isOurs ? await client.query<{ id: string }>(TAKE, [this.#id, owner]) : { rows: [] };
      await client.query(isOurs ? "commit" : "rollback");
      client.release();
      if (!isOurs) return undefined;
      return await this.#orm.em.fork().find(RunEntity, { id: { $in: rows.map(({ id }) => id) } });
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  async #endAll(runs: readonly Run[]): Promise<void> {
    if (runs.length === 0) return;
    const runIds = runs.map(({ id }) => id);
    for (const id of runIds) this.#handled.add(id);
    this.#lost(runs.length);
    const found = await this.#orm.em.fork().find(RunOrderEntity, { runId: { $in: runIds } });
    const orders = new Map(found.map((order) => [order.runId, order]));
    const { rows } = await this.#pool.query<{ run_id: string; last: string }>(LAST_ENTRIES, [runIds]);
    const last = new Map(rows.map((row) => [row.run_id, Number(row.last)]));
    const ends = runs.map((run) =>
      this.#end({ ...run, logEntries: last.get(run.id) ?? run.logEntries ?? 0 }, orders.get(run.id)),
    );
    // The journal takes as long as the database is away: whoever looks next does not wait for it.
    void Promise.allSettled(ends).then(() => {
      for (const id of runIds) this.#handled.delete(id);
    });
  }

  async #end(run: Run, order: RunOrder | undefined): Promise<void> {
    this.#journal.adopt(run.id);
    const live = new LiveRun({ journal: this.#journal, row: run, mask: undefined, ...(order && { order }) });
    live.ended.catch(() => {});
    live.say("error", LOST_TEXT);
    const error = {
      errorKind: "Lost",
      errorMessage: "the service that ran this stopped",
      errorTraceback: "",
    };
    const row = live.answer({ status: "LOST", ...error });
    await this.#endings.settleAttempt(live, row, undefined, undefined);
  }
}

/** Whether this service has taken another one for gone: it lives itself, and the other's lease has run out. */
async function takeForGone(client: PoolClient, id: string, other: string): Promise<boolean> {
  const { rows: locked } = await client.query<{ locked: boolean }>(
    "select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as locked",
    [other],
  );
  if (!locked[0]?.locked) return false;
  const mine = await client.query("select 1 from instances where id = $1 for key share", [id]);
  if (mine.rowCount === 0) return false;
  await client.query("delete from instances where id = $1 and lease_until < now()", [other]);
  const left = await client.query("select 1 from instances where id = $1", [other]);
  return left.rowCount === 0;
}

/** Instances whose lease has run out, and owners of runs that are none (any more). */
const GONE = `select id from instances where lease_until < now()
  union select distinct owner from runs where status in ('QUEUED', 'RUNNING') and owner is not null
    and not exists (select from instances where instances.id = runs.owner)`;

// What was claimed may have begun: nobody is to give it back as if it had not.
const TAKE = `update runs set owner = $1, status = 'RUNNING'
  where owner = $2 and status in ('QUEUED', 'RUNNING') returning id`;

const CLOSED = `select id from runs where id = any($1::uuid[])
  and (status not in ('QUEUED', 'RUNNING') or owner is distinct from $2)`;

const OWN = "select id from runs where owner = $1 and status = 'RUNNING'";

const LAST_ENTRIES = `select run_id, max(first_sequence + entries - 1) as last from log_chunks
  where run_id = any($1::uuid[]) group by run_id`;
