import { Client } from "pg";
import type { Logger } from "../logger.ts";
import { ANSWER_MS, bounded } from "./pool.ts";

const RECONNECT_MS = 1_000;

/**
 * A connection of its own that hears what is notified on one channel of PostgreSQL. It connects again by itself; what
 * was said meanwhile is not heard, so whoever listens also looks by himself now and then.
 */
export class Listener implements AsyncDisposable {
  readonly #databaseUrl: string;
  readonly #channel: string;
  readonly #heard: (payload: string) => void;
  readonly #log: Logger;
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: {
    databaseUrl: string;
    channel: string;
    heard: (payload: string) => void;
    log: Logger;
  }) {
    this.#databaseUrl = parts.databaseUrl;
    this.#channel = parts.channel;
    this.#heard = parts.heard;
    this.#log = parts.log;
  }

  /** Connects for the first time; answers when that has worked or will be tried again. */
  async start(): Promise<void> {
    const client = new Client({ connectionString: this.#databaseUrl, ...bounded(ANSWER_MS) });
    client.on("notification", ({ payload }) => this.#heard(payload ?? ""));
    client.on("error", () => {});
    client.on("end", () => this.#again(client));
    this.#client = client;
    try {
      await client.connect();
      await client.query(`listen ${this.#channel}`);
    } catch (error) {
      this.#log.warn({ error, channel: this.#channel }, "the database cannot be listened to; trying again");
      client.end().catch(() => {});
      this.#again(client);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#client?.end().catch(() => {});
  }

  #again(client: Client): void {
    if (this.#closed || this.#client !== client) return;
    this.#client = undefined;
    this.#timer = setTimeout(() => void this.start(), RECONNECT_MS);
  }
}
