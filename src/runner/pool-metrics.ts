import type { Metrics } from "../core/metrics.ts";
import type { Pool, PoolNode } from "./pool.ts";

const BREAKER_NUMBERS = { closed: 0, open: 1, "half-open": 2 } as const;

/** The pool's figures. Nodes are labels: how many there are is bounded by the list of them. */
export function measurePool(metrics: Metrics, pool: Pool): void {
  const perNode = (read: (node: PoolNode) => number) => () =>
    pool.describe().nodes.map((node) => ({ labels: { node: node.id }, value: read(node) }));
  metrics.gauge(
    "codeactions_pool_capacity",
    "Runs that may be under way at once.",
    () => pool.describe().capacity,
  );
  metrics.gauge(
    "codeactions_pool_in_flight",
    "Runs of this service that are under way on a node.",
    () => pool.describe().inFlight,
  );
  metrics.gauge("codeactions_queue_depth", "Runs that wait for a node.", () => pool.describe().queue.depth);
  metrics.gauge(
    "codeactions_queue_oldest_wait_seconds",
    "How long the run that has waited the longest has.",
    () => pool.describe().queue.oldestWaitMs / 1000,
  );
  metrics.gauge(
    "codeactions_quarantines",
    "Versions that are refused because their workers keep dying.",
    () => pool.describe().quarantines.length,
  );
  metrics.counts(
    "codeactions_pool_refusals_total",
    "Runs refused before any node was asked: the queue was full, their turn would come too late, or did.",
    ["why"],
    () => Object.entries(pool.refused).map(([why, value]) => ({ labels: { why }, value })),
  );
  metrics.gauges(
    "codeactions_node_breaker",
    "The breaker of a node: 0 closed, 1 open, 2 half open.",
    ["node"],
    perNode(({ breaker }) => BREAKER_NUMBERS[breaker]),
  );
  metrics.counts(
    "codeactions_node_breaker_changes_total",
    "How often the breaker of a node has come into a state.",
    ["node", "state"],
    () =>
      pool
        .describe()
        .nodes.flatMap(({ id, breakerChanges }) =>
          Object.entries(breakerChanges).map(([state, value]) => ({ labels: { node: id, state }, value })),
        ),
  );
  metrics.gauges(
    "codeactions_node_ready",
    "Whether a node takes runs.",
    ["node"],
    perNode(({ takesRuns }) => Number(takesRuns)),
  );
  metrics.gauges(
    "codeactions_node_capacity",
    "Runs that a node takes at once.",
    ["node"],
    perNode(({ description }) => description?.capacity ?? 0),
  );
  metrics.gauges(
    "codeactions_node_in_flight",
    "Runs of this service that are under way on a node.",
    ["node"],
    perNode(({ inFlightHere }) => inFlightHere),
  );
  metrics.counts(
    "codeactions_node_starts_total",
    "Runs since a node's start, by whether a worker was warm.",
    ["node", "start"],
    () =>
      pool.describe().nodes.flatMap(({ id, description }) => [
        { labels: { node: id, start: "warm" }, value: description?.warmStarts ?? 0 },
        { labels: { node: id, start: "cold" }, value: description?.coldStarts ?? 0 },
      ]),
  );
}
