import { type MikroORM, raw } from "@mikro-orm/postgresql";
import {
  type Run,
  RunEntity,
  type RunOrder,
  RunOrderEntity,
  RunPayloadEntity,
  type RunStatus,
  type RunTrigger,
} from "../core/db/entities/runs.ts";
import { firstIdAt } from "../core/db/partitions.ts";
import { type Call, requireRole, runNotFound } from "./access.ts";
import type { Delivery } from "./callback-rows.ts";
import type { Payload } from "./journal-batch.ts";
import type { RunView } from "./live-run.ts";
import { type Page, type PageAsk, pageOf, pageSize, pageStartId, pageToken } from "./pages.ts";
import { requireViewerOf, type Scope } from "./scope.ts";
import { redacted } from "./stored-input.ts";

/** Bodies in one page of runs. */
const PAGE_BYTES_MAX = 3 * 1024 * 1024;

export interface RunFilter {
  readonly scope: Scope;
  readonly statuses: readonly RunStatus[];
  readonly triggers: readonly RunTrigger[];
  readonly startTime: Date | undefined;
  readonly endTime: Date | undefined;
  /** The schedule that started them. */
  readonly scheduleId: string | undefined;
}

/** Reads runs that are on record. */
export class RunRecords {
  readonly #orm: MikroORM;
  readonly #redactedHeaders: ReadonlySet<string>;
  readonly #deliveriesOf: (runIds: readonly string[]) => Promise<ReadonlyMap<string, Delivery>>;

  constructor(parts: {
    orm: MikroORM;
    /** How far the callbacks of these runs are. */
    deliveriesOf: (runIds: readonly string[]) => Promise<ReadonlyMap<string, Delivery>>;
    /** Names of headers whose values are not shown, in lower case: a run that waits still has them. */
    redactedHeaders: ReadonlySet<string>;
  }) {
    this.#orm = parts.orm;
    this.#redactedHeaders = parts.redactedHeaders;
    this.#deliveriesOf = parts.deliveriesOf;
  }

  /** Whether a run is on record. */
  async has(runId: string): Promise<boolean> {
    return (await this.#orm.em.fork().count(RunEntity, { id: runId })) > 0;
  }

  /** One run, for a caller who may read it. */
  async get(call: Call, runId: string, full: boolean): Promise<RunView> {
    const run = await this.#orm.em.fork().findOne(RunEntity, { id: runId });
    if (run === null) throw runNotFound(runId);
    requireRole(call.caller, "VIEWER", belonging(run));
    return (await this.#views([run], full))[0]!;
  }

  /** A page of runs, newest first. */
  async list(call: Call, filter: RunFilter, ask: PageAsk & { full: boolean }): Promise<Page<RunView>> {
    const em = this.#orm.em.fork();
    await requireViewerOf(em, call, filter.scope);
    const question = { list: "runs", filter };
    const before = pageStartId(question, ask.token);
    const size = pageSize(ask.size);
    const wanted: object[] = [filter.scope];
    if (before !== undefined) wanted.push({ id: { $lt: before } });
    if (filter.statuses.length > 0) wanted.push({ status: { $in: [...filter.statuses] } });
    if (filter.triggers.length > 0) wanted.push({ trigger: { $in: [...filter.triggers] } });
    if (filter.startTime !== undefined) wanted.push({ id: { $gte: firstIdAt(filter.startTime.getTime()) } });
    if (filter.endTime !== undefined) wanted.push({ id: { $lt: firstIdAt(filter.endTime.getTime()) } });
    if (filter.scheduleId !== undefined) wanted.push({ id: { $in: startedBy(filter.scheduleId) } });
    const runs = await em.find(RunEntity, { $and: wanted }, { orderBy: { id: "desc" }, limit: size + 1 });
    const page = pageOf(runs, size, question, (run) => run.id);
    const items = await this.#views(page.items, ask.full);
    // A page ends early, before its bodies outgrow an answer.
    const shown = items.slice(0, withinBytes(items));
    if (shown.length === items.length) return { items, nextToken: page.nextToken };
    return { items: shown, nextToken: pageToken(question, shown.at(-1)!.run.id) };
  }

  /** A run as it stands now, with what is on record of its request and result. Checks no rights. */
  async view(runId: string): Promise<RunView> {
    const run = await this.#orm.em.fork().findOne(RunEntity, { id: runId });
    if (run === null) throw runNotFound(runId);
    return (await this.#views([run], true))[0]!;
  }

  /** Adds to runs what the durable ones were asked for, and (full) what is on record of requests and results. */
  async #views(runs: readonly Run[], full: boolean): Promise<RunView[]> {
    const durable = runs.filter(({ trigger }) => trigger === "ASYNC" || trigger === "SCHEDULE");
    const orders = new Map<string, RunOrder>();
    let deliveries: ReadonlyMap<string, Delivery> | undefined;
    if (durable.length > 0) {
      const runIds = durable.map(({ id }) => id);
      const asked = this.#orm.em.fork().find(RunOrderEntity, { runId: { $in: runIds } });
      const [found, told] = await Promise.all([asked, this.#deliveriesOf(runIds)]);
      deliveries = told;
      for (const order of found) orders.set(order.runId, order);
    }
    const views: RunView[] = [];
    for (let [bytes, index] = [0, 0]; index < runs.length; index++) {
      const run = runs[index]!;
      const order = orders.get(run.id);
      // What a run that waits will be given is kept in any case, and shown only where it is kept for that.
      const isShown = full && order?.recordPayloads !== "METADATA" && bytes <= PAGE_BYTES_MAX;
      const payload = isShown ? await this.#payloadOf(run.id) : undefined;
      bytes += bytesOf(payload);
      views.push({ run, payload, order, delivery: deliveries?.get(run.id) });
    }
    return views;
  }

  /** What is on record of a run's request and result. */
  async #payloadOf(runId: string): Promise<Payload | undefined> {
    const found = await this.#orm.em.fork().findOne(RunPayloadEntity, { runId });
    if (found === null) return undefined;
    const { method, path, query, headers, body } = found;
    const input = redacted({ method, path, query, headers, body }, this.#redactedHeaders);
    if (found.resultBody == null) return input;
    return {
      ...input,
      result: {
        statusCode: found.resultStatusCode ?? 200,
        contentType: found.resultContentType ?? "",
        headers: found.resultHeaders ?? [],
        body: found.resultBody,
      },
    };
  }
}

/** How many of these fit a page: one in any case. */
function withinBytes(views: readonly RunView[]): number {
  let bytes = 0;
  const beyond = views.findIndex(({ payload }) => {
    bytes += bytesOf(payload);
    return bytes > PAGE_BYTES_MAX;
  });
  return beyond === -1 ? views.length : Math.max(1, beyond);
}

function bytesOf(payload: Payload | undefined): number {
  return (payload?.body.byteLength ?? 0) + (payload?.result?.body.byteLength ?? 0);
}

function startedBy(scheduleId: string) {
  return raw<string[]>("(select run_id from run_orders where schedule_id = ?)", [scheduleId]);
}

function belonging(run: Pick<Run, "id" | "projectId">) {
  return { projectId: run.projectId, notFound: () => runNotFound(run.id) };
}
