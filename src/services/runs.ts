import type { MikroORM } from "@mikro-orm/postgresql";
import { ProjectEntity } from "../core/db/entities/projects.ts";
import { timeOfId } from "../core/db/partitions.ts";
import { newId } from "../core/ids.ts";
import { type Call, codeNotFound, projectNotFound, requireRole } from "./access.ts";
import type { Catalog, Runnable } from "./catalog.ts";
import { effectiveHosts, type HostSettings, requireHosts } from "./egress-hosts.ts";
import type { Execution } from "./execution.ts";
import type { Journal } from "./journal.ts";
import type { LimitSettings } from "./limits.ts";
import type { LiveRun, RunView } from "./live-run.ts";
import {
  HTTP_BODY_BYTES_MAX,
  type NewRun,
  newCodeRun,
  newTry,
  type RunAsk,
  type RunInput,
  type TryAsk,
} from "./new-run.ts";
import type { News } from "./news.ts";
import { claimRequestId, type RequestKey, releaseRequestId } from "./request-ids.ts";
import { outcomeUnknown } from "./run-endings.ts";
import type { RunRecords } from "./run-records.ts";

/** How long a repeated request waits between looks at a run that another process has. */
const ATTACH_POLL_MS = 200;
const END_POLL_MS = 25;
/** How long a request id stands for a run that is not on record, while the service that claimed it may be alive. */
const CLAIM_MS = 15_000;

/** What callers may do with runs. A run belongs to the service, not to its caller. */
export class Runs {
  readonly #orm: MikroORM;
  readonly #execution: Execution;
  readonly #journal: Journal;
  readonly #catalog: Catalog;
  readonly #records: RunRecords;
  readonly #news: Pick<News, "others" | "tell">;
  readonly #settings: LimitSettings & HostSettings;
  /** Request ids that are being looked at, by project and id. */
  readonly #claims = new Map<string, Promise<void>>();

  constructor(parts: {
    orm: MikroORM;
    execution: Execution;
    journal: Journal;
    catalog: Catalog;
    records: RunRecords;
    news: Pick<News, "others" | "tell">;
    settings: LimitSettings & HostSettings;
  }) {
    this.#orm = parts.orm;
    this.#execution = parts.execution;
    this.#journal = parts.journal;
    this.#catalog = parts.catalog;
    this.#records = parts.records;
    this.#news = parts.news;
    this.#settings = parts.settings;
  }

  /** Runs a version of a code and waits for its end. Without a request id, the run ends with its caller. */
  async runCode(call: Call, ask: RunAsk): Promise<RunView> {
    if (ask.requestId === "") {
      const run = await this.#newRun(call, ask, call.deadlineMs);
      return this.#waitFor(await this.#execution.start(run), call, true);
    }
    const run = await this.#newRun(call, ask);
    const key = { projectId: run.projectId, requestId: ask.requestId, method: "RunCode", ask };
    return this.#waitFor(await this.#startOnce(key, run), call, false);
  }

  /** Starts a version of a code; the run is on record when this answers, and goes on without its caller. */
  async startCode(call: Call, ask: RunAsk): Promise<string> {
    const run = await this.#newRun(call, ask);
    if (ask.requestId === "") return this.#onRecord(await this.#execution.start(run));
    const key = { projectId: run.projectId, requestId: ask.requestId, method: "RunCodeStream", ask };
    return this.#onRecord(await this.#startOnce(key, run));
  }

  /** Starts a source that is not stored; the run is on record when this answers. */
  async startSource(call: Call, ask: TryAsk): Promise<string> {
    const { projectId } = ask;
    requireRole(call.caller, "CONTRIBUTOR", { projectId, notFound: () => projectNotFound(projectId) });
    const em = this.#orm.em.fork();
    const project = await em.findOne(ProjectEntity, { id: projectId, deleteTime: null });
    if (project === null) throw projectNotFound(projectId);
    const { egressHosts, egressHostsCeiling } = this.#settings;
    const hosts = effectiveHosts([ask.egressHosts, project.defaultEgressHosts, egressHosts]);
    requireHosts(hosts, "egress_hosts", egressHostsCeiling);
    const run = newTry(ask, this.#settings, hosts);
    if (ask.requestId === "") return this.#onRecord(await this.#execution.start(run));
    const key = { projectId, requestId: ask.requestId, method: "RunSource", ask };
    return this.#onRecord(await this.#startOnce(key, run));
  }

  /**
   * Runs a code for its public address. The run goes on without its caller. Who may call is decided by the door,
   * which knows what the code asks of its callers.
   */
  async runEndpoint(runnable: Runnable, input: RunInput): Promise<RunView> {
    const ask = { codeId: runnable.code.id, version: 0, input, timeoutMs: undefined, requestId: "" };
    const live = await this.#execution.start({
      ...newCodeRun(runnable, ask, "ENDPOINT"),
      resultBytesMax: HTTP_BODY_BYTES_MAX,
    });
    return live.ended;
  }

  async #newRun(call: Call, ask: RunAsk, deadlineMs?: number): Promise<NewRun> {
    const runnable = await this.#catalog.runnable(ask.codeId, ask.version);
    const { projectId } = runnable.code;
    requireRole(call.caller, "CONTRIBUTOR", { projectId, notFound: () => codeNotFound(ask.codeId) });
    return newCodeRun(runnable, ask, "RPC", deadlineMs);
  }

  /** The run that this request id stands for: a new one, one under way here, or the id of one on record. */
  async #startOnce(key: RequestKey, run: NewRun): Promise<LiveRun | string> {
    // The same id twice at once: the second call looks when the first has begun its run.
    const name = `${key.projectId} ${key.requestId}`;
    const turn = (this.#claims.get(name) ?? Promise.resolve()).then(() => this.#claimAndStart(key, run));
    const over = turn
      .then(
        () => {},
        () => {},
      )
      .finally(() => {
        if (this.#claims.get(name) === over) this.#claims.delete(name);
      });
    this.#claims.set(name, over);
    return turn;
  }

  async #claimAndStart(key: RequestKey, run: NewRun): Promise<LiveRun | string> {
    const em = this.#orm.em.fork();
    for (;;) {
      const id = newId();
      const earlier = await em.transactional((inner) => claimRequestId(inner, key, id));
      if (earlier === undefined) {
        const live = await this.#execution.start(run, id).catch(async (error: unknown) => {
          await releaseRequestId(em, key, id);
          throw error;
        });
        // A run that was refused has not happened: the same request may be tried again.
        live.ended.catch(() => releaseRequestId(em, key, id)).catch(() => {});
        return live;
      }
      const live = this.#execution.find(earlier);
      if (live !== undefined) return live;
      if (await this.#records.has(earlier)) return earlier;
      if (this.#news.others > 0 && Date.now() - timeOfId(earlier) < CLAIM_MS) {
        // Another service may be about to record it; or it gives the id back.
        await new Promise((resolve) => setTimeout(resolve, END_POLL_MS));
        continue;
      }
      // Claimed by a service that was killed before it began the run: nothing of it has happened.
      await releaseRequestId(em, key, earlier);
    }
  }

  async #onRecord(live: LiveRun | string): Promise<string> {
    if (typeof live === "string") return live;
    // A run may end, or be refused, before its first row has left; its end is on record, or its refusal is told.
    await Promise.race([this.#journal.recorded(live.row), live.ended]);
    return live.id;
  }

  /** Waits for a run's end as long as its caller does. */
  async #waitFor(live: LiveRun | string, call: Call, endsWithCaller: boolean): Promise<RunView> {
    if (typeof live === "string") return this.#attach(live, call);
    const gone = Promise.withResolvers<never>();
    const onGone = () => {
      if (endsWithCaller && !live.answered) live.cancel("the caller went away");
      gone.reject(live.answered ? outcomeUnknown(live.id, call.signal.reason) : call.signal.reason);
    };
    if (call.signal.aborted) onGone();
    call.signal.addEventListener("abort", onGone, { once: true });
    try {
      return await Promise.race([live.ended, gone.promise]);
    } finally {
      call.signal.removeEventListener("abort", onGone);
    }
  }

  /** Waits for the end of a run on record that this process does not have (any more). */
  async #attach(runId: string, call: Call): Promise<RunView> {
    for (;;) {
      call.signal.throwIfAborted();
      const view = await this.#records.view(runId);
      if (view.run.status !== "QUEUED" && view.run.status !== "RUNNING") return view;
      await new Promise((resolve) => setTimeout(resolve, ATTACH_POLL_MS));
    }
  }
}
