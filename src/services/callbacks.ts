import { createHmac } from "node:crypto";
import type { Pool } from "pg";
import type { StoredTry } from "../core/db/entities/callbacks.ts";
import type { Run } from "../core/db/entities/runs.ts";
import { fieldInvalid, Refusal } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { CallbackAsk } from "./callback-order.ts";
import type { Answer, Post } from "./callback-post.ts";
import {
  type Claimed,
  claimDue,
  countPending,
  type Delivery,
  dueProjects,
  findDeliveries,
  giveBack,
  markEnded,
  recordTry,
  sweepEnded,
} from "./callback-rows.ts";
import { CallbackRules, type CallbackSettings } from "./callback-rules.ts";
import type { RunView } from "./live-run.ts";
import { Rounds } from "./rounds.ts";
import type { RunRecords } from "./run-records.ts";
import { SealedOtherwise, type Secrets } from "./secrets.ts";

/** How long each try may take. */
const TRY_MS = 10_000;
/** How long nobody else tries what a service has claimed, in tries. */
const CLAIM_TRIES = 3;
const [SECOND_MS, MINUTE_MS, HOUR_MS] = [1_000, 60_000, 3_600_000];
/** The waits between one try and the next; after the last one there is one more try. */
const WAITS_MS = [
  ...[5, 15, 30].map((seconds) => seconds * SECOND_MS),
  ...[1, 2, 5, 15, 30].map((minutes) => minutes * MINUTE_MS),
  HOUR_MS,
];
const UNDER_WAY_MAX = 32;
/** A project whose receivers are slow leaves room for the others. */
const UNDER_WAY_PER_PROJECT_MAX = 8;
/** How often is looked for runs that have ended without a word, as when their service was killed. */
const SWEEP_MS = 10_000;
/** Before all ids. */
const NOBODY = "00000000-0000-0000-0000-000000000000";
const ERROR_CHARACTERS_MAX = 500;
const USER_AGENT = "code-actions";

/** What came of one request. */
interface Outcome {
  readonly statusCode: number;
  /** Empty when it was delivered. */
  readonly error: string;
  /** What the receiver said. */
  readonly text: string;
  /** It will never be delivered. */
  readonly isFinal?: boolean;
}

/**
 * Tells others of the ends of durable runs, at least once each: a POST with the run, signed, repeated until it is
 * confirmed or was tried often enough. The rows are the queue: any service may take the next one.
 */
export class Callbacks implements AsyncDisposable {
  readonly #pool: Pool;
  readonly #secrets: Secrets;
  readonly #records: RunRecords;
  readonly #post: Post;
  readonly #render: (view: RunView) => string;
  readonly #log: Logger;
  readonly #rules: CallbackRules;
  readonly #now: () => Date;
  readonly #tryMs: number;
  readonly #ended: (outcome: "DELIVERED" | "FAILED") => void;
  readonly #rounds: Rounds;
  readonly #closing = new AbortController();
  /** Tries under way, by project. */
  readonly #underWay = new Map<string, Set<Promise<void>>>();
  /** Runs that have ended since the last statement about such runs began. */
  readonly #endedRuns: string[] = [];
  /** The statement that will take them, and the last one of all. */
  #marking: Promise<void> | undefined;
  #marked: Promise<void> = Promise.resolve();
  #sweptMs = Number.NEGATIVE_INFINITY;
  /** The run and the project behind which the next looks begin. */
  #sweptRun = NOBODY;
  #servedProject = NOBODY;
  #pending = 0;

  constructor(parts: {
    pool: Pool;
    secrets: Secrets;
    records: RunRecords;
    post: Post;
    /** The run as it is told. */
    render: (view: RunView) => string;
    log: Logger;
    settings: CallbackSettings;
    /** For what receivers are told of the time, and not for when they are. */
    now: () => Date;
    /** How long each try may take. */
    tryMs?: number;
    /** Called once per callback with what became of it; for figures. */
    ended: (outcome: "DELIVERED" | "FAILED") => void;
  }) {
    this.#pool = parts.pool;
    this.#secrets = parts.secrets;
    this.#records = parts.records;
    this.#post = parts.post;
    this.#render = parts.render;
    this.#log = parts.log;
    this.#rules = new CallbackRules(parts.settings);
    this.#now = parts.now;
    this.#tryMs = parts.tryMs ?? TRY_MS;
    this.#ended = parts.ended;
    this.#rounds = new Rounds({
      work: () => this.#round(),
      log: parts.log,
      what: "callbacks could not be looked at",
    });
  }

  /** Callbacks of all projects whose runs have ended and that are not confirmed, as of a moment ago. */
  get pending(): number {
    return this.#pending;
  }

  /** Looks at once for what is due. The first call begins all looks. */
  wake(): void {
    this.#rounds.wake();
  }

  /** Ends tries under way; whoever is there next makes them again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#rounds[Symbol.asyncDispose]();
    await Promise.all([...this.#underWay.values()].flatMap((tries) => [...tries]));
    await this.#marked;
  }

  /**
   * Refuses a callback that could not be delivered: a wrong or forbidden address, a secret that the project does not have.
   * What its name means is looked up at each try.
   */
  async require(projectId: string, { url, secret }: CallbackAsk): Promise<void> {
    this.#rules.require(url);
    const value = await this.#secrets.value(projectId, secret).catch((error: unknown) => {
      throw error instanceof SealedOtherwise ? fieldInvalid("callback.secret", error.message) : error;
    });
    if (value === undefined) {
      throw fieldInvalid(
        "callback.secret",
        `the project has no secret ${JSON.stringify(secret)}; PutSecret makes one, ListSecrets shows those it has`,
      );
    }
  }

  /**
   * A durable run has ended, and that is on record: whoever is to be told will be. Resolves when that is on record, too,
   * and never rejects. What ends while one statement is under way shares the next one.
   */
  runEnded({ id }: Pick<Run, "id">): Promise<void> {
    this.#endedRuns.push(id);
    this.#marking ??= this.#marked.then(() => {
      this.#marking = undefined;
      return this.#mark(this.#endedRuns.splice(0));
    });
    this.#marked = this.#marking;
    return this.#marking;
  }

  /** How far the callbacks of runs are, by run; of runs that tell nobody there is none. */
  deliveriesOf(runIds: readonly string[]): Promise<ReadonlyMap<string, Delivery>> {
    return findDeliveries(this.#pool, runIds);
  }

  async #mark(runIds: readonly string[]): Promise<void> {
    try {
      if ((await markEnded(this.#pool, runIds)) > 0) this.#rounds.wake();
    } catch (error) {
      const what = "callbacks could not be begun; they are looked for later";
      this.#log.warn({ error, runs: runIds.length }, what);
    }
  }

  async #round(): Promise<undefined> {
    const nowMs = performance.now();
    if (nowMs - this.#sweptMs >= SWEEP_MS) {
      this.#sweptRun = (await sweepEnded(this.#pool, this.#sweptRun)) ?? NOBODY;
      this.#pending = await countPending(this.#pool);
      this.#sweptMs = nowMs;
    }
    await this.#claim();
    // Whether a try is made a second later is all the same to whoever waits for it.
    return undefined;
  }

  /** Takes what there is room for, of one project after the other; each has its turn once. */
  async #claim(): Promise<void> {
    let isLast = this.#servedProject === NOBODY;
    for (;;) {
      const room = UNDER_WAY_MAX - this.#countUnderWay();
      if (room === 0 || this.#closing.signal.aborted) return;
      const except = [...this.#underWay.keys()].filter((projectId) => this.#roomOf(projectId) === 0);
      const ask = { after: this.#servedProject, except, limit: room };
      const projectIds = await dueProjects(this.#pool, ask);
      const each = Math.max(1, Math.floor(room / projectIds.length));
      const shares = projectIds.map((projectId) => ({
        projectId,
        callbacks: Math.min(each, this.#roomOf(projectId)),
      }));
      const claimMs = CLAIM_TRIES * this.#tryMs;
      const untilMs = performance.now() + claimMs;
      const claimed = shares.length === 0 ? [] : await claimDue(this.#pool, claimMs, shares);
      for (const one of claimed) this.#begin(one, untilMs);
      this.#servedProject = projectIds.length < room ? NOBODY : projectIds.at(-1)!;
      if (this.#servedProject !== NOBODY) continue;
      if (isLast) return;
      isLast = true;
    }
  }

  #roomOf(projectId: string): number {
    return UNDER_WAY_PER_PROJECT_MAX - (this.#underWay.get(projectId)?.size ?? 0);
  }

  #begin(claimed: Claimed, untilMs: number): void {
    const { projectId, runId } = claimed;
    const tries = this.#underWay.get(projectId) ?? new Set();
    this.#underWay.set(projectId, tries);
    const trying = this.#deliver(claimed, untilMs)
      .catch((error: unknown) =>
        this.#log.error(
          { error, runId },
          "a callback could not be tried, or what came of it not recorded; it is tried again",
        ),
      )
      .finally(() => {
        tries.delete(trying);
        if (tries.size === 0) this.#underWay.delete(projectId);
        this.#rounds.wake();
      });
    tries.add(trying);
  }

  async #deliver(claimed: Claimed, untilMs: number): Promise<void> {
    const { runId } = claimed;
    const time = this.#now();
    const startMs = performance.now();
    // What fails in here is our fault, and no try: it is made when the claim has run out.
    const message = await this.#messageFor(claimed, time);
    // This service was slow or stood still: somebody else may be trying it.
    if (performance.now() >= untilMs) return;
    const outcome = typeof message === "function" ? await this.#send(message) : message;
    if (this.#closing.signal.aborted && outcome.statusCode === 0) return giveBack(this.#pool, claimed);
    const made: StoredTry = {
      number: claimed.triesMade + 1,
      time: time.toISOString(),
      durationMs: Math.round(performance.now() - startMs),
      statusCode: outcome.statusCode,
      error: outcome.error.slice(0, ERROR_CHARACTERS_MAX),
    };
    const status = statusAfter(made, outcome);
    const waitMs = status === "PENDING" ? WAITS_MS[made.number - 1]! : undefined;
    if (!(await recordTry(this.#pool, claimed, made, { status, waitMs }))) return;
    if (status !== "DELIVERED") this.#log.info({ runId, ...made, answer: outcome.text }, "a callback failed");
    if (status !== "PENDING") this.#ended(status);
  }

  /** What is to be sent, or why it cannot be. */
  async #messageFor(
    claimed: Claimed,
    time: Date,
  ): Promise<Outcome | ((signal: AbortSignal) => Promise<Answer>)> {
    const { runId, projectId, url } = claimed;
    try {
      // The operator may have changed what is allowed since it was asked for.
      this.#rules.require(url);
      const body = this.#render(await this.#records.view(runId));
      const secret = await this.#secrets.value(projectId, claimed.secret);
      if (secret === undefined)
        return failed(`the project has no secret ${JSON.stringify(claimed.secret)} to sign with`);
      const seconds = Math.floor(time.getTime() / 1000);
      const headers = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "Code-Actions-Run-Id": runId,
        "Code-Actions-Delivery": claimed.deliveryId,
        "Code-Actions-Signature": `t=${seconds},v1=${signatureOf(secret, seconds, body)}`,
      };
      return (signal) => this.#post(new URL(url), headers, body, signal);
    } catch (error) {
      // An address that is not allowed any more, or a run that is not kept.
      if (error instanceof Refusal) return { ...failed(error.message), isFinal: true };
      // It may be stored anew until the next try.
      if (error instanceof SealedOtherwise) return failed(error.message);
      throw error;
    }
  }

  async #send(post: (signal: AbortSignal) => Promise<Answer>): Promise<Outcome> {
    const late = AbortSignal.timeout(this.#tryMs);
    try {
      return outcomeOf(await post(AbortSignal.any([this.#closing.signal, late])));
    } catch (error) {
      return failed(late.aborted ? `there was no answer within ${this.#tryMs / 1000} s` : wordsOf(error));
    }
  }

  #countUnderWay(): number {
    let count = 0;
    for (const tries of this.#underWay.values()) count += tries.size;
    return count;
  }
}

/** What proves to a receiver that it was us, and when. */
function signatureOf(secret: string, seconds: number, body: string): string {
  return createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
}

function statusAfter(made: StoredTry, outcome: Outcome): "DELIVERED" | "FAILED" | "PENDING" {
  if (made.error === "") return "DELIVERED";
  return outcome.isFinal || made.number > WAITS_MS.length ? "FAILED" : "PENDING";
}

function failed(error: string): Outcome {
  return { statusCode: 0, error, text: "" };
}

function outcomeOf({ statusCode, text }: Answer): Outcome {
  if (statusCode >= 200 && statusCode < 300) return { statusCode, text, error: "" };
  const more = statusCode >= 300 && statusCode < 400 ? "; redirects are not followed" : "";
  return { statusCode, text, error: `it was answered with ${statusCode}${more}` };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
