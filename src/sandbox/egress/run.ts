import type { Socket } from "node:net";
import { type HostPattern, isHostAllowed, type Target, writeTarget } from "./rules.ts";

/** What a guest wants, or what is wrong with how it asks; then the target is what can be shown of it. */
export interface Asked {
  readonly target: Target;
  readonly problem?: string;
}

/** What came of one connection: a tunnel, or one plain HTTP request. */
export interface EgressReport {
  readonly host: string;
  readonly port: number;
  /** Where it went; missing when it went nowhere. */
  readonly address?: string;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly durationMs: number;
  /**
   * `closed`: one of the two had enough. `refused`: a rule or a limit forbids it. `failed`: the host was not found, not
   * reached, or broke off. `cut`: a limit was reached under way, or the run ended.
   */
  readonly verdict: "closed" | "refused" | "failed" | "cut";
  /** A sentence; missing when it was closed. */
  readonly why?: string;
}

export interface EgressLimits {
  /** At once, of one worker. */
  readonly connectionsMax: number;
  /** Refused ones count too. */
  readonly connectionsPerRunMax: number;
  /** Both ways together. */
  readonly bytesPerRunMax: number;
  /** Finding the host's addresses and connecting to one of them. */
  readonly connectMs: number;
  /** Without a byte in either direction. */
  readonly idleMs: number;
}

/** What is not done, with the status that says so. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** One run's connections: counts them, reports each of them once, and cuts them at its end. */
export class EgressRun {
  readonly #rules: readonly HostPattern[];
  readonly #report: (report: EgressReport) => void;
  readonly #limits: EgressLimits;
  readonly #open = new Set<Connection>();
  #connections = 0;
  #bytes = 0;

  constructor(rules: readonly HostPattern[], report: (report: EgressReport) => void, limits: EgressLimits) {
    this.#rules = rules;
    this.#report = report;
    this.#limits = limits;
  }

  /** Begins a connection; nothing where the run has had so many that another one is not even worth a report. */
  open(target: Target, guest: Socket): Connection | undefined {
    this.#connections += 1;
    // The first one that is too many is reported and speaks for those that follow.
    if (this.#connections > this.#limits.connectionsPerRunMax + 1) return undefined;
    const connection: Connection = new Connection(target, guest, this.#limits.idleMs, {
      spend: (bytes) => this.#spend(bytes),
      finished: (report) => {
        this.#open.delete(connection);
        this.#report(report);
      },
    });
    this.#open.add(connection);
    return connection;
  }

  /** Throws `Refusal` unless a connection that was just opened is within the limits and the rules. */
  require({ target, problem }: Asked): void {
    const { connectionsMax, connectionsPerRunMax, bytesPerRunMax } = this.#limits;
    if (this.#connections > connectionsPerRunMax) {
      throw new Refusal(429, `the run has had ${connectionsPerRunMax} connections, and it may have no more`);
    }
    if (this.#bytes > bytesPerRunMax) throw new Refusal(429, this.#tooManyBytes());
    if (this.#open.size > connectionsMax) {
      throw new Refusal(503, `${connectionsMax} connections are open, and no more may be at once`);
    }
    if (problem !== undefined) throw new Refusal(400, problem);
    if (!isHostAllowed(this.#rules, target.host, target.port)) {
      const name = writeTarget(target);
      throw new Refusal(403, `${name} is not among this code's egress_hosts: add it there to reach it`);
    }
  }

  end(): void {
    this.#cut("the run ended");
  }

  /** False when it was too much. */
  #spend(bytes: number): boolean {
    this.#bytes += bytes;
    const isWithin = this.#bytes <= this.#limits.bytesPerRunMax;
    if (!isWithin) this.#cut(this.#tooManyBytes());
    return isWithin;
  }

  #tooManyBytes(): string {
    return `the run has moved more than the ${this.#limits.bytesPerRunMax} bytes that it may`;
  }

  #cut(why: string): void {
    for (const connection of [...this.#open]) connection.finish("cut", why);
  }
}

/** What is told of a connection. */
interface Account {
  /** False when these bytes were too many; the connection has been cut then. */
  spend(bytes: number): boolean;
  finished(report: EgressReport): void;
}

/** A connection under way. It finishes once, and whatever was opened for it is closed then. */
export class Connection {
  readonly #target: Target;
  readonly #guest: Socket;
  readonly #account: Account;
  readonly #over = new AbortController();
  readonly #beganMs = performance.now();
  readonly #idle: NodeJS.Timeout;
  #upstream: Socket | undefined;
  #address: string | undefined;
  #counted = 0;

  constructor(target: Target, guest: Socket, idleMs: number, account: Account) {
    this.#target = target;
    this.#guest = guest;
    this.#account = account;
    const why = `nothing was sent or received for ${idleMs / 1000} s`;
    this.#idle = setTimeout(() => this.finish("cut", why), idleMs).unref();
  }

  /** Aborted when it has finished. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** From now on its bytes count. Throws where it was over before. */
  connected(upstream: Socket): void {
    if (this.over.aborted) {
      upstream.destroy();
      throw new Refusal(502, "it was given up");
    }
    this.#upstream = upstream;
    this.#address = upstream.remoteAddress;
  }

  /** Something went one way or the other. */
  moved(): void {
    if (this.over.aborted) return;
    this.#idle.refresh();
    this.#count();
  }

  /** Bytes that the guest sent and that go nowhere: they are part of its limit too. */
  waste(bytes: number): void {
    if (!this.#account.spend(bytes)) this.#guest.destroy();
  }

  /** Finishes it with what went wrong, unless it is over already, and says so in the guest's words. */
  fail(error: unknown): Refusal {
    const refusal = error instanceof Refusal ? error : new Refusal(502, `the proxy failed: ${String(error)}`);
    this.finish(refusal.status === 502 ? "failed" : "refused", refusal.message);
    return refusal;
  }

  finish(verdict: EgressReport["verdict"], why?: string): void {
    if (this.over.aborted) return;
    this.#over.abort();
    clearTimeout(this.#idle);
    this.#count();
    this.#upstream?.destroy();
    if (verdict === "cut") this.#guest.destroy();
    this.#account.finished({
      ...this.#target,
      ...(this.#address !== undefined && { address: this.#address }),
      bytesSent: this.#upstream?.bytesWritten ?? 0,
      bytesReceived: this.#upstream?.bytesRead ?? 0,
      durationMs: performance.now() - this.#beganMs,
      verdict,
      ...(why !== undefined && { why }),
    });
  }

  #count(): void {
    const bytes = (this.#upstream?.bytesWritten ?? 0) + (this.#upstream?.bytesRead ?? 0);
    const fresh = bytes - this.#counted;
    this.#counted = bytes;
    this.#account.spend(fresh);
  }
}
