import { createHmac, hash as digest, randomBytes } from "node:crypto";
import { UniqueConstraintViolationException } from "@mikro-orm/core";
import type { EntityManager, MikroORM } from "@mikro-orm/postgresql";
import { LRUCache } from "lru-cache";
import {
  type Project,
  ProjectEntity,
  type Role,
  type Token,
  TokenEntity,
} from "../core/db/entities/projects.ts";
import { Refusal } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { type Call, type Caller, projectNotFound, requireOperator, requireRole } from "./access.ts";
import { type HostSettings, requireHosts } from "./egress-hosts.ts";
import type { News } from "./news.ts";
import { type Page, type PageAsk, pageOf, pageSize, pageStartId } from "./pages.ts";
import { claimRequestId, NO_PROJECT } from "./request-ids.ts";
import { freeSlug, lockSlugs, slugOf } from "./slug.ts";

/** How long a deleted project, or a deleted code, can still be found before its rows are purged. */
export const PURGE_AFTER_DAYS = 30;
const TOKENS_PER_PROJECT_MAX = 1_000;

/** Keeps projects and the tokens that open them, and knows who a token is. */
export class Projects {
  readonly #orm: MikroORM;
  readonly #tokenKey: Buffer;
  /** Who presented secrets are, by hash. Emptied of a token the moment it is revoked. */
  readonly #callers = new LRUCache<string, { caller: Caller; expireTimeMs: number }>({ max: 10_000 });
  /** Counts what makes callers worthless: one that was looked up before such an event is not remembered after it. */
  #revocations = 0;
  readonly #projectChanged: () => void;
  readonly #tell: News["tell"];
  readonly #egressHostsCeiling: readonly string[];

  constructor(parts: {
    orm: MikroORM;
    /** What token secrets are derived from, so that a repeated CreateToken can show the same one. */
    tokenKey: Buffer;
    /** Called when a project was changed or deleted: what is cached of it must go. */
    projectChanged: () => void;
    /** Tells the other services. */
    tell: News["tell"];
    settings: Pick<HostSettings, "egressHostsCeiling">;
  }) {
    this.#orm = parts.orm;
    this.#tokenKey = parts.tokenKey;
    this.#projectChanged = parts.projectChanged;
    this.#tell = parts.tell;
    this.#egressHostsCeiling = parts.settings.egressHostsCeiling;
  }

  async create(call: Call, ask: { name: string; slug: string; requestId: string }): Promise<Project> {
    requireOperator(call.caller);
    return this.#transaction(async (em) => {
      const id = newId();
      if (ask.requestId !== "") {
        const key = { projectId: NO_PROJECT, requestId: ask.requestId, method: "CreateProject", ask };
        const earlier = await claimRequestId(em, key, id);
        if (earlier !== undefined) return findProject(em, earlier);
      }
      const slug = ask.slug === "" ? await this.#freeProjectSlug(em, ask.name) : ask.slug;
      const now = new Date();
      const project = em.create(ProjectEntity, {
        id,
        name: ask.name,
        slug,
        defaultEgressHosts: [],
        createTime: now,
        updateTime: now,
      });
      await em.flush();
      return project;
    });
  }

  async get(call: Call, projectId: string): Promise<Project> {
    requireRole(call.caller, "VIEWER", { projectId, notFound: () => projectNotFound(projectId) });
    return findProject(this.#orm.em.fork(), projectId);
  }

  async list(call: Call, ask: PageAsk): Promise<Page<Project>> {
    const question = { list: "projects", caller: call.caller.tokenId };
    const before = pageStartId(question, ask.token);
    const size = pageSize(ask.size);
    const mine = call.caller.kind === "operator" ? {} : { id: { $eq: call.caller.projectId } };
    const found = await this.#orm.em
      .fork()
      .find(
        ProjectEntity,
        { $and: [mine, before === undefined ? {} : { id: { $lt: before } }, { deleteTime: null }] },
        { orderBy: { id: "desc" }, limit: size + 1 },
      );
    return pageOf(found, size, question, (project) => project.id);
  }

  async update(
    call: Call,
    ask: {
      projectId: string;
      etag: string;
      name?: string | undefined;
      slug?: string | undefined;
      defaultEgressHosts?: readonly string[] | undefined;
    },
  ): Promise<Project> {
    const { projectId } = ask;
    requireRole(call.caller, "ADMIN", { projectId, notFound: () => projectNotFound(projectId) });
    if (ask.defaultEgressHosts !== undefined) {
      requireOperator(call.caller);
      requireHosts(ask.defaultEgressHosts, "default_egress_hosts", this.#egressHostsCeiling);
    }
    const project = await this.#transaction(async (em) => {
      const found = await findProject(em, projectId);
      requireEtag(found.revision, ask.etag);
      if (ask.name !== undefined) found.name = ask.name;
      if (ask.slug !== undefined) found.slug = ask.slug;
      if (ask.defaultEgressHosts !== undefined) found.defaultEgressHosts = [...ask.defaultEgressHosts];
      found.updateTime = new Date();
      await em.flush();
      return found;
    });
    this.#projectChanged();
    await this.#tell({ kind: "project", projectId });
    return project;
  }

  async delete(call: Call, ask: { projectId: string; etag: string }): Promise<Project> {
    const { projectId } = ask;
    requireOperator(call.caller);
    const project = await this.#transaction(async (em) => {
      const found = await findProject(em, projectId);
      requireEtag(found.revision, ask.etag);
      found.deleteTime = found.updateTime = new Date();
      await em.flush();
      return found;
    });
    this.forgetCallers();
    this.#projectChanged();
    await this.#tell({ kind: "project", projectId });
    return project;
  }

  async createToken(
    call: Call,
    ask: { projectId: string; name: string; role: Role; expireTime: Date | undefined; requestId: string },
  ): Promise<{ token: Token; secret: string }> {
    const { projectId } = ask;
    requireRole(call.caller, "ADMIN", { projectId, notFound: () => projectNotFound(projectId) });
    return this.#transaction(async (em) => {
      await findProject(em, projectId);
      const id = newId();
      if (ask.requestId !== "") {
        const key = { projectId, requestId: ask.requestId, method: "CreateToken", ask };
        const earlier = await claimRequestId(em, key, id);
        if (earlier !== undefined) {
          return { token: await findToken(em, projectId, earlier), secret: this.#secretOf(earlier) };
        }
      }
      if ((await em.count(TokenEntity, { projectId, revokeTime: null })) >= TOKENS_PER_PROJECT_MAX) {
        throw new Refusal(
          "QUOTA_EXCEEDED",
          `a project may have ${TOKENS_PER_PROJECT_MAX} tokens; revoke one first`,
          {},
          { quota: `${TOKENS_PER_PROJECT_MAX} tokens per project` },
        );
      }
      const secret = this.#secretOf(id);
      const token = em.create(TokenEntity, {
        id,
        projectId,
        name: ask.name,
        role: ask.role,
        secretSha256: hashOf(secret),
        createTime: new Date(),
        expireTime: ask.expireTime ?? null,
      });
      await em.flush();
      return { token, secret };
    });
  }

  async listTokens(call: Call, projectId: string, ask: PageAsk): Promise<Page<Token>> {
    requireRole(call.caller, "ADMIN", { projectId, notFound: () => projectNotFound(projectId) });
    const em = this.#orm.em.fork();
    await findProject(em, projectId);
    const question = { list: "tokens", projectId };
    const before = pageStartId(question, ask.token);
    const size = pageSize(ask.size);
    const where = { projectId, ...(before === undefined ? {} : { id: { $lt: before } }) };
    const found = await em.find(TokenEntity, where, { orderBy: { id: "desc" }, limit: size + 1 });
    return pageOf(found, size, question, (token) => token.id);
  }

  async revokeToken(call: Call, projectId: string, tokenId: string): Promise<Token> {
    requireRole(call.caller, "ADMIN", { projectId, notFound: () => projectNotFound(projectId) });
    const token = await this.#transaction(async (em) => {
      const found = await findToken(em, projectId, tokenId);
      found.revokeTime ??= new Date();
      await em.flush();
      return found;
    });
    this.#revocations += 1;
    this.#callers.delete(Buffer.from(token.secretSha256).toString("hex"));
    await this.#tell({ kind: "tokens" });
    return token;
  }

  /** Some token was revoked, or some project deleted: who callers are is asked anew. */
  forgetCallers(): void {
    this.#revocations += 1;
    this.#callers.clear();
  }

  /**
   * Who presents this secret. The answer is remembered until the token is revoked or its project deleted, so that a
   * call does not ask the database who is calling.
   */
  async authenticate(secret: string): Promise<Caller> {
    const hash = digest("sha256", secret, "hex");
    const known = this.#callers.get(hash);
    if (known !== undefined) {
      if (known.expireTimeMs > Date.now()) return known.caller;
      throw tokenInvalid();
    }
    const revocations = this.#revocations;
    const em = this.#orm.em.fork();
    const token = await em.findOne(TokenEntity, { secretSha256: Buffer.from(hash, "hex") });
    if (token === null || token.revokeTime) throw tokenInvalid();
    const expireTimeMs = token.expireTime?.getTime() ?? Number.POSITIVE_INFINITY;
    if (expireTimeMs <= Date.now()) throw tokenInvalid();
    const { id: tokenId, name, projectId, role } = token;
    if (projectId && (await em.count(ProjectEntity, { id: projectId, deleteTime: null })) === 0)
      throw tokenInvalid();
    const caller: Caller = projectId
      ? { kind: "token", tokenId, name, projectId, role }
      : { kind: "operator", tokenId, name };
    if (revocations === this.#revocations) this.#callers.set(hash, { caller, expireTimeMs });
    return caller;
  }

  /**
   * Makes sure that there is an operator's token. With a configured secret, that one and no other is it; without,
   * the first start makes one and answers with its secret, the only time that it can be seen.
   */
  async bootstrap(configured: string): Promise<string | undefined> {
    const secret = await this.#transaction(async (em) => {
      // Two services that start at once must not both make one.
      await em.execute("select pg_advisory_xact_lock(hashtext('codeactions.bootstrap'))");
      const existing = await em.find(TokenEntity, { projectId: null, revokeTime: null });
      if (configured === "" && existing.length > 0) return undefined;
      const secret = configured === "" ? `ca_${randomBytes(32).toString("base64url")}` : configured;
      const secretSha256 = hashOf(secret);
      if (existing.some((token) => secretSha256.equals(token.secretSha256))) return undefined;
      for (const token of existing) token.revokeTime = new Date();
      const again = await em.findOne(TokenEntity, { secretSha256 });
      if (again !== null) again.revokeTime = null;
      else
        em.create(TokenEntity, {
          id: newId(),
          name: "operator",
          role: "ADMIN",
          secretSha256,
          createTime: new Date(),
        });
      await em.flush();
      return configured === "" ? secret : undefined;
    });
    // Another one may have been the operator's until now.
    await this.#tell({ kind: "tokens" });
    return secret;
  }

  async #freeProjectSlug(em: EntityManager, name: string): Promise<string> {
    await lockSlugs(em, "projects");
    const slug = slugOf(name);
    const taken = await em.find(
      ProjectEntity,
      { slug: { $like: `${slug}%` }, deleteTime: null },
      { fields: ["slug"] },
    );
    return freeSlug(slug, new Set(taken.map((project) => project.slug)));
  }

  /** Derived, not random, so that nothing secret is stored and a repeated request gets the same answer. */
  #secretOf(tokenId: string): string {
    return `ca_${createHmac("sha256", this.#tokenKey).update(`token ${tokenId}`).digest("base64url")}`;
  }

  async #transaction<Result>(work: (em: EntityManager) => Promise<Result>): Promise<Result> {
    try {
      return await this.#orm.em.fork().transactional(work);
    } catch (error) {
      throw error instanceof UniqueConstraintViolationException ? slugTaken() : error;
    }
  }
}

export function slugTaken(): Refusal {
  return new Refusal(
    "SLUG_TAKEN",
    "slug: taken by another one; choose another slug",
    {},
    {
      fields: [{ field: "slug", description: "taken by another one" }],
    },
  );
}

/** Refuses a change that was made from an older state. An empty etag asks for no such care. */
export function requireEtag(revision: number, etag: string): void {
  if (etag === "" || etag === etagOf(revision)) return;
  throw new Refusal(
    "ETAG_MISMATCH",
    "somebody else changed it since you read it; read it again and decide again",
    {
      etag: etagOf(revision),
    },
  );
}

export function etagOf(revision: number): string {
  return `r${revision}`;
}

async function findProject(em: EntityManager, projectId: string): Promise<Project> {
  const project = await em.findOne(ProjectEntity, { id: projectId, deleteTime: null });
  if (project === null) throw projectNotFound(projectId);
  return project;
}

async function findToken(em: EntityManager, projectId: string, tokenId: string): Promise<Token> {
  const token = await em.findOne(TokenEntity, { id: tokenId, projectId });
  if (token !== null) return token;
  throw new Refusal(
    "TOKEN_NOT_FOUND",
    "the project has no token with this id; ListTokens shows those it has",
    {
      tokenId,
    },
  );
}

function tokenInvalid(): Refusal {
  return new Refusal(
    "TOKEN_INVALID",
    "this token is not valid here (unknown, expired or revoked); ask for a new one",
  );
}

function hashOf(secret: string): Buffer {
  return digest("sha256", secret, "buffer");
}
