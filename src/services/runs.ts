import type { MikroORM } from "@mikro-orm/postgresql";
import { ProjectEntity } from "../core/db/entities/projects.ts";
import { type Run, RunEntity } from "../core/db/entities/runs.ts";
import { Refusal } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { Pool } from "../runner/pool.ts";
import type { Invocation, Outcome, Pair } from "../sandbox/program.ts";
import { type Call, codeNotFound, projectNotFound, requireRole, runNotFound } from "./access.ts";
import type { Catalog, Runnable } from "./catalog.ts";
import { effectiveHosts, type HostSettings, requireHosts } from "./egress-hosts.ts";
import type { Journal } from "./journal.ts";
import type { Payload } from "./journal-batch.ts";
import type { LimitSettings } from "./limits.ts";
import { LiveRun, type RunView, storedResult } from "./live-run.ts";
import type { LogBus } from "./log-bus.ts";
import {
  HTTP_BODY_BYTES_MAX,
  type NewRun,
  newCodeRun,
  newRow,
  newTry,
  type RunAsk,
  type RunInput,
  type TryAsk,
} from "./new-run.ts";
import { claimRequestId, type RequestKey, releaseRequestId } from "./request-ids.ts";
import type { RunRecords } from "./run-records.ts";
import type { Secrets } from "./secrets.ts";

/** How long a repeated request waits between looks at a run that another process has. */
const ATTACH_POLL_MS = 200;

/** Runs codes and keeps their record. A run belongs to this service, not to its caller. */
export class Runs {
  readonly #orm: MikroORM;
  readonly #pool: Pool;
  readonly #journal: Journal;
  readonly #bus: LogBus;
  readonly #catalog: Catalog;
  readonly #secrets: Secrets;
  readonly #records: RunRecords;
  readonly #log: Logger;
  readonly #owner: string;
  readonly #settings: LimitSettings & HostSettings;
  readonly #redactedHeaders: ReadonlySet<string>;
  readonly #live = new Map<string, LiveRun>();
  /** Request ids that are being looked at, by project and id. */
  readonly #claims = new Map<string, Promise<void>>();
  readonly #finished: (run: Run) => void;
  #draining = false;

  constructor(parts: {
    orm: MikroORM;
    pool: Pool;
    journal: Journal;
    bus: LogBus;
    catalog: Catalog;
    secrets: Secrets;
    records: RunRecords;
    log: Logger;
    /** This service's id, under whose lease the runs are. */
    owner: string;
    settings: LimitSettings & HostSettings & { readonly redactedHeaders: readonly string[] };
    /** Called with every run's last row; for figures. */
    finished: (run: Run) => void;
  }) {
    this.#orm = parts.orm;
    this.#pool = parts.pool;
    this.#journal = parts.journal;
    this.#bus = parts.bus;
    this.#catalog = parts.catalog;
    this.#secrets = parts.secrets;
    this.#records = parts.records;
    this.#log = parts.log;
    this.#owner = parts.owner;
    this.#finished = parts.finished;
    this.#settings = parts.settings;
    this.#redactedHeaders = new Set([
      ...REDACTED_HEADERS,
      ...parts.settings.redactedHeaders.map((name) => name.toLowerCase()),
    ]);
  }

  /** Runs under way in this process. */
  get underWay(): number {
    return this.#live.size;
  }

  /** Runs a version of a code and waits for its end. Without a request id, the run ends with its caller. */
  async runCode(call: Call, ask: RunAsk): Promise<RunView> {
    if (ask.requestId === "") {
      const run = await this.#newRun(call, ask, call.deadlineMs);
      return this.#waitFor(await this.#start(run), call, true);
    }
    const run = await this.#newRun(call, ask);
    const key = { projectId: run.projectId, requestId: ask.requestId, method: "RunCode", ask };
    return this.#waitFor(await this.#startOnce(key, run), call, false);
  }

  /** Starts a version of a code; the run is on record when this answers, and goes on without its caller. */
  async startCode(call: Call, ask: RunAsk): Promise<string> {
    const run = await this.#newRun(call, ask);
    if (ask.requestId === "") return this.#onRecord(await this.#start(run));
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
    if (ask.requestId === "") return this.#onRecord(await this.#start(run));
    const key = { projectId, requestId: ask.requestId, method: "RunSource", ask };
    return this.#onRecord(await this.#startOnce(key, run));
  }

  /**
   * Runs a code for its public address. The run goes on without its caller. Who may call is decided by the door,
   * which knows what the code asks of its callers.
   */
  async runEndpoint(runnable: Runnable, input: RunInput): Promise<RunView> {
    const ask = { codeId: runnable.code.id, version: 0, input, timeoutMs: undefined, requestId: "" };
    const live = await this.#start({
      ...newCodeRun(runnable, ask, "ENDPOINT"),
      resultBytesMax: HTTP_BODY_BYTES_MAX,
    });
    return live.ended;
  }

  /** Ends a run that is under way, and answers with the run as it ended. */
  async cancel(call: Call, runId: string): Promise<Run> {
    const { run } = await this.#records.get(call, runId, false).catch((error: unknown) => {
      const live = this.#live.get(runId);
      if (live === undefined) throw error;
      return { run: live.row };
    });
    requireRole(call.caller, "CONTRIBUTOR", {
      projectId: run.projectId,
      notFound: () => runNotFound(runId),
    });
    const live = this.#live.get(runId);
    const wasUnderWay =
      live === undefined ? run.status === "QUEUED" || run.status === "RUNNING" : !live.answered;
    if (wasUnderWay) live?.cancel("cancelled by a caller");
    const ended = live === undefined ? await this.#cancelOrphan(run) : (await live.ended).run;
    if (wasUnderWay && ended.status === "CANCELLED") return ended;
    throw new Refusal("RUN_ENDED", `the run has ended as ${ended.status}`, { runId, status: ended.status });
  }

  /** Ends the runs of a code that have not been given to a worker yet: the code is gone. */
  cancelWaiting(codeId: string): void {
    for (const live of this.#live.values()) {
      if (live.row.codeId === codeId && live.row.status === "QUEUED") live.cancel("the code was deleted");
    }
  }

  /** Takes no new runs, waits for those under way, and ends what is left when the grace is over. */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    const all = () => Promise.allSettled([...this.#live.values()].map((live) => live.ended));
    const grace = Promise.withResolvers<void>();
    const timer = setTimeout(grace.resolve, graceMs);
    await Promise.race([all(), grace.promise]);
    clearTimeout(timer);
    for (const live of this.#live.values()) live.cancel("the service is shutting down");
    await all();
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
        const live = await this.#start(run, id).catch(async (error: unknown) => {
          await releaseRequestId(em, key, id);
          throw error;
        });
        // A run that was refused has not happened: the same request may be tried again.
        live.ended.catch(() => releaseRequestId(em, key, id)).catch(() => {});
        return live;
      }
      const live = this.#live.get(earlier);
      if (live !== undefined) return live;
      if (await this.#records.has(earlier)) return earlier;
      // Claimed by a service that was killed before it began the run: nothing of it has happened.
      await releaseRequestId(em, key, earlier);
    }
  }

  async #start(asked: NewRun, id = newId()): Promise<LiveRun> {
    if (this.#draining)
      throw new Refusal(
        "SHUTTING_DOWN",
        "the service is shutting down; try again",
        {},
        { retryAfterMs: 1_000 },
      );
    if (this.#journal.full) {
      throw new Refusal(
        "DATABASE_UNAVAILABLE",
        "runs cannot be recorded now; try again",
        {},
        { retryAfterMs: 1_000 },
      );
    }
    const secrets = await this.#secrets.forRun(asked.projectId);
    const row: Run = newRow(id, this.#owner, asked);
    const payload = asked.recordPayloads === "ALL" ? this.#storedInput(asked.input) : undefined;
    const live = new LiveRun({ journal: this.#journal, row, mask: secrets.mask });
    this.#live.set(id, live);
    this.#journal.begin(row, payload);
    const invocation: Invocation = {
      ...asked.input,
      secrets: secrets.values,
      context: {
        runId: id,
        codeId: asked.codeId ?? "",
        version: asked.version,
        projectId: asked.projectId,
        attempt: row.attempt,
      },
      timeoutMs: asked.timeoutMs,
      resultBytesMax: asked.resultBytesMax,
    };
    void this.#carryOut(live, asked, invocation, payload);
    return live;
  }

  /** The life of a run from here to its record. Never throws: every end is the live run's. */
  async #carryOut(
    live: LiveRun,
    { program, deadlineMs, idempotent }: NewRun,
    invocation: Invocation,
    input: Payload | undefined,
  ): Promise<void> {
    try {
      const listener = {
        accepted: () => live.began({ status: "RUNNING", startTime: new Date() }),
        lines: (lines: Parameters<LiveRun["lines"]>[0]) => live.lines(lines),
      };
      const order = { program, invocation, listener, deadlineMs, idempotent };
      const outcome = await this.#pool.run(order, live.signal);
      await this.#conclude(live, outcome, invocation, input);
    } catch (error) {
      await this.#concludeUnstarted(live, error);
    } finally {
      this.#live.delete(live.id);
    }
  }

  async #conclude(
    live: LiveRun,
    outcome: Outcome,
    invocation: Invocation,
    input: Payload | undefined,
  ): Promise<void> {
    const { status, error, usage } = outcome;
    const row = live.answer({
      status,
      errorKind: error?.kind ?? null,
      errorMessage: error === undefined ? null : live.masked(error.message),
      errorTraceback: error === undefined ? null : live.masked(error.traceback),
      queueUs: Math.round(usage.queueMs * 1000),
      startUs: Math.round(usage.startMs * 1000),
      wallUs: Math.round(usage.wallMs * 1000),
      cpuUs: Math.round(usage.cpuMs * 1000),
      peakMemoryBytes: usage.peakMemoryBytes,
      cold: usage.cold,
    });
    const result = outcome.result && storedResult(outcome.result);
    const stored = input && { ...input, ...(result && { result }) };
    const answer: Payload = { ...(input ?? plainInput(invocation)), ...(result && { result }) };
    await this.#settle(live, row, stored, answer);
  }

  /** No worker had the run: it is withdrawn if nobody has seen it, and otherwise ends as what stopped it. */
  async #concludeUnstarted(live: LiveRun, error: unknown): Promise<void> {
    if (this.#journal.withdraw(live.id)) return live.refuse(error);
    const refusal = error instanceof Refusal ? error : undefined;
    if (refusal === undefined && !live.signal.aborted)
      this.#log.error({ error, runId: live.id }, "a run was lost");
    const row = live.answer({
      status: live.signal.aborted ? "CANCELLED" : "LOST",
      errorKind: live.signal.aborted ? "Cancelled" : (refusal?.reason ?? "Internal"),
      errorMessage:
        refusal?.message ??
        (live.signal.aborted ? "cancelled before it began" : "the platform lost this run"),
      errorTraceback: "",
    });
    await this.#settle(live, row, undefined, undefined, live.signal.aborted ? undefined : error);
  }

  /** Commits a run's last row, then tells everybody: its callers the end, or why they are refused. */
  async #settle(
    live: LiveRun,
    row: Run,
    stored: Payload | undefined,
    answer: Payload | undefined,
    refusal?: unknown,
  ): Promise<void> {
    try {
      const ours = await this.#journal.finish(row, stored);
      const view = ours ? { run: row, payload: answer } : await this.#endOnRecord(live.id);
      if (refusal === undefined) live.settle(view);
      else live.refuse(refusal);
      this.#bus.ended(view);
      this.#finished(view.run);
    } catch (error) {
      this.#log.error({ error, runId: live.id }, "a run's end could not be recorded");
      live.refuse(outcomeUnknown(live.id, error));
    }
  }

  /** Somebody else ended the run first (it was declared lost, or cancelled from elsewhere): their word stands. */
  async #endOnRecord(runId: string): Promise<RunView> {
    const run = await this.#orm.em.fork().findOne(RunEntity, { id: runId });
    if (run === null) throw new Error("the run's row is gone");
    return { run, payload: undefined };
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

  #storedInput(input: RunInput): Payload {
    const headers = input.headers.map(([name, value]): [string, string] =>
      this.#redactedHeaders.has(name.toLowerCase()) ? [name, "[redacted]"] : [name, value],
    );
    return { ...plainInput(input), headers };
  }

  /** A run that no living process has: its row is closed, so that whoever had it cannot come back. */
  async #cancelOrphan(run: Run): Promise<Run> {
    const em = this.#orm.em.fork();
    await em.nativeUpdate(
      RunEntity,
      { id: run.id, status: { $in: ["QUEUED", "RUNNING"] } },
      {
        status: "CANCELLED",
        endTime: new Date(),
        errorKind: "Cancelled",
        errorMessage: "cancelled by a caller",
      },
    );
    const ended = await em.findOne(RunEntity, { id: run.id }, { refresh: true });
    if (ended === null) throw runNotFound(run.id);
    this.#bus.ended({ run: ended, payload: undefined });
    return ended;
  }
}

const REDACTED_HEADERS = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];

function plainInput(input: RunInput): Payload {
  const pairs = (list: readonly Pair[]) =>
    list.map(([name, value]): [string, string] => [plain(name), plain(value)]);
  return {
    method: input.method,
    path: plain(input.path),
    query: pairs(input.query),
    headers: pairs(input.headers),
    body: input.body,
  };
}

/** What PostgreSQL can keep as text: anything but NUL and half a surrogate pair. */
function plain(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}

function outcomeUnknown(runId: string, cause: unknown): Refusal {
  return new Refusal(
    "OUTCOME_UNKNOWN",
    "the run was given to its code, but its record is not confirmed; GetRun will tell what became of it",
    { runId },
    { retryAfterMs: 1_000 },
    { cause },
  );
}
