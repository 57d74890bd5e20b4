import { defineEntity, type InferEntity, p } from "@mikro-orm/core";

export const CALLBACK_STATUSES = ["WAITING", "PENDING", "DELIVERED", "FAILED"] as const;
export type CallbackStatus = (typeof CALLBACK_STATUSES)[number];

/** One request to a callback's address. Times are ISO 8601. */
export interface StoredTry {
  readonly number: number;
  readonly time: string;
  readonly durationMs: number;
  readonly statusCode: number;
  readonly error: string;
}

/** Who is told of a run's end, and how far that is. Not partitioned: it is claimed by its project and time. */
export const CallbackEntity = defineEntity({
  name: "Callback",
  tableName: "callbacks",
  properties: {
    runId: p.uuid().primary(),
    projectId: p.uuid(),
    url: p.text(),
    /** The name of the project's secret that signs. */
    secret: p.string().length(255),
    /** The same over all tries, so that a receiver can tell a repetition. */
    deliveryId: p.uuid(),
    status: p.string().length(16).$type<CallbackStatus>(),
    triesMade: p.integer(),
    /** Oldest first. */
    tries: p.json<readonly StoredTry[]>(),
    /** While a service tries it, when another one may. */
    nextTime: p.datetime(3).nullable(),
  },
  indexes: [
    {
      name: "callbacks_pending",
      expression:
        "create index callbacks_pending on callbacks (project_id, next_time) where status = 'PENDING'",
    },
    {
      name: "callbacks_waiting",
      expression: "create index callbacks_waiting on callbacks (run_id) where status = 'WAITING'",
    },
  ],
});
export type Callback = InferEntity<typeof CallbackEntity>;
