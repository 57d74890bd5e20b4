import { defineEntity, type InferEntity, p } from "@mikro-orm/core";

export const ROLES = ["VIEWER", "CONTRIBUTOR", "EDITOR", "ADMIN"] as const;
export type Role = (typeof ROLES)[number];

export const ProjectEntity = defineEntity({
  name: "Project",
  tableName: "projects",
  properties: {
    id: p.uuid().primary(),
    name: p.string().length(255),
    slug: p.string().length(63),
    /** Of codes that name none themselves; empty for the service's default. */
    defaultEgressHosts: p.json<readonly string[]>(),
    /** Counts changes; the etag. */
    revision: p.integer().version(),
    createTime: p.datetime(3),
    updateTime: p.datetime(3),
    deleteTime: p.datetime(3).nullable(),
  },
  indexes: [
    {
      name: "projects_slug",
      expression: "create unique index projects_slug on projects (slug) where delete_time is null",
    },
  ],
});
export type Project = InferEntity<typeof ProjectEntity>;

export const TokenEntity = defineEntity({
  name: "Token",
  tableName: "tokens",
  properties: {
    id: p.uuid().primary(),
    /** Null for the operator's token, which is worth everything in every project. */
    projectId: p.uuid().nullable(),
    name: p.string().length(255),
    role: p.string().length(16).$type<Role>(),
    /** What is presented is hashed and looked up here; the secret itself is kept nowhere. */
    secretSha256: p.blob().unique("tokens_secret"),
    createTime: p.datetime(3),
    expireTime: p.datetime(3).nullable(),
    revokeTime: p.datetime(3).nullable(),
  },
  indexes: [{ name: "tokens_project", properties: ["projectId", "id"] }],
});
export type Token = InferEntity<typeof TokenEntity>;
