import { createHmac } from "node:crypto";
import { isIP } from "node:net";
import type { Pool } from "pg";
import type { CallbackStatus, StoredTry } from "../core/db/entities/callbacks.ts";
import type { Run } from "../core/db/entities/runs.ts";
import { firstIdAt } from "../core/db/partitions.ts";
import { fieldInvalid, Refusal } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { findForbidden, parseRanges, type Ranges, readHost, writeTarget } from "../sandbox/egress/rules.ts";
import type { CallbackAsk } from "./callback-order.ts";
import { type Answer, type Post, targetOf } from "./callback-post.ts";
import { requireHost } from "./egress-hosts.ts";
import type { RunView } from "./live-run.ts";
import { Rounds } from "./rounds.ts";
import type { RunRecords } from "./run-records.ts";
import type { Secrets } from "./secrets.ts";

/** How far a callback has come. */
export interface Delivery {
  readonly url: string;
  readonly status: CallbackStatus;
  readonly tries: readonly StoredTry[];
  readonly nextTime: Date | undefined;
}

export interface CallbackSettings {
  /** Whether http:// addresses are allowed, too. */
  readonly callbackHttp: boolean;
  readonly egressRanges: readonly string[];
  readonly egressHostsCeiling: readonly string[];
}

/** How long each try may take. */
const TRY_MS = 10_000;
/** How long nobody else tries what a service has claimed. */
const CLAIM_MS = 3 * TRY_MS;
const [SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS] = [1_000, 60_000, 3_600_000, 86_400_000];
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
const SWEEP_MAX = 1_000;
const URL_CHARACTERS_MAX = 2_048;
const ERROR_CHARACTERS_MAX = 500;
const USER_AGENT = "code-actions";

interface Claimed {
  readonly runId: string;
  readonly projectId: string;
  readonly url: string;
  readonly secret: string;
  readonly deliveryId: string;
  readonly triesMade: number;
}

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
  readonly #settings: CallbackSettings;
  readonly #ranges: Ranges;
  readonly #now: () => Date;
  readonly #tryMs: number;
  readonly #ended: (outcome: "DELIVERED" | "FAILED") => void;
  readonly #rounds: Rounds;
  readonly #closing = new AbortController();
  /** Tries under way, by project. */
  readonly #underWay = new Map<string, Set<Promise<void>>>();
  #sweptMs = Number.NEGATIVE_INFINITY;
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
    this.#settings = parts.settings;
    this.#ranges = parseRanges(parts.settings.egressRanges);
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

  start(): void {
    this.#rounds.wake();
  }

  /** Looks at once for what is due. */
  wake(): void {
    this.#rounds.wake();
  }

  /** Ends tries under way; whoever is there next makes them again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#rounds[Symbol.asyncDispose]();
    await Promise.all([...this.#underWay.values()].flatMap((tries) => [...tries]));
  }

  /**
   * Refuses a callback that could not be delivered: a wrong or forbidden address, a secret that the project does not have.
   * What its name means is looked up at each try.
   */
  async require(projectId: string, { url, secret }: CallbackAsk): Promise<void> {
    const problem = this.#problemOf(url);
    if (problem !== undefined) throw fieldInvalid("callback.url", problem);
    requireHost(writeTarget(targetOf(new URL(url))), "callback.url", this.#settings.egressHostsCeiling);
    if ((await this.#secrets.value(projectId, secret)) === undefined) {
      throw fieldInvalid(
        "callback.secret",
        `the project has no secret ${JSON.stringify(secret)}; PutSecret makes one, ListSecrets shows those it has`,
      );
    }
  }

  /** A durable run has ended, and that is on record: whoever is to be told will be. Never rejects. */
  async runEnded({ id: runId }: Pick<Run, "id">): Promise<void> {
    try {
      const { rowCount } = await this.#pool.query({
        name: "callback-due",
        text: "update callbacks set status = 'PENDING', next_time = $2 where run_id = $1 and status = 'WAITING'",
        values: [runId, this.#now()],
      });
      if (rowCount) this.#rounds.wake();
    } catch (error) {
      this.#log.warn({ error, runId }, "a callback could not be begun; it is looked for later");
    }
  }

  /** How far the callbacks of runs are, by run; of runs that tell nobody there is none. */
  async deliveriesOf(runIds: readonly string[]): Promise<ReadonlyMap<string, Delivery>> {
    const { rows } = await this.#pool.query<DeliveryRow>({
      name: "find-deliveries",
      text: "select run_id, url, status, tries, next_time from callbacks where run_id = any($1)",
      values: [runIds],
    });
    return new Map(
      rows.map(({ run_id, next_time, ...row }) => [run_id, { ...row, nextTime: next_time ?? undefined }]),
    );
  }

  async #round(): Promise<number | undefined> {
    const now = this.#now();
    if (Math.abs(now.getTime() - this.#sweptMs) >= SWEEP_MS) {
      await this.#sweep(now);
      this.#sweptMs = now.getTime();
    }
    while (!this.#closing.signal.aborted && this.#countUnderWay() < UNDER_WAY_MAX) {
      const claimed = await this.#claim(now);
      if (claimed === undefined) break;
      this.#begin(claimed);
    }
    const { rows } = await this.#pool.query<{ next: Date | null }>({
      name: "next-callback",
      text: "select min(next_time) as next from callbacks where status = 'PENDING' and next_time > $1",
      values: [now],
    });
    const next = rows[0]?.next;
    return next == null ? undefined : next.getTime() - this.#now().getTime();
  }

  /** Finds what nobody has said: runs that have ended while their service ended, too. */
  async #sweep(now: Date): Promise<void> {
    await this.#pool.query({
      name: "sweep-callbacks",
      // The status is looked at again where another service's sweep was first.
      text: `update callbacks set status = 'PENDING', next_time = $1 where status = 'WAITING' and run_id in (
        select callbacks.run_id from callbacks join runs on runs.id = callbacks.run_id
        where callbacks.status = 'WAITING' and runs.status not in ('QUEUED', 'RUNNING') limit ${SWEEP_MAX})`,
      values: [now],
    });
    const { rows } = await this.#pool.query<{ pending: number }>({
      name: "count-callbacks",
      text: "select count(*)::int as pending from callbacks where status = 'PENDING'",
    });
    this.#pending = rows[0]?.pending ?? 0;
  }

  async #claim(now: Date): Promise<Claimed | undefined> {
    const busy = [...this.#underWay].filter(([, tries]) => tries.size >= UNDER_WAY_PER_PROJECT_MAX);
    const { rows } = await this.#pool.query<Claimed>({
      name: "claim-callback",
      text: `update callbacks set next_time = $2 where run_id = (
          select run_id from callbacks
          where status = 'PENDING' and next_time <= $1 and project_id <> all($3::uuid[])
          order by next_time limit 1 for update skip locked)
        returning run_id as "runId", project_id as "projectId", url, secret, delivery_id as "deliveryId",
          tries_made as "triesMade"`,
      values: [now, new Date(now.getTime() + CLAIM_MS), busy.map(([projectId]) => projectId)],
    });
    return rows[0];
  }

  #begin(claimed: Claimed): void {
    const { projectId, runId } = claimed;
    const tries = this.#underWay.get(projectId) ?? new Set();
    this.#underWay.set(projectId, tries);
    const trying = this.#deliver(claimed)
      .catch((error: unknown) => this.#log.error({ error, runId }, "a callback's try could not be recorded"))
      .finally(() => {
        tries.delete(trying);
        if (tries.size === 0) this.#underWay.delete(projectId);
        this.#rounds.wake();
      });
    tries.add(trying);
  }

  async #deliver(claimed: Claimed): Promise<void> {
    const { runId } = claimed;
    const time = this.#now();
    const startMs = performance.now();
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(this.#tryMs)]);
    const outcome = await this.#try(claimed, time, signal).catch((error: unknown) => ({
      statusCode: 0,
      error: signal.aborted ? `there was no answer within ${this.#tryMs / 1000} s` : wordsOf(error),
      text: "",
    }));
    if (this.#closing.signal.aborted && outcome.statusCode === 0) return this.#giveBack(claimed);
    const made: StoredTry = {
      number: claimed.triesMade + 1,
      time: time.toISOString(),
      durationMs: Math.round(performance.now() - startMs),
      statusCode: outcome.statusCode,
      error: outcome.error.slice(0, ERROR_CHARACTERS_MAX),
    };
    const status = this.#statusAfter(made, outcome);
    const waitMs = status === "PENDING" ? WAITS_MS[made.number - 1]! : undefined;
    if (!(await this.#record(claimed, made, status, waitMs))) return;
    if (status !== "DELIVERED") this.#log.info({ runId, ...made, answer: outcome.text }, "a callback failed");
    if (status !== "PENDING") this.#ended(status);
  }

  #statusAfter(made: StoredTry, outcome: Outcome): "DELIVERED" | "FAILED" | "PENDING" {
    if (made.error === "") return "DELIVERED";
    return outcome.isFinal || made.number > WAITS_MS.length ? "FAILED" : "PENDING";
  }

  async #try(claimed: Claimed, time: Date, signal: AbortSignal): Promise<Outcome> {
    const { runId, projectId } = claimed;
    const failed = (error: string, isFinal = false) => ({ statusCode: 0, error, text: "", isFinal });
    // The operator may have changed what is allowed since it was asked for.
    const problem = this.#problemOf(claimed.url);
    if (problem !== undefined) return failed(problem, true);
    const view = await this.#records.view(runId).catch((error: unknown) => {
      if (error instanceof Refusal) return undefined;
      throw error;
    });
    if (view === undefined) return failed("the run is not kept any more", true);
    const secret = await this.#secrets.value(projectId, claimed.secret);
    if (secret === undefined)
      return failed(`the project has no secret ${JSON.stringify(claimed.secret)} to sign with`);
    const body = this.#render(view);
    const seconds = Math.floor(time.getTime() / 1000);
    const headers = {
      "Content-Type": "application/json",
      "User-Agent": USER_AGENT,
      "Code-Actions-Run-Id": runId,
      "Code-Actions-Delivery": claimed.deliveryId,
      "Code-Actions-Signature": `t=${seconds},v1=${signatureOf(secret, seconds, body)}`,
    };
    return outcomeOf(await this.#post(new URL(claimed.url), headers, body, signal));
  }

  /** Somebody else may have tried it meanwhile, where this service was very slow: then their word stands. */
  async #record(
    { runId, triesMade }: Claimed,
    made: StoredTry,
    status: CallbackStatus,
    waitMs: number | undefined,
  ): Promise<boolean> {
    const { rowCount } = await this.#pool.query({
      name: "record-callback-try",
      text: `update callbacks set status = $3, next_time = $4, tries_made = tries_made + 1,
          tries = tries || jsonb_build_array($5::jsonb)
        where run_id = $1 and status = 'PENDING' and tries_made = $2`,
      values: [
        runId,
        triesMade,
        status,
        waitMs === undefined ? null : new Date(this.#now().getTime() + waitMs),
        JSON.stringify(made),
      ],
    });
    return rowCount === 1;
  }

  async #giveBack({ runId, triesMade }: Claimed): Promise<void> {
    await this.#pool.query({
      name: "give-back-callback",
      text: "update callbacks set next_time = $3 where run_id = $1 and status = 'PENDING' and tries_made = $2",
      values: [runId, triesMade, this.#now()],
    });
  }

  #countUnderWay(): number {
    let count = 0;
    for (const tries of this.#underWay.values()) count += tries.size;
    return count;
  }

  /** What is wrong with an address; undefined when it may be tried. */
  #problemOf(text: string): string | undefined {
    const schemes = this.#settings.callbackHttp ? ["https:", "http:"] : ["https:"];
    const accepted = `accepted is an address such as https://example.org/hook${this.#settings.callbackHttp ? ", or one with http://" : ""}`;
    if (text.length > URL_CHARACTERS_MAX) return `longer than ${URL_CHARACTERS_MAX} characters`;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined) return `not an address; ${accepted}`;
    if (!schemes.includes(url.protocol)) return `${url.protocol}// is not allowed here; ${accepted}`;
    if (url.username !== "" || url.password !== "") return `has a user name or a password; ${accepted}`;
    const host = readHost(url.hostname);
    if (host === undefined) return `has no host that could be looked up; ${accepted}`;
    const kind = isIP(host) === 0 ? undefined : findForbidden(host, this.#ranges);
    return kind === undefined ? undefined : `leads to ${kind}, which cannot be reached from here`;
  }
}

interface DeliveryRow {
  readonly run_id: string;
  readonly url: string;
  readonly status: CallbackStatus;
  readonly tries: readonly StoredTry[];
  readonly next_time: Date | null;
}

/** What proves to a receiver that it was us, and when. */
export function signatureOf(secret: string, seconds: number, body: string): string {
  return createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
}

function outcomeOf({ statusCode, text }: Answer): Outcome {
  if (statusCode >= 200 && statusCode < 300) return { statusCode, text, error: "" };
  const more = statusCode >= 300 && statusCode < 400 ? "; redirects are not followed" : "";
  return { statusCode, text, error: `it was answered with ${statusCode}${more}` };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Forgets the callbacks of runs that are not kept any more. */
export async function forgetOldCallbacks(pool: Pool, now: Date, retentionDays: number): Promise<void> {
  // Runs go by whole days.
  const firstKept = firstIdAt(now.getTime() - (retentionDays + 1) * DAY_MS);
  await pool.query("delete from callbacks where run_id < $1", [firstKept]);
}
