import { v7 as newId } from "uuid";
import { Writer } from "../../src/core/db/binary-arrays.ts";
import type { Run } from "../../src/core/db/entities/runs.ts";
import {
  type DurableOrder,
  insertQueuedRuns,
  type Queryable,
  queuedRun,
} from "../../src/services/durable-orders.ts";

/** Puts a durable run on record. */
export async function insertDurableRun(db: Queryable, order: DurableOrder): Promise<Run> {
  const queued = queuedRun(order, newId());
  await insertQueuedRuns(db, new Writer(), [queued]);
  return queued.row;
}
