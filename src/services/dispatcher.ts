import type { Pool } from "pg";
import type { Logger } from "../core/logger.ts";
import { claimRuns, dueProjects, giveBackUnknown, type Share } from "./claims.ts";
import type { Execution } from "./execution.ts";

/** How often it looks by itself: for what it was not told of, and what was to wait until now. */
const POLL_MS = 1_000;
/** While it is full, what ends within this time makes room together. */
const GATHER_MS = 4;
/** Runs taken in one statement, whose inputs come with them. */
const CLAIM_MAX = 64;
/** Projects that one look finds; the next look goes on behind them. */
const POLL_PROJECTS_MAX = 500;
/** Of the runs that may be under way, the share one project may have, so that there is always room for another. */
const PROJECT_SHARE = 0.75;
/** The longest that a timer waits for a run that is known to become due; for later ones there is the poll. */
const TIMER_MS_MAX = 60_000;
const NO_PROJECT = "00000000-0000-0000-0000-000000000000";

/**
 * Takes durable runs that are due and has them carried out, as many at once as this service may have. Projects take
 * turns, so that one with a hundred thousand runs does not keep another one waiting. It hears of due runs from whoever
 * queues them, and looks by itself once a second.
 */
export class Dispatcher implements AsyncDisposable {
  readonly #pool: Pool;
  readonly #execution: Execution;
  readonly #log: Logger;
  readonly #owner: string;
  readonly #runsMax: () => number;
  readonly #isSure: () => boolean;
  /** Projects that may have due runs, in the order of their turns. */
  readonly #ready = new Set<string>();
  /** The runs under way by project. */
  readonly #underWay = new Map<string, number>();
  readonly #timers = new Map<string, { atMs: number; timer: NodeJS.Timeout }>();
  #running = 0;
  #claiming: Promise<void> | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #polling: NodeJS.Timeout | undefined;
  #pollFrom = NO_PROJECT;
  /** A claim may have been made whose answer did not arrive. */
  #mayHaveUnknown = false;
  #stopped = false;
  #claimed = 0;

  constructor(parts: {
    pool: Pool;
    execution: Execution;
    log: Logger;
    settings: {
      /** This service's id, registered as an instance. */
      owner: string;
      /** Durable runs that may be under way here at once, now. */
      runsMax: () => number;
    };
    /** Whether this service still has its lease, as far as it knows. */
    isSure: () => boolean;
  }) {
    this.#pool = parts.pool;
    this.#execution = parts.execution;
    this.#log = parts.log;
    this.#owner = parts.settings.owner;
    this.#runsMax = parts.settings.runsMax;
    this.#isSure = parts.isSure;
  }

  /** Durable runs that this service has taken and not ended. */
  get underWay(): number {
    return this.#running;
  }

  /** Runs taken since the start. */
  get claimed(): number {
    return this.#claimed;
  }

  start(): void {
    this.#polling = setInterval(() => void this.#poll(), POLL_MS);
    void this.#poll();
  }

  /** A project has, or will have, a run that is due. */
  wake(projectId: string, dueTime?: Date): void {
    if (this.#stopped) return;
    const waitMs = dueTime === undefined ? 0 : dueTime.getTime() - Date.now();
    if (waitMs > 0) return this.#wakeLater(projectId, waitMs);
    this.#ready.add(projectId);
    this.#claimSoon();
  }

  /** Takes nothing more. What it has taken is the execution's to end, or to give back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#polling);
    clearTimeout(this.#gathering);
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    await this.#claiming;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #wakeLater(projectId: string, waitMs: number): void {
    if (waitMs > TIMER_MS_MAX) return;
    const atMs = Date.now() + waitMs;
    const known = this.#timers.get(projectId);
    // The earliest is enough: a project that is woken is asked for all that is due.
    if (known !== undefined && known.atMs <= atMs) return;
    clearTimeout(known?.timer);
    const timer = setTimeout(() => {
      this.#timers.delete(projectId);
      this.wake(projectId);
    }, waitMs);
    this.#timers.set(projectId, { atMs, timer });
  }

  /** One claim at a time: what is given back as unknown must not be what another claim has just taken. */
  #claimSoon(): void {
    if (this.#stopped || this.#claiming !== undefined || this.#gathering !== undefined) return;
    const shares = this.#nextShares();
    if (shares.length === 0 && !this.#mayHaveUnknown) return;
    this.#claiming = this.#claim(shares).then((isDone) => {
      this.#claiming = undefined;
      if (isDone) this.#claimSoon();
    });
  }

  async #claim(shares: readonly Share[]): Promise<boolean> {
    // What wakes a project while it is being asked stands for what the answer does not have yet.
    for (const { projectId } of shares) this.#ready.delete(projectId);
    if (!this.#isSure()) return false;
    try {
      await this.#giveBackUnknown();
      if (shares.length === 0) return true;
      const claimed = await claimRuns(this.#pool, this.#owner, shares);
      this.#claimed += claimed.length;
      const counts = Map.groupBy(claimed, ({ row }) => row.projectId);
      for (const { projectId, runs } of shares) {
        if ((counts.get(projectId)?.length ?? 0) >= runs) this.#ready.add(projectId);
      }
      for (const run of claimed) void this.#carryOut(run);
      return true;
    } catch (error) {
      this.#mayHaveUnknown = true;
      this.#log.warn({ error }, "due runs could not be taken; the next look tries again");
      return false;
    }
  }

  async #carryOut(run: Parameters<Execution["attempt"]>[0]): Promise<void> {
    const { projectId } = run.row;
    this.#running += 1;
    this.#underWay.set(projectId, (this.#underWay.get(projectId) ?? 0) + 1);
    try {
      await this.#execution.attempt(run);
    } finally {
      const wasFull = this.#running >= this.#runsMax();
      this.#running -= 1;
      const left = this.#underWay.get(projectId)! - 1;
      if (left === 0) this.#underWay.delete(projectId);
      else this.#underWay.set(projectId, left);
      this.#makeRoom(wasFull);
    }
  }

  /** A full dispatcher lets a few more runs end before it takes new ones: one statement for several. */
  #makeRoom(wasFull: boolean): void {
    if (this.#stopped || this.#ready.size === 0 || this.#gathering !== undefined) return;
    if (!wasFull) return this.#claimSoon();
    this.#gathering = setTimeout(() => {
      this.#gathering = undefined;
      this.#claimSoon();
    }, GATHER_MS);
  }

  /** How many runs each of the projects whose turn it is may have now. */
  #nextShares(): Share[] {
    if (this.#ready.size === 0) return [];
    const runsMax = this.#runsMax();
    const projectRunsMax = Math.max(1, Math.ceil(runsMax * PROJECT_SHARE));
    let free = Math.min(runsMax - this.#running, CLAIM_MAX);
    const shares: { projectId: string; runs: number }[] = [];
    const each = Math.max(1, Math.floor(free / this.#ready.size));
    for (const projectId of this.#ready) {
      if (free <= 0) break;
      const runs = Math.min(each, free, projectRunsMax - (this.#underWay.get(projectId) ?? 0));
      if (runs <= 0) continue;
      shares.push({ projectId, runs });
      free -= runs;
    }
    return shares;
  }

  async #giveBackUnknown(): Promise<void> {
    if (!this.#mayHaveUnknown) return;
    const given = await giveBackUnknown(this.#pool, this.#owner, this.#execution.runIds());
    this.#mayHaveUnknown = false;
    if (given > 0) this.#log.warn({ runs: given }, "runs were taken without an answer, and given back");
  }

  /** Looks for projects with due runs, a stretch of them at a time. */
  async #poll(): Promise<void> {
    try {
      const found = await dueProjects(this.#pool, this.#pollFrom, POLL_PROJECTS_MAX);
      this.#pollFrom = found.length < POLL_PROJECTS_MAX ? NO_PROJECT : found.at(-1)!;
      for (const projectId of found) this.wake(projectId);
      this.#claimSoon();
    } catch (error) {
      this.#log.warn({ error }, "it could not be looked for due runs; the next look tries again");
    }
  }
}
