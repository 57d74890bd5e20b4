import { hostname } from "node:os";
import { Client } from "pg";
import { ALIVE } from "../core/db/pool.ts";
import type { Logger } from "../core/logger.ts";
import { TakenForGone } from "./journal-batch.ts";

/** Beats per lease: one may be late without harm. */
const BEATS = 3;

/**
 * This service's word that it lives: one row with a lease that is renewed over a connection of its own, so that no load
 * holds it up. When a lease has run out, others may take the service for gone and give its runs away; a service that
 * finds its row gone is told so, and has nothing left to do.
 */
export class Lease implements AsyncDisposable {
  readonly #databaseUrl: string;
  readonly #log: Logger;
  readonly #settings: { readonly id: string; readonly leaseMs: number };
  readonly #gone: (error: TakenForGone) => void;
  readonly #renewed: () => void;
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> | undefined;
  #renewedMs = Number.NEGATIVE_INFINITY;
  #regularSinceMs = Number.POSITIVE_INFINITY;

  constructor(parts: {
    databaseUrl: string;
    log: Logger;
    settings: { id: string; leaseMs: number };
    /** Called when others took this service for gone. */
    gone: (error: TakenForGone) => void;
    /** Called after each renewal. */
    renewed: () => void;
  }) {
    this.#databaseUrl = parts.databaseUrl;
    this.#log = parts.log;
    this.#settings = parts.settings;
    this.#gone = parts.gone;
    this.#renewed = parts.renewed;
  }

  /** Nobody can have taken this service for gone yet, by a clock that goes on while the process is stopped. */
  get isSure(): boolean {
    return performance.now() < this.#renewedMs + this.#settings.leaseMs;
  }

  /**
   * Whether this service may say that another one is gone: it has renewed its own lease in time for the length of one.
   * Whoever could not, as when the database was away, gives the others as long to come back.
   */
  get mayJudge(): boolean {
    return performance.now() >= this.#regularSinceMs + this.#settings.leaseMs;
  }

  /** Registers the service, and renews its lease from now on. */
  async take(): Promise<void> {
    const { id, leaseMs } = this.#settings;
    const sentMs = performance.now();
    const client = await this.#connected();
    await client.query(
      `insert into instances (id, host, pid, start_time, lease_until)
       values ($1, $2, $3, now(), now() + $4 * interval '1 millisecond')`,
      [id, hostname(), process.pid, leaseMs],
    );
    this.#note(sentMs);
    this.#timer = setInterval(() => this.beat(), leaseMs / BEATS);
  }

  /** Renews the lease, unless that is under way. */
  beat(): Promise<void> {
    this.#beating ??= this.#renew()
      .catch((error: unknown) => {
        this.#log.error({ error }, "the lease could not be renewed");
        this.#drop();
      })
      .finally(() => {
        this.#beating = undefined;
      });
    return this.#beating;
  }

  /** Gives the lease up: what is still this service's is for others to look after at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    const client = await this.#connected().catch(() => undefined);
    await client?.query("delete from instances where id = $1", [this.#settings.id]).catch(() => {});
    this.#drop();
  }

  async #renew(): Promise<void> {
    const sentMs = performance.now();
    const client = await this.#connected();
    const { rowCount } = await client.query(
      "update instances set lease_until = now() + $2 * interval '1 millisecond' where id = $1",
      [this.#settings.id, this.#settings.leaseMs],
    );
    if (rowCount === 0) {
      clearInterval(this.#timer);
      return this.#gone(new TakenForGone("others took this service for gone; its runs are theirs now"));
    }
    this.#note(sentMs);
    this.#renewed();
  }

  #note(sentMs: number): void {
    const isInTime = sentMs <= this.#renewedMs + (2 * this.#settings.leaseMs) / BEATS;
    if (!isInTime) this.#regularSinceMs = sentMs;
    this.#renewedMs = sentMs;
  }

  async #connected(): Promise<Client> {
    if (this.#client !== undefined) return this.#client;
    const limitMs = this.#settings.leaseMs / BEATS;
    const client = new Client({
      connectionString: this.#databaseUrl,
      ...ALIVE,
      connectionTimeoutMillis: limitMs,
      query_timeout: limitMs,
    });
    client.on("error", () => this.#drop(client));
    client.on("end", () => this.#drop(client));
    await client.connect();
    this.#client = client;
    return client;
  }

  #drop(client = this.#client): void {
    if (client === undefined || client !== this.#client) return;
    this.#client = undefined;
    client.end().catch(() => {});
  }
}
