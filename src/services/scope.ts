import type { EntityManager } from "@mikro-orm/postgresql";
import { CodeEntity } from "../core/db/entities/codes.ts";
import { ProjectEntity } from "../core/db/entities/projects.ts";
import { type Call, codeNotFound, projectNotFound, requireRole } from "./access.ts";

/** Whose things a list is of: all of a project, or those of one code. */
export type Scope = { readonly projectId: string } | { readonly codeId: string };

/** Lets a call through whose caller may read what is in the scope. A code may be deleted: what it has left is kept. */
export async function requireViewerOf(em: EntityManager, call: Call, scope: Scope): Promise<void> {
  if ("projectId" in scope) {
    const { projectId } = scope;
    requireRole(call.caller, "VIEWER", { projectId, notFound: () => projectNotFound(projectId) });
    if ((await em.count(ProjectEntity, { id: projectId, deleteTime: null })) === 0)
      throw projectNotFound(projectId);
    return;
  }
  const code = await em.findOne(CodeEntity, { id: scope.codeId });
  if (code === null) throw codeNotFound(scope.codeId);
  requireRole(call.caller, "VIEWER", { projectId: code.projectId, notFound: () => codeNotFound(code.id) });
}
