import { randomUUID } from "node:crypto";
import { type Column, column, INT, JSONB, TEXT, UUID } from "../core/db/binary-arrays.ts";
import type { Run } from "../core/db/entities/runs.ts";

/** An address that is told when a durable run has ended. */
export interface CallbackAsk {
  readonly url: string;
  /** The name of the project's secret that signs. */
  readonly secret: string;
}

/** A run that is about to be put on record, and who is to be told of its end. */
export interface NewCallback {
  readonly run: Pick<Run, "id" | "projectId">;
  readonly callback: CallbackAsk;
}

/** How a callback is first written, in the statement that puts its run on record. */
export const CALLBACK_COLUMNS: readonly Column<NewCallback>[] = [
  column("run_id", UUID, ({ run }) => run.id),
  column("project_id", UUID, ({ run }) => run.projectId),
  column("url", TEXT, ({ callback }) => callback.url),
  column("secret", TEXT, ({ callback }) => callback.secret),
  column("delivery_id", UUID, () => randomUUID()),
  column("status", TEXT, () => "WAITING"),
  column("tries_made", INT, () => 0),
  column("tries", JSONB, () => []),
];
