import type { MikroORM } from "@mikro-orm/postgresql";
import type { Pool } from "pg";
import { type Run, RunEntity } from "../core/db/entities/runs.ts";
import { Refusal } from "../core/errors.ts";
import { type Call, requireRole, runNotFound } from "./access.ts";
import type { Execution } from "./execution.ts";
import { isFinal, type RunEndings } from "./run-endings.ts";
import type { RunRecords } from "./run-records.ts";

/** How long another service has to end a run that it has under way; after that its row is closed by force. */
const ELSEWHERE_MS = 2_000;
const LOOK_MS = 50;
/** A run may move on while it is being cancelled: from waiting to under way, and back. */
const STEPS_MAX = 20;
const BATCH_RUNS = 1_000;

/** Ends runs before their end, wherever they are: waiting, under way here, or under way elsewhere. */
export class Cancellations {
  readonly #orm: MikroORM;
  readonly #pool: Pool;
  readonly #execution: Execution;
  readonly #endings: RunEndings;
  readonly #records: RunRecords;
  readonly #redactedHeaders: readonly string[];
  readonly #cancelElsewhere: (runId: string, reason: string) => Promise<boolean>;

  constructor(parts: {
    orm: MikroORM;
    pool: Pool;
    execution: Execution;
    endings: RunEndings;
    records: RunRecords;
    /** Names of headers whose values are not recorded, in lower case. */
    redactedHeaders: ReadonlySet<string>;
    /** Tells whoever has the run under way to end it. False when there is nobody else. */
    cancelElsewhere: (runId: string, reason: string) => Promise<boolean>;
  }) {
    this.#orm = parts.orm;
    this.#pool = parts.pool;
    this.#execution = parts.execution;
    this.#endings = parts.endings;
    this.#records = parts.records;
    this.#redactedHeaders = [...parts.redactedHeaders];
    this.#cancelElsewhere = parts.cancelElsewhere;
  }

  /** Ends a run that has not ended, and answers with the run as it ended. */
  async cancel(call: Call, runId: string): Promise<Run> {
    const { run } = await this.#records.get(call, runId, false).catch((error: unknown) => {
      const live = this.#execution.find(runId);
      if (live === undefined) throw error;
      return { run: live.row };
    });
    requireRole(call.caller, "CONTRIBUTOR", {
      projectId: run.projectId,
      notFound: () => runNotFound(runId),
    });
    let wasOpen = false;
    for (let step = 0; step < STEPS_MAX; step++) {
      call.signal.throwIfAborted();
      const { ended, asked } = await this.#step(runId, call.signal);
      wasOpen ||= asked;
      if (ended === undefined) continue;
      if (wasOpen && ended.status === "CANCELLED") return ended;
      throw new Refusal("RUN_ENDED", `the run has ended as ${ended.status}`, { runId, status: ended.status });
    }
    throw new Error("the run does not stand still for long enough to be cancelled");
  }

  /** The code is gone: what waits of it ends, whoever would have taken it. */
  async codeDeleted(codeId: string): Promise<void> {
    for (;;) {
      const { rows } = await this.#pool.query<{ id: string }>(WAITING_OF_CODE, [codeId, BATCH_RUNS]);
      const ids = rows.map(({ id }) => id);
      const closed = await this.#close(ids, null, "the code was deleted");
      if (closed.length === 0) return;
    }
  }

  /** One look at where the run is, and what can be done about it there. */
  async #step(runId: string, signal: AbortSignal): Promise<{ ended?: Run | undefined; asked: boolean }> {
    const live = this.#execution.find(runId);
    if (live !== undefined) {
      const asked = !live.answered;
      if (asked) live.cancel(BY_CALLER);
      const { run } = await live.ended;
      return { ended: isFinal(run) ? run : undefined, asked };
    }
    const run = await this.#row(runId);
    if (isFinal(run)) return { ended: run, asked: false };
    if (run.owner == null) {
      const [closed] = await this.#close([runId], null, BY_CALLER);
      return { ended: closed, asked: closed !== undefined };
    }
    if (await this.#cancelElsewhere(runId, BY_CALLER)) {
      const now = await this.#movedOn(run, signal);
      if (now !== undefined) return { ended: isFinal(now) ? now : undefined, asked: true };
    }
    const [closed] = await this.#close([runId], run.owner, BY_CALLER);
    return { ended: closed, asked: closed !== undefined };
  }

  /** The run when it has ended, or is no longer whose it was; undefined when its time for that is over. */
  async #movedOn({ id, owner }: Run, signal: AbortSignal): Promise<Run | undefined> {
    const untilMs = performance.now() + ELSEWHERE_MS;
    while (performance.now() < untilMs) {
      signal.throwIfAborted();
      const run = await this.#row(id);
      if (isFinal(run) || run.owner !== owner) return run;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return undefined;
  }

  async #row(runId: string): Promise<Run> {
    const run = await this.#orm.em.fork().findOne(RunEntity, { id: runId });
    if (run === null) throw runNotFound(runId);
    return run;
  }

  /** Ends runs of this owner, or that nobody has, by their rows alone. Answers with those that this has ended. */
  async #close(runIds: readonly string[], owner: string | null, why: string): Promise<Run[]> {
    if (runIds.length === 0) return [];
    const values = [runIds, owner, why, new Date(), this.#redactedHeaders];
    const { rows } = await this.#pool.query<{ id: string }>(CLOSE, values);
    if (rows.length === 0) return [];
    const ids = rows.map(({ id }) => id);
    const closed = await this.#orm.em.fork().find(RunEntity, { id: { $in: ids } });
    for (const run of closed) this.#endings.announce(run);
    return closed;
  }
}

const BY_CALLER = "cancelled by a caller";

// By the index of what waits: a code may have a million runs that have ended.
const WAITING_OF_CODE = `select id from runs where due_time is not null and code_id = $1
  and project_id = (select project_id from codes where id = $1) limit $2`;

// What was given to them is not kept beyond their end, or not with the values of credentials.
const CLOSE = `with closed as (
  update runs set status = 'CANCELLED', due_time = null, end_time = $4, error_kind = 'Cancelled', error_message = $3,
    error_traceback = ''
  where id = any($1::uuid[]) and status in ('QUEUED', 'RUNNING') and owner is not distinct from $2::uuid
  returning id
),
orders as (select run_id, record_payloads from run_orders where run_id = any($1::uuid[]) and run_id in (select id from closed)),
forgotten as (
  delete from run_payloads where run_id = any($1::uuid[])
    and run_id in (select run_id from orders where record_payloads = 'METADATA')
),
redacted as (
  update run_payloads set headers = (
    select coalesce(jsonb_agg(case when lower(pair ->> 0) = any($5::text[])
      then jsonb_build_array(pair -> 0, '[redacted]') else pair end order by place), '[]')
    from jsonb_array_elements(headers) with ordinality as listed (pair, place)
  )
  where run_id = any($1::uuid[]) and run_id in (select run_id from orders where record_payloads <> 'METADATA')
)
select id from closed`;
