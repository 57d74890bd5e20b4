import { createHash } from "node:crypto";
import { LockMode, UniqueConstraintViolationException } from "@mikro-orm/core";
import type { EntityManager, MikroORM } from "@mikro-orm/postgresql";
import {
  type Code,
  CodeEntity,
  type CodeLimits,
  type CodeType,
  type CodeVersion,
  CodeVersionEntity,
  type EndpointAuth,
  type Isolation,
  type Language,
  type RecordPayloads,
} from "../core/db/entities/codes.ts";
import { ProjectEntity } from "../core/db/entities/projects.ts";
import { Refusal } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { Problem } from "../sandbox/program.ts";
import { type Call, codeNotFound, projectNotFound, requireRole } from "./access.ts";
import type { Catalog } from "./catalog.ts";
import { type HostSettings, requireHosts } from "./egress-hosts.ts";
import { type LimitSettings, requireWithinCeilings } from "./limits.ts";
import { type Page, type PageAsk, pageOf, pageSize, pageStart, pageStartId, pageToken } from "./pages.ts";
import { PURGE_AFTER_DAYS, requireEtag, slugTaken } from "./projects.ts";
import { claimRequestId } from "./request-ids.ts";
import { resumeSchedules, stopSchedules } from "./schedule-stops.ts";
import { freeSlug, lockSlugs, slugOf } from "./slug.ts";

/** Sources in one page of versions: a page ends before it outgrows what stock gRPC clients accept. */
const PAGE_BYTES_MAX = 3 * 1024 * 1024;

/** What a code can be told about itself, when it is created and later. */
export interface CodeFields {
  readonly name: string;
  readonly slug: string;
  readonly description: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly type: CodeType;
  readonly timeoutMs: number;
  readonly memoryLimitBytes: number;
  readonly maxConcurrency: number;
  readonly rateLimit: { readonly requests: number; readonly windowMs: number };
  readonly limits: CodeLimits;
  readonly egressHosts: readonly string[];
  readonly isolation: Isolation;
  readonly environment: Readonly<Record<string, string>>;
  readonly endpointAuth: EndpointAuth;
  readonly recordPayloads: RecordPayloads;
}

export interface NewCode extends Partial<CodeFields> {
  readonly projectId: string;
  readonly name: string;
  /** Empty to make it from the name. */
  readonly slug: string;
  readonly type: CodeType;
  readonly language: Language;
  readonly source: string;
  readonly requestId: string;
}

export interface CodeChange {
  readonly codeId: string;
  readonly etag: string;
  readonly fields: { readonly [Name in keyof CodeFields]?: CodeFields[Name] | undefined };
  readonly source: string | undefined;
  readonly draft: boolean;
}

export interface CodeFilter {
  readonly projectId: string;
  readonly type: CodeType | undefined;
  readonly language: Language | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly showDeleted: boolean;
}

/** Finds what is wrong with a source without running it. */
export type CheckSource = (
  language: Language,
  source: string,
  signal: AbortSignal,
) => Promise<readonly Problem[]>;

/** Stores codes and their versions, publishes and rolls back. */
export class Codes {
  readonly #orm: MikroORM;
  readonly #catalog: Catalog;
  readonly #checkSource: CheckSource;
  readonly #settings: LimitSettings & HostSettings;

  constructor(parts: {
    orm: MikroORM;
    catalog: Catalog;
    checkSource: CheckSource;
    settings: LimitSettings & HostSettings;
  }) {
    this.#orm = parts.orm;
    this.#catalog = parts.catalog;
    this.#checkSource = parts.checkSource;
    this.#settings = parts.settings;
  }

  async create(call: Call, ask: NewCode): Promise<Code> {
    const { projectId } = ask;
    requireRole(call.caller, "EDITOR", { projectId, notFound: () => projectNotFound(projectId) });
    this.#requireAllowed(ask);
    await this.#requireSound(ask.language, ask.source, call.signal);
    const created = await this.#transaction(async (em) => {
      await requireProject(em, projectId);
      const id = newId();
      if (ask.requestId !== "") {
        const earlier = await claimRequestId(
          em,
          { projectId, requestId: ask.requestId, method: "CreateCode", ask },
          id,
        );
        if (earlier !== undefined) return findCode(em, earlier, { deletedToo: true });
      }
      const slug = ask.slug === "" ? await freeCodeSlug(em, projectId, ask.name) : ask.slug;
      const code = em.create(CodeEntity, newCode(id, slug, ask, this.#settings));
      em.create(CodeVersionEntity, newVersion(id, 1, ask.source, call.caller.name));
      await em.flush();
      return code;
    });
    this.#catalog.expect(created.id);
    return created;
  }

  async get(call: Call, codeId: string): Promise<Code> {
    const code = await findCode(this.#orm.em.fork(), codeId, { deletedToo: true });
    requireRole(call.caller, "VIEWER", belonging(code));
    return code;
  }

  async list(call: Call, filter: CodeFilter, ask: PageAsk): Promise<Page<Code>> {
    const { projectId, type, language, labels, showDeleted } = filter;
    requireRole(call.caller, "VIEWER", { projectId, notFound: () => projectNotFound(projectId) });
    const em = this.#orm.em.fork();
    await requireProject(em, projectId);
    const question = { list: "codes", filter };
    const before = pageStartId(question, ask.token);
    const size = pageSize(ask.size);
    const wanted: object[] = [{ projectId }, showDeleted ? notYetPurged() : { deleteTime: null }];
    if (before !== undefined) wanted.push({ id: { $lt: before } });
    if (type !== undefined) wanted.push({ type });
    if (language !== undefined) wanted.push({ language });
    if (Object.keys(labels).length > 0) wanted.push({ labels: { $contains: labels } });
    const found = await em.find(CodeEntity, { $and: wanted }, { orderBy: { id: "desc" }, limit: size + 1 });
    return pageOf(found, size, question, (code) => code.id);
  }

  async update(call: Call, change: CodeChange): Promise<{ code: Code; version: CodeVersion | undefined }> {
    const { codeId, source, fields } = change;
    const before = await findCode(this.#orm.em.fork(), codeId);
    requireRole(call.caller, "EDITOR", belonging(before));
    this.#requireAllowed(fields);
    if (source !== undefined) await this.#requireSound(before.language as Language, source, call.signal);
    const changed = await this.#transaction(async (em) => {
      const code = await findCode(em, codeId, { lock: true });
      requireEtag(code.revision, change.etag);
      applyFields(code, fields);
      const version =
        source === undefined ? undefined : await nextVersion(em, code, source, call.caller.name);
      if (version !== undefined && !change.draft) code.activeVersion = version.number;
      code.updateTime = new Date();
      await em.flush();
      return { code, version };
    });
    await this.#catalog.changed(codeId);
    return changed;
  }

  async delete(call: Call, codeId: string, etag: string): Promise<Code> {
    const before = await findCode(this.#orm.em.fork(), codeId);
    requireRole(call.caller, "EDITOR", belonging(before));
    const deleted = await this.#transaction(async (em) => {
      const code = await findCode(em, codeId, { lock: true });
      requireEtag(code.revision, etag);
      code.deleteTime = code.updateTime = new Date();
      await em.flush();
      await stopSchedules(em, codeId);
      return code;
    });
    await this.#catalog.deleted(codeId);
    return deleted;
  }

  async undelete(call: Call, codeId: string): Promise<Code> {
    const before = await findCode(this.#orm.em.fork(), codeId, { deletedToo: true });
    requireRole(call.caller, "EDITOR", belonging(before));
    if (!before.deleteTime) throw new Refusal("NOT_DELETED", "the code is not deleted", { codeId });
    const code = await this.#transaction(async (em) => {
      const found = await findCode(em, codeId, { deletedToo: true, lock: true });
      found.deleteTime = null;
      found.updateTime = new Date();
      await em.flush();
      await resumeSchedules(em, codeId, found.updateTime);
      return found;
    });
    await this.#catalog.changed(codeId);
    return code;
  }

  async listVersions(
    call: Call,
    codeId: string,
    ask: PageAsk & { full: boolean },
  ): Promise<Page<CodeVersion>> {
    const em = this.#orm.em.fork();
    requireRole(call.caller, "VIEWER", belonging(await findCode(em, codeId, { deletedToo: true })));
    const question = { list: "versions", codeId };
    const before = pageStart(question, ask.token);
    const size = pageSize(ask.size);
    const found = await em.find(
      CodeVersionEntity,
      { codeId, ...(typeof before === "number" ? { number: { $lt: before } } : {}) },
      { orderBy: { number: "desc" }, limit: size + 1, ...(ask.full ? {} : { exclude: ["source" as never] }) },
    );
    const fitting = ask.full ? withinBytes(found) : found;
    if (fitting.length === found.length) return pageOf(found, size, question, (version) => version.number);
    return { items: fitting, nextToken: pageToken(question, fitting.at(-1)!.number) };
  }

  /** One version with its source; number 0 is the active one. */
  async getVersion(call: Call, codeId: string, number: number): Promise<CodeVersion> {
    const em = this.#orm.em.fork();
    const code = await findCode(em, codeId, { deletedToo: true });
    requireRole(call.caller, "VIEWER", belonging(code));
    return findVersion(em, codeId, number === 0 ? code.activeVersion : number);
  }

  async activateVersion(call: Call, ask: { codeId: string; number: number; etag: string }): Promise<Code> {
    const { codeId, number } = ask;
    requireRole(call.caller, "EDITOR", belonging(await findCode(this.#orm.em.fork(), codeId)));
    const activated = await this.#transaction(async (em) => {
      const code = await findCode(em, codeId, { lock: true });
      requireEtag(code.revision, ask.etag);
      await findVersion(em, codeId, number);
      code.activeVersion = number;
      code.updateTime = new Date();
      await em.flush();
      return code;
    });
    await this.#catalog.changed(codeId);
    return activated;
  }

  async check(
    call: Call,
    projectId: string,
    language: Language,
    source: string,
  ): Promise<readonly Problem[]> {
    requireRole(call.caller, "CONTRIBUTOR", { projectId, notFound: () => projectNotFound(projectId) });
    await requireProject(this.#orm.em.fork(), projectId);
    return this.#checkSource(language, source, call.signal);
  }

  #requireAllowed(fields: CodeChange["fields"]): void {
    requireWithinCeilings(fields, this.#settings);
    requireHosts(fields.egressHosts, "egress_hosts", this.#settings.egressHostsCeiling);
  }

  async #requireSound(language: Language, source: string, signal: AbortSignal): Promise<void> {
    const problems = await this.#checkSource(language, source, signal);
    if (problems.length === 0) return;
    const fields = problems.map((problem) => ({ field: "source", description: describeProblem(problem) }));
    const first = problems[0]!;
    throw new Refusal(
      "SOURCE_INVALID",
      `source: ${describeProblem(first)}`,
      { line: String(first.line), column: String(first.column), kind: first.kind },
      { fields },
    );
  }

  async #transaction<Result>(work: (em: EntityManager) => Promise<Result>): Promise<Result> {
    try {
      return await this.#orm.em.fork().transactional(work);
    } catch (error) {
      throw error instanceof UniqueConstraintViolationException ? slugTaken() : error;
    }
  }
}

/** A problem in one line, its place first. */
export function describeProblem(problem: Problem): string {
  if (problem.line === 0) return problem.message;
  const place =
    problem.column === 0 ? `line ${problem.line}` : `line ${problem.line}, column ${problem.column}`;
  return `${place}: ${problem.message}`;
}

export function sha256Of(source: string): string {
  return createHash("sha256").update(source, "utf8").digest("hex");
}

function newCode(id: string, slug: string, ask: NewCode, settings: LimitSettings) {
  const now = new Date();
  return {
    id,
    projectId: ask.projectId,
    name: ask.name,
    slug,
    description: ask.description ?? "",
    labels: { ...ask.labels },
    type: ask.type,
    language: ask.language,
    activeVersion: 1,
    newestVersion: 1,
    timeoutMs: ask.timeoutMs ?? settings.timeoutMs,
    memoryLimitBytes: ask.memoryLimitBytes ?? settings.memoryLimitBytes,
    maxConcurrency: ask.maxConcurrency ?? settings.maxConcurrency,
    limits: { ...ask.limits },
    egressHosts: [...(ask.egressHosts ?? [])],
    isolation: ask.isolation ?? ("WARM" as const),
    rateLimitRequests: ask.rateLimit?.requests ?? null,
    rateLimitWindowMs: ask.rateLimit?.windowMs ?? null,
    environment: { ...ask.environment },
    endpointAuth: ask.endpointAuth ?? ("PUBLIC" as const),
    recordPayloads: ask.recordPayloads ?? ("ALL" as const),
    createTime: now,
    updateTime: now,
  };
}

function newVersion(codeId: string, number: number, source: string, createdBy: string) {
  return {
    codeId,
    number,
    source,
    sourceSha256: sha256Of(source),
    sourceBytes: Buffer.byteLength(source),
    createTime: new Date(),
    createdBy,
  };
}

/** The next version, if the source differs from the newest one's. */
async function nextVersion(
  em: EntityManager,
  code: Code,
  source: string,
  createdBy: string,
): Promise<CodeVersion | undefined> {
  const newest = await findVersion(em, code.id, code.newestVersion);
  if (newest.sourceSha256 === sha256Of(source)) return undefined;
  code.newestVersion += 1;
  return em.create(CodeVersionEntity, newVersion(code.id, code.newestVersion, source, createdBy));
}

function applyFields(code: Code, fields: CodeChange["fields"]): void {
  const { rateLimit, labels, environment, limits, ...plain } = fields;
  for (const [name, value] of Object.entries(plain)) {
    if (value !== undefined) Object.assign(code, { [name]: value });
  }
  if (labels !== undefined) code.labels = { ...labels };
  if (environment !== undefined) code.environment = { ...environment };
  if (limits !== undefined) code.limits = { ...code.limits, ...limits };
  if (rateLimit !== undefined) {
    code.rateLimitRequests = rateLimit.requests;
    code.rateLimitWindowMs = rateLimit.windowMs;
  }
}

async function findCode(
  em: EntityManager,
  codeId: string,
  options: { deletedToo?: boolean; lock?: boolean } = {},
): Promise<Code> {
  const lock = options.lock ? { lockMode: LockMode.PESSIMISTIC_WRITE } : {};
  const code = await em.findOne(
    CodeEntity,
    { $and: [{ id: codeId }, options.deletedToo ? notYetPurged() : { deleteTime: null }] },
    lock,
  );
  if (code === null) throw codeNotFound(codeId);
  return code;
}

async function findVersion(em: EntityManager, codeId: string, number: number): Promise<CodeVersion> {
  const version = await em.findOne(CodeVersionEntity, { codeId, number });
  if (version !== null) return version;
  throw new Refusal(
    "VERSION_NOT_FOUND",
    `the code has no version ${number}; ListCodeVersions shows those it has`,
    {
      codeId,
      number: String(number),
    },
  );
}

async function requireProject(em: EntityManager, projectId: string): Promise<void> {
  if ((await em.count(ProjectEntity, { id: projectId, deleteTime: null })) === 0)
    throw projectNotFound(projectId);
}

async function freeCodeSlug(em: EntityManager, projectId: string, name: string): Promise<string> {
  await lockSlugs(em, projectId);
  const slug = slugOf(name);
  const where = { projectId, slug: { $like: `${slug}%` }, deleteTime: null };
  const taken = await em.find(CodeEntity, where, { fields: ["slug"] });
  return freeSlug(slug, new Set(taken.map((code) => code.slug)));
}

function belonging(code: Code) {
  return { projectId: code.projectId, notFound: () => codeNotFound(code.id) };
}

function notYetPurged(): object {
  const purgedBefore = new Date(Date.now() - PURGE_AFTER_DAYS * 86_400_000);
  return { $or: [{ deleteTime: null }, { deleteTime: { $gt: purgedBefore } }] };
}

/** As many versions from the front as fit into one answer, at least one. */
function withinBytes(versions: readonly CodeVersion[]): readonly CodeVersion[] {
  let bytes = 0;
  const end = versions.findIndex((version, index) => {
    bytes += version.sourceBytes;
    return index > 0 && bytes > PAGE_BYTES_MAX;
  });
  return end === -1 ? versions : versions.slice(0, end);
}
