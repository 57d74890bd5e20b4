import type { MikroORM } from "@mikro-orm/postgresql";
import { LRUCache } from "lru-cache";
import { CodeEntity } from "../core/db/entities/codes.ts";
import { ProjectEntity } from "../core/db/entities/projects.ts";
import { Refusal } from "../core/errors.ts";
import type { Pool, PoolChange, PoolDescription, PoolNode } from "../runner/pool.ts";
import { type Call, codeNotFound, projectNotFound, requireOperator, requireRole } from "./access.ts";

/** The pool as one caller may see it. */
export type PoolSight = PoolDescription & { readonly instanceId: string };

/** What a watcher is told. */
export type PoolItem =
  | { readonly kind: "pool"; readonly pool: PoolSight }
  | { readonly kind: "change"; readonly change: PoolChange }
  | { readonly kind: "heartbeat" };

/** How often a watcher is shown the whole pool at most. */
const WHOLE_MS = 1_000;
const HEARTBEAT_MS = 15_000;
/** A watcher that has not read so many changes is shown the whole pool instead. */
const CHANGES_MAX = 100;
const PROJECTS_KNOWN_MAX = 10_000;

/**
 * Shows the pool: all of it to the operator, and to others the nodes and the queue with what of them is their
 * project's. Lifts quarantines.
 */
export class PoolView {
  readonly #orm: MikroORM;
  readonly #pool: Pool;
  readonly #instanceId: string;
  /** The projects of codes, which never change. */
  readonly #projectOf = new LRUCache<string, string>({ max: PROJECTS_KNOWN_MAX });

  constructor(parts: { orm: MikroORM; pool: Pool; instanceId: string }) {
    this.#orm = parts.orm;
    this.#pool = parts.pool;
    this.#instanceId = parts.instanceId;
  }

  /** The pool with a project's share of it; with an empty id with everybody's, for the operator. */
  async get(call: Call, projectId: string): Promise<PoolSight> {
    await this.#admit(call, projectId);
    return this.#look(projectId);
  }

  /** First the pool, then each change when it happens and the whole again while figures change, until the signal fires. */
  async *watch(call: Call, projectId: string): AsyncGenerator<PoolItem> {
    await this.#admit(call, projectId);
    const changes: PoolChange[] = [];
    let wake = () => {};
    using _ = this.#pool.onChange((change) => {
      if (projectId !== "" && change.quarantine !== undefined && change.quarantine.projectId !== projectId)
        return;
      if (changes.length <= CHANGES_MAX) changes.push(change);
      wake();
    });
    let told = "";
    let [toldMs, shownMs] = [performance.now(), Number.NEGATIVE_INFINITY];
    while (!call.signal.aborted) {
      const hasMissed = changes.length > CHANGES_MAX;
      const fresh = changes.splice(0);
      if (!hasMissed) for (const change of fresh) yield { kind: "change", change };
      if (fresh.length > 0) toldMs = performance.now();
      if (hasMissed || performance.now() - shownMs >= WHOLE_MS) {
        const pool = await this.#look(projectId);
        shownMs = performance.now();
        const text = JSON.stringify(pool);
        if (text !== told) {
          yield { kind: "pool", pool };
          toldMs = performance.now();
        }
        told = text;
      }
      if (performance.now() - toldMs >= HEARTBEAT_MS) {
        yield { kind: "heartbeat" };
        toldMs = performance.now();
      }
      if (changes.length === 0) await until(WHOLE_MS, call.signal, (woken) => (wake = woken));
    }
  }

  /** Lets a version run again. Throws `NOT_QUARANTINED` where it is not refused. */
  async lift(call: Call, codeId: string, version: number): Promise<void> {
    const projectId = (await this.#projectsOf([codeId])).get(codeId);
    if (projectId === undefined) throw codeNotFound(codeId);
    requireRole(call.caller, "EDITOR", { projectId, notFound: () => codeNotFound(codeId) });
    if (this.#pool.quarantines.lift(codeId, version)) return;
    throw new Refusal("NOT_QUARANTINED", `version ${version} is not refused; GetPool shows those that are`, {
      codeId,
      version: String(version),
    });
  }

  async #admit({ caller }: Call, projectId: string): Promise<void> {
    if (projectId === "") return requireOperator(caller);
    requireRole(caller, "VIEWER", { projectId, notFound: () => projectNotFound(projectId) });
    const project = await this.#orm.em.fork().findOne(ProjectEntity, { id: projectId, deleteTime: null });
    if (project === null) throw projectNotFound(projectId);
  }

  async #look(projectId: string): Promise<PoolSight> {
    const pool = { ...this.#pool.describe(), instanceId: this.#instanceId };
    if (projectId === "") return pool;
    const codeIds = new Set(
      pool.nodes.flatMap(({ description }) => description?.warm.map(({ codeId }) => codeId) ?? []),
    );
    const projects = await this.#projectsOf([...codeIds]);
    return {
      ...pool,
      nodes: pool.nodes.map((node) => withWarm(node, (codeId) => projects.get(codeId) === projectId)),
      queue: { ...pool.queue, shares: pool.queue.shares.filter((share) => share.projectId === projectId) },
      quarantines: pool.quarantines.filter((quarantine) => quarantine.projectId === projectId),
    };
  }

  /** The projects of codes; tries, which have no code, have none. */
  async #projectsOf(codeIds: readonly string[]): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    const unknown: string[] = [];
    for (const codeId of codeIds) {
      const known = this.#projectOf.get(codeId);
      if (known !== undefined) found.set(codeId, known);
      else if (codeId !== "") unknown.push(codeId);
    }
    if (unknown.length === 0) return found;
    const codes = await this.#orm.em
      .fork()
      .find(CodeEntity, { id: { $in: unknown } }, { fields: ["id", "projectId"] });
    for (const { id, projectId } of codes) {
      this.#projectOf.set(id, projectId);
      found.set(id, projectId);
    }
    return found;
  }
}

function withWarm(node: PoolNode, isShown: (codeId: string) => boolean): PoolNode {
  const { description } = node;
  if (description === undefined) return node;
  return {
    ...node,
    description: { ...description, warm: description.warm.filter(({ codeId }) => isShown(codeId)) },
  };
}

/** Resolves after a while, when the signal fires, or when what `wakes` was given is called. */
function until(ms: number, signal: AbortSignal, wakes: (woken: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    signal.addEventListener("abort", over);
    if (signal.aborted) over();
    wakes(over);
  });
}
