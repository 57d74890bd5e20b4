import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { LockMode } from "@mikro-orm/core";
import type { MikroORM } from "@mikro-orm/postgresql";
import { type Secret, SecretEntity } from "../core/db/entities/codes.ts";
import { ProjectEntity } from "../core/db/entities/projects.ts";
import { Refusal } from "../core/errors.ts";
import { type Call, projectNotFound, requireRole } from "./access.ts";
import type { News } from "./news.ts";
import { type Page, type PageAsk, pageOf, pageSize, pageStart } from "./pages.ts";

const SECRETS_PER_PROJECT_MAX = 1_000;
/** All values of a project together travel with every run of its codes, so their sum has a limit too. */
const BYTES_PER_PROJECT_MAX = 512 * 1024;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What a run is given of its project's secrets, and what hides them in its log. */
export interface RunSecrets {
  readonly values: Readonly<Record<string, string>>;
  /** Shows `***` in place of every secret value; undefined when there is nothing to hide. */
  readonly mask: ((text: string) => string) | undefined;
}

const NO_SECRETS: RunSecrets = { values: {}, mask: undefined };

/** Keeps the named values that projects hand to their codes: sealed at rest, opened only for a run. */
export class Secrets {
  readonly #orm: MikroORM;
  readonly #key: Buffer;
  readonly #keyId: string;
  /** Opened secrets by project; an entry is dropped by every change, and filled by the next run. */
  readonly #opened = new Map<string, Promise<RunSecrets>>();

  readonly #tell: News["tell"];

  constructor(parts: {
    orm: MikroORM;
    key: Buffer;
    /** Tells the other services. */
    tell: News["tell"];
  }) {
    this.#orm = parts.orm;
    this.#tell = parts.tell;
    this.#key = parts.key;
    this.#keyId = createHash("sha256").update("key id").update(parts.key).digest("hex").slice(0, 16);
  }

  async put(call: Call, ask: { projectId: string; name: string; value: string }): Promise<Secret> {
    const { projectId, name, value } = ask;
    requireRole(call.caller, "EDITOR", { projectId, notFound: () => projectNotFound(projectId) });
    const secret = await this.#orm.em.fork().transactional(async (em) => {
      // The project's row is locked so that two writers cannot pass the limits together.
      const project = await em.findOne(
        ProjectEntity,
        { id: projectId, deleteTime: null },
        { lockMode: LockMode.PESSIMISTIC_WRITE },
      );
      if (project === null) throw projectNotFound(projectId);
      const existing = await em.find(SecretEntity, { projectId });
      requireRoom(existing, name, Buffer.byteLength(value));
      const now = new Date();
      const sealed = this.#seal(projectId, name, value);
      const found = existing.find((one) => one.name === name);
      if (found !== undefined) {
        Object.assign(found, { sealed, keyId: this.#keyId, updateTime: now });
        await em.flush();
        return found;
      }
      const made = em.create(SecretEntity, {
        projectId,
        name,
        sealed,
        keyId: this.#keyId,
        createTime: now,
        updateTime: now,
      });
      await em.flush();
      return made;
    });
    this.forget(projectId);
    await this.#tell({ kind: "secrets", projectId });
    return secret;
  }

  async list(call: Call, projectId: string, ask: PageAsk): Promise<Page<Secret>> {
    requireRole(call.caller, "VIEWER", { projectId, notFound: () => projectNotFound(projectId) });
    const em = this.#orm.em.fork();
    if ((await em.count(ProjectEntity, { id: projectId, deleteTime: null })) === 0)
      throw projectNotFound(projectId);
    const question = { list: "secrets", projectId };
    const after = pageStart(question, ask.token);
    const size = pageSize(ask.size);
    const where = { projectId, ...(typeof after === "string" ? { name: { $gt: after } } : {}) };
    const found = await em.find(SecretEntity, where, { orderBy: { name: "asc" }, limit: size + 1 });
    return pageOf(found, size, question, (secret) => secret.name);
  }

  async delete(call: Call, projectId: string, name: string): Promise<void> {
    requireRole(call.caller, "EDITOR", { projectId, notFound: () => projectNotFound(projectId) });
    const deleted = await this.#orm.em.fork().nativeDelete(SecretEntity, { projectId, name });
    this.forget(projectId);
    await this.#tell({ kind: "secrets", projectId });
    if (deleted > 0) return;
    throw new Refusal(
      "SECRET_NOT_FOUND",
      "the project has no secret with this name; ListSecrets shows those it has",
      {
        name,
      },
    );
  }

  /** A project's secrets were changed. */
  forget(projectId: string): void {
    this.#opened.delete(projectId);
  }

  forgetAll(): void {
    this.#opened.clear();
  }

  /** The project's secrets, opened for a run. */
  async forRun(projectId: string): Promise<RunSecrets> {
    const known = this.#opened.get(projectId);
    if (known !== undefined) return known;
    const opening = this.#open(projectId);
    this.#opened.set(projectId, opening);
    // A failure is not remembered: the next run asks again.
    opening.catch(() => this.#opened.get(projectId) === opening && this.#opened.delete(projectId));
    return opening;
  }

  /** One value as it is now, not as this service last saw it; undefined when there is none of this name. */
  async value(projectId: string, name: string): Promise<string | undefined> {
    const secret = await this.#orm.em.fork().findOne(SecretEntity, { projectId, name });
    return secret === null ? undefined : this.#unseal(secret);
  }

  async #open(projectId: string): Promise<RunSecrets> {
    const found = await this.#orm.em.fork().find(SecretEntity, { projectId });
    if (found.length === 0) return NO_SECRETS;
    const values: Record<string, string> = {};
    for (const secret of found) values[secret.name] = this.#unseal(secret);
    return { values, mask: maskOf(Object.values(values)) };
  }

  #seal(projectId: string, name: string, value: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    cipher.setAAD(Buffer.from(`${projectId} ${name}`));
    return Buffer.concat([nonce, cipher.update(value, "utf8"), cipher.final(), cipher.getAuthTag()]);
  }

  #unseal(secret: Secret): string {
    if (secret.keyId !== this.#keyId) throw new SealedOtherwise(secret.name);
    const { sealed } = secret;
    const decipher = createDecipheriv("aes-256-gcm", this.#key, sealed.subarray(0, NONCE_BYTES));
    decipher.setAAD(Buffer.from(`${secret.projectId} ${secret.name}`));
    decipher.setAuthTag(sealed.subarray(sealed.byteLength - TAG_BYTES));
    const opened = decipher.update(sealed.subarray(NONCE_BYTES, sealed.byteLength - TAG_BYTES));
    return Buffer.concat([opened, decipher.final()]).toString("utf8");
  }
}

/** A secret was sealed with a key that this service does not have; the message says what to do. */
export class SealedOtherwise extends Error {
  override name = "SealedOtherwise";

  constructor(secret: string) {
    super(
      `the secret ${JSON.stringify(secret)} cannot be opened, since CODEACTIONS_SECRET_KEY was another one when it was stored; PutSecret stores it anew, or the operator sets the earlier key`,
    );
  }
}

function requireRoom(existing: readonly Secret[], name: string, valueBytes: number): void {
  const others = existing.filter((secret) => secret.name !== name);
  const bytes = others.reduce((sum, secret) => sum + secret.sealed.byteLength, valueBytes);
  if (others.length < SECRETS_PER_PROJECT_MAX && bytes <= BYTES_PER_PROJECT_MAX) return;
  const limit = `${SECRETS_PER_PROJECT_MAX} secrets of ${BYTES_PER_PROJECT_MAX} bytes together per project`;
  throw new Refusal("QUOTA_EXCEEDED", `a project may have ${limit}; delete one first`, {}, { quota: limit });
}

/**
 * Hides secret values in text. Values under four characters are left alone, since hiding them would only make the
 * log unreadable; of values with several lines each longer line is hidden too, as logs are cut into lines.
 */
function maskOf(values: readonly string[]): ((text: string) => string) | undefined {
  const hidden = new Set<string>();
  for (const value of values) {
    if (value.length >= 4) hidden.add(value);
    for (const line of value.split(/\r?\n/)) if (line.trim().length >= 8) hidden.add(line.trim());
  }
  if (hidden.size === 0) return undefined;
  // Longer ones first: a secret that contains another one is hidden whole.
  const longestFirst = [...hidden].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map((value) => RegExp.escape(value)).join("|"), "g");
  return (text) => text.replace(pattern, "***");
}
