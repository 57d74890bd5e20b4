import { createHash } from "node:crypto";
import { Client } from "pg";
import { bounded } from "../core/db/pool.ts";

const RECONNECT_MS = 1_000;
/** How long the database may take to answer: nothing else is asked on the connection, and it is asked twice a second. */
const ANSWER_MS = 10_000;
/** How long a connection is waited for that is ended. */
const END_MS = 5_000;

interface Settings {
  readonly databaseUrl: string;
  /** This service's id, which the others find it by. */
  readonly instanceId: string;
  /** Of the key that seals secrets: services on one database have the same. */
  readonly keyFingerprint: number;
  /** Whether others may use the database too, because all are told what one of them learns. */
  readonly isShared: boolean;
}

/**
 * This service's place on the database, held by advisory locks as long as their connection lives: alone, where nobody
 * would tell the others what one of them learns, or beside others who do. It also shows who else is there now, to the
 * moment, since what a killed service held is gone with its connection.
 */
export class ServiceLock implements AsyncDisposable {
  readonly #settings: Settings;
  readonly #lost: (error: Error) => void;
  #client: Client | undefined;
  #closed = false;

  constructor(settings: Settings, lost: (error: Error) => void) {
    this.#settings = settings;
    this.#lost = lost;
  }

  /** Throws `NotShared` when another service holds the database in a way that does not go with this one's. */
  async take(): Promise<void> {
    const client = new Client({ connectionString: this.#settings.databaseUrl, ...bounded(ANSWER_MS) });
    client.on("error", () => {});
    await client.connect();
    try {
      await join(client, this.#settings);
    } catch (error) {
      await client.end();
      throw error;
    }
    if (this.#closed) return client.end();
    client.on("end", () => void this.#takeAgain());
    this.#client = client;
  }

  /** Stands for the database, and no other, also where its name is a common one. */
  async databaseId(): Promise<string> {
    const { rows } = await this.#connected().query<{ id: string }>(
      `select system_identifier || '-' || pg_database.oid as id from pg_control_system(), pg_database
       where datname = current_database()`,
    );
    return rows[0]!.id;
  }

  /** The tags of the other services that are alive now. Rejects while the connection is away. */
  async others(): Promise<ReadonlySet<number>> {
    const client = this.#connected();
    try {
      const { rows } = await client.query<{ tag: number }>({ name: "others", text: OTHERS });
      return new Set(rows.map(({ tag }) => tag));
    } catch (error) {
      // What it was asked may still be under way, and whatever came next would wait behind that.
      client.end().catch(() => {});
      throw error;
    }
  }

  #connected(): Client {
    if (this.#client === undefined) throw new Error("the connection that holds the database is away");
    return this.#client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#client?.end();
  }

  /** The connection broke, as when PostgreSQL restarts: the lock is taken again as soon as there is one to take. */
  async #takeAgain(): Promise<void> {
    this.#client = undefined;
    while (!this.#closed) {
      try {
        return await this.take();
      } catch (error) {
        if (error instanceof NotShared) return this.#lost(error);
        await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
      }
    }
  }
}

/** Another service uses the database in a way that does not go with this one's; the message says what to set. */
export class NotShared extends Error {
  override name = "NotShared";
}

/** A service's id as a lock can carry it. */
export function tagOf(instanceId: string): number {
  return createHash("sha256").update(instanceId).digest().readInt32BE(0);
}

/** Takes the locks, or throws `NotShared`. Only one service at a time does this, so that the first of two is let in. */
async function join(client: Client, settings: Settings): Promise<void> {
  await client.query("begin");
  await client.query("select pg_advisory_xact_lock(hashtext('codeactions.joining'))");
  // Of a connection that broke on this side only the database may not know yet, and what that holds is this service's.
  await client.query(END_OWN, [tagOf(settings.instanceId), END_MS]);
  const { rows } = await client.query<{ taken: boolean }>(
    `select pg_try_advisory_lock${settings.isShared ? "_shared" : ""}(hashtext('codeactions.service')) as taken`,
  );
  if (!rows[0]?.taken) throw new NotShared(settings.isShared ? OTHER_IS_ALONE : NOT_ALONE);
  await client.query(
    `select pg_advisory_lock_shared(hashtext('codeactions.key'), $1),
       pg_advisory_lock_shared(hashtext('codeactions.instance'), $2)`,
    [settings.keyFingerprint, tagOf(settings.instanceId)],
  );
  const { rows: keys } = await client.query<{ tag: number }>(heldByOthers("codeactions.key"));
  if (keys.some(({ tag }) => tag !== settings.keyFingerprint)) throw new NotShared(OTHER_KEY);
  await client.query("commit");
}

/** The locks of a family that other connections to this database hold. */
function locksOfOthers(family: string): string {
  return `from pg_locks where locktype = 'advisory' and objsubid = 2 and granted and pid <> pg_backend_pid()
    and classid::bigint = hashtext('${family}')::bigint & x'ffffffff'::bigint
    and database = (select oid from pg_database where datname = current_database())`;
}

/** The second numbers of a family of locks, as other connections hold them. */
function heldByOthers(family: string): string {
  return `select distinct ${SECOND} as tag ${locksOfOthers(family)}`;
}

// The table of locks has both numbers as unsigned ones.
const SECOND = "('x' || lpad(to_hex(objid::bigint), 8, '0'))::bit(32)::int";
const OTHERS = heldByOthers("codeactions.instance");
const END_OWN = `select pg_terminate_backend(pid, $2::bigint) ${locksOfOthers("codeactions.instance")}
  and ${SECOND} = $1::int`;

const NOT_ALONE =
  "another Code Actions is using this database; several may share it where each has the same REDIS_URL and the same CODEACTIONS_SECRET_KEY. Set both, or stop the other one, or give this one a DATABASE_URL of its own";
const OTHER_IS_ALONE =
  "another Code Actions without REDIS_URL is using this database and would not hear of what this one changes; stop it, and start it with the REDIS_URL and CODEACTIONS_SECRET_KEY of this one";
const OTHER_KEY =
  "another Code Actions on this database has another key: what one seals the other could not open. Set CODEACTIONS_SECRET_KEY to the same value for all of them (where it is not set, each makes a key of its own in its data folder)";
