import { defineEntity, type InferEntity, p } from "@mikro-orm/core";

export const LANGUAGES = ["python", "javascript", "typescript", "go"] as const;
export type Language = (typeof LANGUAGES)[number];
export const CODE_TYPES = ["FLOW", "ENDPOINT"] as const;
export type CodeType = (typeof CODE_TYPES)[number];
export const ENDPOINT_AUTHS = ["PUBLIC", "TOKEN"] as const;
export type EndpointAuth = (typeof ENDPOINT_AUTHS)[number];
export const RECORD_PAYLOADS = ["ALL", "METADATA"] as const;
export type RecordPayloads = (typeof RECORD_PAYLOADS)[number];

export const ISOLATIONS = ["WARM", "FRESH"] as const;
export type Isolation = (typeof ISOLATIONS)[number];

/** Limits that a code has asked for; the service's defaults hold where it has not. */
export interface CodeLimits {
  readonly cpuMillis?: number;
  readonly cpuTimeMs?: number;
  readonly outputBytes?: number;
  readonly processes?: number;
  readonly tmpBytes?: number;
  readonly openFiles?: number;
}

export const CodeEntity = defineEntity({
  name: "Code",
  tableName: "codes",
  properties: {
    id: p.uuid().primary(),
    projectId: p.uuid(),
    name: p.string().length(255),
    slug: p.string().length(63),
    description: p.text(),
    labels: p.json<Record<string, string>>(),
    type: p.string().length(16).$type<CodeType>(),
    language: p.string().length(16).$type<Language>(),
    /** 0 while every version is a draft. */
    activeVersion: p.integer(),
    newestVersion: p.integer(),
    timeoutMs: p.integer(),
    memoryLimitBytes: p.bigint("number"),
    maxConcurrency: p.integer(),
    /** Null for the service's default. */
    rateLimitRequests: p.integer().nullable(),
    rateLimitWindowMs: p.integer().nullable(),
    limits: p.json<CodeLimits>(),
    /** Empty for the project's default. */
    egressHosts: p.json<readonly string[]>(),
    isolation: p.string().length(16).$type<Isolation>(),
    environment: p.json<Record<string, string>>(),
    endpointAuth: p.string().length(16).$type<EndpointAuth>(),
    recordPayloads: p.string().length(16).$type<RecordPayloads>(),
    /** Counts changes; the etag. */
    revision: p.integer().version(),
    createTime: p.datetime(3),
    updateTime: p.datetime(3),
    deleteTime: p.datetime(3).nullable(),
  },
  indexes: [
    { name: "codes_project", properties: ["projectId", "id"] },
    {
      name: "codes_slug",
      expression: "create unique index codes_slug on codes (project_id, slug) where delete_time is null",
    },
  ],
});
export type Code = InferEntity<typeof CodeEntity>;

export const CodeVersionEntity = defineEntity({
  name: "CodeVersion",
  tableName: "code_versions",
  primaryKeys: ["codeId", "number"],
  properties: {
    codeId: p.uuid().primary(),
    number: p.integer().primary(),
    source: p.text(),
    sourceSha256: p.string().length(64),
    sourceBytes: p.integer(),
    createTime: p.datetime(3),
    createdBy: p.string().length(255),
  },
});
export type CodeVersion = InferEntity<typeof CodeVersionEntity>;

export const SecretEntity = defineEntity({
  name: "Secret",
  tableName: "secrets",
  primaryKeys: ["projectId", "name"],
  properties: {
    projectId: p.uuid().primary(),
    name: p.string().length(255).primary(),
    /** AES-256-GCM: nonce, ciphertext and tag, bound to project and name. */
    sealed: p.blob(),
    /** Which key sealed it, so that keys can be rotated. */
    keyId: p.string().length(16),
    createTime: p.datetime(3),
    updateTime: p.datetime(3),
  },
});
export type Secret = InferEntity<typeof SecretEntity>;
