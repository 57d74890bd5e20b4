import { createHash } from "node:crypto";
import type { MikroORM } from "@mikro-orm/postgresql";
import { LRUCache } from "lru-cache";
import type { Pool } from "pg";
import { type Code, CodeEntity, type Language } from "../core/db/entities/codes.ts";
import { ProjectEntity } from "../core/db/entities/projects.ts";
import { Refusal } from "../core/errors.ts";
import type { Program } from "../sandbox/program.ts";
import { codeNotFound } from "./access.ts";
import { effectiveHosts, type HostSettings, requireHosts } from "./egress-hosts.ts";
import { type LimitSettings, programLimits, requireWithinCeilings } from "./limits.ts";
import type { News } from "./news.ts";

/** One version of a code, ready to be run: what the call path needs, read once and kept. */
export interface Runnable {
  readonly code: Readonly<Code>;
  readonly version: number;
  readonly program: Program;
}

const RUNNABLES_MAX = 2_000;
const ADDRESSES_MAX = 10_000;

/**
 * What the call path looks up, kept in memory. Entries are dropped by the event that makes them wrong, never merely
 * by age; an entry whose loading had begun before such an event is not kept.
 */
export class Catalog {
  readonly #orm: MikroORM;
  readonly #pool: Pool;
  readonly #settings: LimitSettings & HostSettings;
  readonly #runnables = new LRUCache<string, Promise<Runnable>>({ max: RUNNABLES_MAX });
  readonly #addresses = new LRUCache<string, Promise<string | undefined>>({ max: ADDRESSES_MAX });
  /** The keys in `#runnables` that belong to a code. */
  readonly #keysOf = new Map<string, Set<string>>();
  readonly #onDeleted: (codeId: string) => void;
  readonly #tell: News["tell"];

  constructor(parts: {
    orm: MikroORM;
    pool: Pool;
    settings: LimitSettings & HostSettings;
    /** Called when a code is deleted: what waits of it must go. */
    deleted: (codeId: string) => void;
    /** Tells the other services. */
    tell: News["tell"];
  }) {
    this.#orm = parts.orm;
    this.#pool = parts.pool;
    this.#settings = parts.settings;
    this.#onDeleted = parts.deleted;
    this.#tell = parts.tell;
  }

  /** A version of a code that is not deleted; number 0 is the active one. */
  runnable(codeId: string, number: number): Promise<Runnable> {
    const key = `${codeId} ${number}`;
    const known = this.#runnables.get(key);
    if (known !== undefined) return known;
    const loading = this.#load(codeId, number);
    this.#runnables.set(key, loading);
    const keys = this.#keysOf.get(codeId) ?? new Set();
    this.#keysOf.set(codeId, keys.add(key));
    // Refusals and failures are not remembered: the next call asks again.
    loading.catch(() => this.#forget(key, loading));
    return loading;
  }

  /** The id of the code at a project's and a code's slug; undefined when there is none. */
  codeAt(projectSlug: string, codeSlug: string): Promise<string | undefined> {
    const key = `${projectSlug}/${codeSlug}`;
    const known = this.#addresses.get(key);
    if (known !== undefined) return known;
    const loading = this.#findAddress(projectSlug, codeSlug);
    this.#addresses.set(key, loading);
    const forget = () => {
      if (this.#addresses.peek(key) === loading) this.#addresses.delete(key);
    };
    // That nothing is there is not remembered either, so that a new code answers at once.
    loading.then((codeId) => codeId === undefined && forget(), forget);
    return loading;
  }

  /** A code was changed, published, rolled back or brought back. All services know it when this resolves. */
  async changed(codeId: string): Promise<void> {
    this.forgetCode(codeId);
    await this.#tell({ kind: "code", codeId, isDeleted: false });
    this.expect(codeId);
  }

  /** What has just been made is likely to be called next: its first call does not wait for it to be read. */
  expect(codeId: string): void {
    // Why it cannot be run its callers are told, who ask again.
    this.runnable(codeId, 0).catch(() => {});
  }

  /** A code was deleted: what waits of it ends. All services know it when this resolves. */
  deleted(codeId: string): Promise<void> {
    this.forgetDeleted(codeId);
    return this.#tell({ kind: "code", codeId, isDeleted: true });
  }

  forgetCode(codeId: string): void {
    for (const key of this.#keysOf.get(codeId) ?? []) this.#runnables.delete(key);
    this.#keysOf.delete(codeId);
    this.#addresses.clear();
  }

  forgetDeleted(codeId: string): void {
    this.forgetCode(codeId);
    this.#onDeleted(codeId);
  }

  forgetAll(): void {
    this.#runnables.clear();
    this.#keysOf.clear();
    this.#addresses.clear();
  }

  #forget(key: string, loading: Promise<Runnable>): void {
    if (this.#runnables.peek(key) === loading) this.#runnables.delete(key);
  }

  async #load(codeId: string, number: number): Promise<Runnable> {
    // One question instead of three: a first call waits for it.
    const values = [codeId, number];
    const { rows } = await this.#pool.query<FoundRow>({ name: "find-runnable", text: FIND, values });
    if (rows[0] === undefined) throw codeNotFound(codeId);
    const { wanted_version: wanted, project_egress_hosts, source, source_sha256, ...row } = rows[0];
    const code = this.#orm.em.fork().map(CodeEntity, row);
    const { egressHosts, egressHostsCeiling } = this.#settings;
    const hosts = effectiveHosts([code.egressHosts, project_egress_hosts, egressHosts]);
    // The operator may have lowered the ceilings since it was stored.
    requireWithinCeilings(code, this.#settings);
    requireHosts(hosts, "egress_hosts", egressHostsCeiling);
    if (wanted === 0) {
      throw new Refusal("NO_ACTIVE_VERSION", "the code has only drafts; ActivateCodeVersion publishes one", {
        codeId,
      });
    }
    if (source === null || source_sha256 === null) {
      throw new Refusal(
        "VERSION_NOT_FOUND",
        `the code has no version ${wanted}; ListCodeVersions shows those it has`,
        {
          codeId,
          number: String(wanted),
        },
      );
    }
    const settings = {
      environment: code.environment as Record<string, string>,
      ...programLimits(code, this.#settings),
      concurrencyMax: code.maxConcurrency,
      egressHosts: hosts,
      isFresh: code.isolation === "FRESH",
    };
    const program: Program = {
      key: `${codeId} ${wanted} ${digest(settings)}`,
      language: code.language as Language,
      source,
      sourceSha256: source_sha256,
      ...settings,
    };
    return { code, version: wanted, program };
  }

  async #findAddress(projectSlug: string, codeSlug: string): Promise<string | undefined> {
    const em = this.#orm.em.fork();
    const project = await em.findOne(ProjectEntity, { slug: projectSlug, deleteTime: null });
    if (project === null) return undefined;
    const code = await em.findOne(CodeEntity, { projectId: project.id, slug: codeSlug, deleteTime: null });
    return code?.id;
  }
}

/** A code's row, and beside its columns what else decides how it runs. */
interface FoundRow {
  readonly wanted_version: number;
  readonly project_egress_hosts: readonly string[];
  /** Null when there is no such version. */
  readonly source: string | null;
  readonly source_sha256: string | null;
}

const FIND = `
select codes.*, wanted.number as wanted_version, projects.default_egress_hosts as project_egress_hosts,
  code_versions.source, code_versions.source_sha256
from codes
cross join lateral (select case $2::int when 0 then codes.active_version else $2::int end as number) as wanted
join projects on projects.id = codes.project_id and projects.delete_time is null
left join code_versions on code_versions.code_id = codes.id and code_versions.number = wanted.number
where codes.id = $1 and codes.delete_time is null`;

/** Stands for everything but the source that makes a worker what it is: one made under other settings is not used. */
function digest(settings: object): string {
  return createHash("sha256").update(JSON.stringify(settings)).digest("base64url").slice(0, 11);
}
