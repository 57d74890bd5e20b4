import type { MikroORM } from "@mikro-orm/postgresql";
import { CodeEntity } from "../core/db/entities/codes.ts";
import { ProjectEntity } from "../core/db/entities/projects.ts";
import {
  type Run,
  RunEntity,
  RunPayloadEntity,
  type RunStatus,
  type RunTrigger,
} from "../core/db/entities/runs.ts";
import { firstIdAt } from "../core/db/partitions.ts";
import { type Call, codeNotFound, projectNotFound, requireRole, runNotFound } from "./access.ts";
import type { Payload } from "./journal-batch.ts";
import type { RunView } from "./live-run.ts";
import { type Page, type PageAsk, pageOf, pageSize, pageStartId, pageToken } from "./pages.ts";
import { redacted } from "./stored-input.ts";

/** Bodies in one page of runs. */
const PAGE_BYTES_MAX = 3 * 1024 * 1024;

export interface RunFilter {
  readonly scope: { readonly projectId: string } | { readonly codeId: string };
  readonly statuses: readonly RunStatus[];
  readonly triggers: readonly RunTrigger[];
  readonly startTime: Date | undefined;
  readonly endTime: Date | undefined;
}

/** Reads runs that are on record. */
export class RunRecords {
  readonly #orm: MikroORM;
  readonly #redactedHeaders: ReadonlySet<string>;

  constructor(parts: {
    orm: MikroORM;
    /** Names of headers whose values are not shown, in lower case: a run that waits still has them. */
    redactedHeaders: ReadonlySet<string>;
  }) {
    this.#orm = parts.orm;
    this.#redactedHeaders = parts.redactedHeaders;
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
    return { run, payload: full ? await this.payloadOf(runId) : undefined };
  }

  /** A page of runs, newest first. */
  async list(call: Call, filter: RunFilter, ask: PageAsk & { full: boolean }): Promise<Page<RunView>> {
    const em = this.#orm.em.fork();
    await this.#requireScope(call, filter.scope);
    const question = { list: "runs", filter };
    const before = pageStartId(question, ask.token);
    const size = pageSize(ask.size);
    const wanted: object[] = [filter.scope];
    if (before !== undefined) wanted.push({ id: { $lt: before } });
    if (filter.statuses.length > 0) wanted.push({ status: { $in: [...filter.statuses] } });
    if (filter.triggers.length > 0) wanted.push({ trigger: { $in: [...filter.triggers] } });
    if (filter.startTime !== undefined) wanted.push({ id: { $gte: firstIdAt(filter.startTime.getTime()) } });
    if (filter.endTime !== undefined) wanted.push({ id: { $lt: firstIdAt(filter.endTime.getTime()) } });
    const runs = await em.find(RunEntity, { $and: wanted }, { orderBy: { id: "desc" }, limit: size + 1 });
    const page = pageOf(runs, size, question, (run) => run.id);
    if (!ask.full) return { ...page, items: page.items.map((run) => ({ run, payload: undefined })) };
    return this.#withPayloads(page, question);
  }

  /** A run as it stands now, with what is on record of its request and result. Checks no rights. */
  async view(runId: string): Promise<RunView> {
    const run = await this.#orm.em.fork().findOne(RunEntity, { id: runId });
    if (run === null) throw runNotFound(runId);
    return { run, payload: await this.payloadOf(runId) };
  }

  /** What is on record of a run's request and result. */
  async payloadOf(runId: string): Promise<Payload | undefined> {
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

  /** Adds the payloads to a page of runs; the page ends early, before its bodies outgrow an answer. */
  async #withPayloads(page: Page<Run>, question: object): Promise<Page<RunView>> {
    const items: RunView[] = [];
    let bytes = 0;
    for (const run of page.items) {
      const payload = await this.payloadOf(run.id);
      bytes += (payload?.body.byteLength ?? 0) + (payload?.result?.body.byteLength ?? 0);
      if (items.length > 0 && bytes > PAGE_BYTES_MAX) {
        return { items, nextToken: pageToken(question, items.at(-1)!.run.id) };
      }
      items.push({ run, payload });
    }
    return { items, nextToken: page.nextToken };
  }

  async #requireScope(call: Call, scope: RunFilter["scope"]): Promise<void> {
    const em = this.#orm.em.fork();
    if ("projectId" in scope) {
      const { projectId } = scope;
      requireRole(call.caller, "VIEWER", { projectId, notFound: () => projectNotFound(projectId) });
      if ((await em.count(ProjectEntity, { id: projectId, deleteTime: null })) === 0)
        throw projectNotFound(projectId);
      return;
    }
    const code = await em.findOne(CodeEntity, { id: scope.codeId });
    if (code === null) throw codeNotFound(scope.codeId);
    requireRole(call.caller, "VIEWER", { projectId: code.projectId, notFound: () => codeNotFound(code.id) });
  }
}

function belonging(run: Pick<Run, "id" | "projectId">) {
  return { projectId: run.projectId, notFound: () => runNotFound(run.id) };
}
