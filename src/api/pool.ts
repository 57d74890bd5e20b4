import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  BreakerState,
  type NodeSchema,
  NodeState,
  PoolChangeKind,
  type PoolChangeSchema,
  type Pool as PoolMessage,
  PoolSchema,
} from "../../gen/codeactions/v1/pool_pb.ts";
import type { RunnerService } from "../../gen/codeactions/v1/runner_service_pb.ts";
import type { PoolChange, PoolNode } from "../runner/pool.ts";
import type { PoolItem, PoolSight, PoolView } from "../services/pool-view.ts";
import type { Handlers } from "./handlers.ts";

export type PoolMethod = "getPool" | "watchPool" | "liftQuarantine";

export function poolHandlers({ view }: { view: PoolView }): Pick<Handlers<typeof RunnerService>, PoolMethod> {
  return {
    async getPool({ projectId }, call) {
      return { pool: poolMessage(await view.get(call, projectId)) };
    },

    async *watchPool({ projectId }, call) {
      for await (const item of view.watch(call, projectId)) yield { event: poolEvent(item) };
      call.signal.throwIfAborted();
    },

    async liftQuarantine({ codeId, version }, call) {
      await view.lift(call, codeId, version);
      return {};
    },
  };
}

function poolEvent(item: PoolItem) {
  switch (item.kind) {
    case "pool":
      return { case: "pool", value: poolMessage(item.pool) } as const;
    case "change":
      return { case: "change", value: changeMessage(item.change) } as const;
    case "heartbeat":
      return { case: "heartbeat", value: {} } as const;
  }
}

function poolMessage({ nodes, capacity, inFlight, queue, quarantines, instanceId }: PoolSight): PoolMessage {
  return create(PoolSchema, {
    nodes: nodes.map(nodeMessage),
    capacity,
    inFlight,
    queue: {
      depth: queue.depth,
      limit: queue.limit,
      ...(queue.depth > 0 && { oldestWait: durationFromMs(Math.round(queue.oldestWaitMs)) }),
      shares: [...queue.shares],
    },
    quarantines: quarantines.map(({ beginMs, endMs, ...quarantine }) => ({
      ...quarantine,
      beginTime: timestampFromMs(beginMs),
      endTime: timestampFromMs(endMs),
    })),
    instanceId,
  });
}

function nodeMessage(node: PoolNode): MessageInitShape<typeof NodeSchema> {
  const { id, state, breaker, reason, breakerChangeTimeMs, inFlightHere, description } = node;
  return {
    id,
    state: NODE_STATES[state],
    breaker: BREAKER_STATES[breaker],
    breakerReason: reason,
    breakerChangeTime: timestampFromMs(breakerChangeTimeMs),
    inFlightHere,
    ...(description && {
      capacity: description.capacity,
      inFlight: description.busy,
      idleWorkers: description.idle,
      blankWorkers: description.blank,
      warmStarts: BigInt(description.warmStarts),
      coldStarts: BigInt(description.coldStarts),
      memoryBytes: BigInt(description.memoryBytes),
      startTime: timestampFromMs(description.startTimeMs),
      warmVersions: description.warm.map(({ codeId, version, idle, busy }) => ({
        codeId,
        version,
        idle,
        busy,
      })),
      runtimes: description.languages.flatMap((known) =>
        known.state === "ready" ? [`${known.language}: ${known.runtime}`] : [],
      ),
    }),
  };
}

function changeMessage(change: PoolChange): MessageInitShape<typeof PoolChangeSchema> {
  const { timeMs, kind, nodeId, reason, quarantine } = change;
  return {
    time: timestampFromMs(timeMs),
    kind: PoolChangeKind[kind],
    nodeId,
    reason,
    codeId: quarantine?.codeId ?? "",
    version: quarantine?.version ?? 0,
  };
}

const NODE_STATES = {
  connecting: NodeState.CONNECTING,
  ready: NodeState.READY,
  draining: NodeState.DRAINING,
} as const;

const BREAKER_STATES = {
  closed: BreakerState.CLOSED,
  open: BreakerState.OPEN,
  "half-open": BreakerState.HALF_OPEN,
} as const;
