import { ROLES, type Role } from "../core/db/entities/projects.ts";
import { type Reason, Refusal } from "../core/errors.ts";

/** Who is calling, as far as rights go. */
export type Caller =
  | { readonly kind: "operator"; readonly tokenId: string; readonly name: string }
  | {
      readonly kind: "token";
      readonly tokenId: string;
      readonly name: string;
      readonly projectId: string;
      readonly role: Role;
    };

/** One call, whatever door it came through: what every service method needs to know of it. */
export interface Call {
  readonly caller: Caller;
  /** Fires when the caller goes away or its deadline passes, and not when the call has ended well. */
  readonly signal: AbortSignal;
  /** When the caller's deadline passes, in milliseconds since the epoch; undefined when there is none. */
  readonly deadlineMs: number | undefined;
  /** Travels with the call through logs and answers; not the idempotency id. */
  readonly correlationId: string;
}

/** Something that belongs to a project: how it is called when the caller may not know of it. */
export interface Belonging {
  readonly projectId: string;
  readonly notFound: () => Refusal;
}

/**
 * Lets the call through if its caller has at least this role in the project. A caller with no role there is told the
 * same as about something that does not exist.
 */
export function requireRole(caller: Caller, role: Role, belonging: Belonging): void {
  if (caller.kind === "operator") return;
  if (caller.projectId !== belonging.projectId) throw belonging.notFound();
  if (ROLES.indexOf(caller.role) >= ROLES.indexOf(role)) return;
  throw new Refusal(
    "ROLE_INSUFFICIENT",
    `this needs the role ${role}, and the token "${caller.name}" has ${caller.role}; use another token`,
    { requiredRole: role, role: caller.role },
  );
}

/** Only the operator may. */
export function requireOperator(caller: Caller): void {
  if (caller.kind === "operator") return;
  throw new Refusal("ROLE_INSUFFICIENT", "this needs the operator's token", { requiredRole: "OPERATOR" });
}

export function projectNotFound(projectId: string): Refusal {
  return notFound("PROJECT_NOT_FOUND", "no project has this id; ListProjects shows those you may see", {
    projectId,
  });
}

export function codeNotFound(codeId: string): Refusal {
  return notFound("CODE_NOT_FOUND", "no code has this id; ListCodes shows those of a project", { codeId });
}

export function runNotFound(runId: string): Refusal {
  return notFound(
    "RUN_NOT_FOUND",
    "no run has this id, or its retention has ended; ListRuns shows those that are kept",
    {
      runId,
    },
  );
}

export function scheduleNotFound(scheduleId: string): Refusal {
  return notFound(
    "SCHEDULE_NOT_FOUND",
    "no schedule has this id; ListSchedules shows those of a project or a code",
    { scheduleId },
  );
}

function notFound(reason: Reason, message: string, metadata: Record<string, string>): Refusal {
  return new Refusal(reason, message, metadata);
}
