import { defineEntity, type InferEntity, p } from "@mikro-orm/core";

/** A running service and its lease: when the lease has run out, what it ran is LOST. */
export const InstanceEntity = defineEntity({
  name: "Instance",
  tableName: "instances",
  properties: {
    id: p.uuid().primary(),
    host: p.text(),
    pid: p.integer(),
    startTime: p.datetime(3),
    leaseUntil: p.datetime(3),
  },
});
export type Instance = InferEntity<typeof InstanceEntity>;

/** A request id that a caller chose, and what it led to; kept for 24 hours. */
export const RequestIdEntity = defineEntity({
  name: "RequestId",
  tableName: "request_ids",
  primaryKeys: ["projectId", "requestId"],
  properties: {
    projectId: p.uuid().primary(),
    requestId: p.uuid().primary(),
    /** Hash of method and body: the same id with another one is refused. */
    fingerprint: p.blob(),
    /** The run, code, project or token that it made. */
    resourceId: p.uuid(),
    createTime: p.datetime(3),
  },
  indexes: [{ name: "request_ids_time", properties: ["createTime"] }],
});
export type RequestId = InferEntity<typeof RequestIdEntity>;
