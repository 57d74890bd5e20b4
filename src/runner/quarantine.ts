import { Refusal } from "../core/errors.ts";
import type { Invocation, Outcome } from "../sandbox/program.ts";

/** A version whose workers kept dying: it is refused until `endMs`, and then tried by one run at a time. */
export interface Quarantine {
  readonly projectId: string;
  readonly codeId: string;
  readonly version: number;
  /** What its workers died of last. */
  readonly reason: string;
  /** In milliseconds since the epoch. */
  readonly beginMs: number;
  readonly endMs: number;
  /** How often in a row it has been refused, from 1. */
  readonly round: number;
}

export interface QuarantineChange {
  readonly kind: "QUARANTINED" | "QUARANTINE_LIFTED";
  readonly quarantine: Quarantine;
  /** It was found out here, and not told by another service. */
  readonly isOurs: boolean;
}

/** What one service tells another one of it. */
export type QuarantineNews = Pick<QuarantineChange, "kind" | "quarantine">;

type Context = Invocation["context"];

/** What is known of a version whose workers have died lately. */
interface Case {
  /** When they died, without one that has answered in between. */
  readonly deathsMs: number[];
  quarantine: Quarantine | undefined;
  /** A run is under way that shows whether it has become better. */
  isProbed: boolean;
}

/** Deaths in a row within the window that make a quarantine. */
const DEATHS = 5;
const WINDOW_MS = 60_000;
const FIRST_MS = 10_000;
const LONGEST_MS = 600_000;
/** A version that nobody has called for so long after its time is forgotten, and so is that one was let out. */
const FORGET_MS = 600_000;
const CASES_MAX = 1_000;
const PROBED_RETRY_MS = 1_000;

/**
 * Versions whose workers keep dying, so that starting ever new ones costs others nothing. Only deaths count: memory,
 * exits, signals and a broken line. Exceptions and time-outs are answers of a code; a lost node is not its fault.
 */
export class Quarantines {
  readonly #cases = new Map<string, Case>();
  /** When versions were let out, by key, the latest last: a service that was cut off may not know of it yet. */
  readonly #liftsMs = new Map<string, number>();
  readonly #changed: (change: QuarantineChange) => void;

  constructor(changed: (change: QuarantineChange) => void) {
    this.#changed = changed;
  }

  /** All there are, the newest first. */
  list(): Quarantine[] {
    const nowMs = Date.now();
    return [...this.#cases.values()]
      .map(({ quarantine }) => quarantine)
      .filter((quarantine) => quarantine !== undefined && !isForgotten(quarantine, nowMs))
      .map((quarantine) => quarantine!)
      .toSorted((one, other) => other.beginMs - one.beginMs);
  }

  /** Lets a run through; true when it is to show whether its version has become better. Throws the refusal. */
  admit(context: Context): boolean {
    if (this.#cases.size === 0) return false;
    const found = this.#cases.get(keyOf(context));
    const { quarantine } = found ?? {};
    if (found === undefined || quarantine === undefined) return false;
    const nowMs = Date.now();
    if (isForgotten(quarantine, nowMs)) {
      this.#cases.delete(keyOf(context));
      return false;
    }
    if (nowMs < quarantine.endMs) throw refused(quarantine, quarantine.endMs - nowMs);
    if (found.isProbed) throw refused(quarantine, PROBED_RETRY_MS);
    found.isProbed = true;
    return true;
  }

  /** A run that was let through has ended. */
  ended(context: Context, outcome: Outcome, isProbe: boolean): void {
    if (context.codeId === "") return;
    const died = isDeath(outcome);
    if (!died && this.#cases.size === 0) return;
    const found = this.#cases.get(keyOf(context));
    if (found?.quarantine !== undefined) {
      // What began before it was refused says nothing new.
      if (isProbe) this.#judge(found, found.quarantine, outcome);
    } else if (died) this.#count(context, found ?? this.#open(context), outcome);
    else if (isAnswer(outcome)) this.#cases.delete(keyOf(context));
  }

  /** A run that was to show whether its version has become better has not come to that. */
  notBegun(context: Context): void {
    const found = this.#cases.get(keyOf(context));
    if (found !== undefined) found.isProbed = false;
  }

  /** Lets a version run again. False when it is not refused. */
  lift(codeId: string, version: number, isOurs = true): boolean {
    const key = keyOf({ codeId, version });
    this.#rememberLift(key);
    const quarantine = this.#cases.get(key)?.quarantine;
    if (quarantine === undefined || isForgotten(quarantine, Date.now())) return false;
    this.#cases.delete(key);
    this.#changed({ kind: "QUARANTINE_LIFTED", quarantine, isOurs });
    return true;
  }

  /**
   * Another service has found it out, or has lifted it. Of two that were found out, the one that ends later stands; one
   * that began before it was lifted does not come back.
   */
  hear({ kind, quarantine }: QuarantineNews): void {
    const { codeId, version, beginMs, endMs } = quarantine;
    if (kind === "QUARANTINE_LIFTED") return void this.lift(codeId, version, false);
    const liftMs = this.#liftsMs.get(keyOf(quarantine));
    if (liftMs !== undefined && beginMs < liftMs) return;
    const found = this.#cases.get(keyOf(quarantine)) ?? this.#open(quarantine);
    if (found.quarantine === undefined || found.quarantine.endMs < endMs)
      this.#refuse(found, quarantine, false);
  }

  #rememberLift(key: string): void {
    const nowMs = Date.now();
    this.#liftsMs.delete(key);
    this.#liftsMs.set(key, nowMs);
    for (const [known, liftMs] of this.#liftsMs) {
      if (liftMs >= nowMs - FORGET_MS && this.#liftsMs.size <= CASES_MAX) break;
      this.#liftsMs.delete(known);
    }
  }

  #count(context: Context, found: Case, outcome: Outcome): void {
    const nowMs = Date.now();
    found.deathsMs.push(nowMs);
    while (found.deathsMs[0]! < nowMs - WINDOW_MS) found.deathsMs.shift();
    if (found.deathsMs.length >= DEATHS) this.#refuse(found, begin(context, outcome, 1), true);
  }

  #judge(found: Case, quarantine: Quarantine, outcome: Outcome): void {
    found.isProbed = false;
    if (isDeath(outcome)) this.#refuse(found, begin(quarantine, outcome, quarantine.round + 1), true);
    else if (isAnswer(outcome)) this.lift(quarantine.codeId, quarantine.version);
  }

  #refuse(found: Case, quarantine: Quarantine, isOurs: boolean): void {
    found.deathsMs.length = 0;
    found.quarantine = quarantine;
    this.#changed({ kind: "QUARANTINED", quarantine, isOurs });
  }

  /** Beyond the most there may be, the one that was opened first is dropped. */
  #open(context: Pick<Context, "codeId" | "version">): Case {
    const [oldest] = this.#cases.keys();
    if (this.#cases.size >= CASES_MAX && oldest !== undefined) this.#cases.delete(oldest);
    const opened: Case = { deathsMs: [], quarantine: undefined, isProbed: false };
    this.#cases.set(keyOf(context), opened);
    return opened;
  }
}

function keyOf({ codeId, version }: Pick<Context, "codeId" | "version">): string {
  return `${codeId} ${version}`;
}

function isForgotten({ endMs }: Quarantine, nowMs: number): boolean {
  return nowMs > endMs + FORGET_MS;
}

/** Whether its worker ended although nobody ended it. */
function isDeath({ status, error }: Outcome): boolean {
  if (status === "OUT_OF_MEMORY") return true;
  // An exception may have any name, but it has a traceback.
  return status === "FAILED" && error?.traceback === "" && DEADLY.has(error.kind);
}

const DEADLY: ReadonlySet<string> = new Set(["Exit", "Signal", "Protocol"]);

/** Whether the code has answered, well or not. */
function isAnswer({ status }: Outcome): boolean {
  return status === "SUCCEEDED" || status === "FAILED";
}

function begin(
  { projectId, codeId, version }: Pick<Quarantine, "projectId" | "codeId" | "version">,
  { error }: Outcome,
  round: number,
): Quarantine {
  const beginMs = Date.now();
  const endMs = beginMs + Math.min(FIRST_MS * 2 ** (round - 1), LONGEST_MS);
  return { projectId, codeId, version, reason: error?.message ?? "its worker died", beginMs, endMs, round };
}

function refused({ codeId, version, reason }: Quarantine, retryAfterMs: number): Refusal {
  return new Refusal(
    "CODE_QUARANTINED",
    `version ${version} is refused for now because its workers kept dying: ${reason}; publish a better one, or lift it with LiftQuarantine`,
    { codeId, version: String(version), reason },
    { retryAfterMs },
  );
}
