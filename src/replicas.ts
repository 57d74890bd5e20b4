import type { Config } from "./core/config.ts";
import type { Logger } from "./core/logger.ts";
import type { Metrics } from "./core/metrics.ts";
import { openRedis, type RedisConnection } from "./core/redis.ts";
import { type News, noNews } from "./services/news.ts";
import { RedisNews } from "./services/redis-news.ts";
import type { ServiceLock } from "./services/service-lock.ts";

/** Redis answers within milliseconds, or something is wrong with it. */
const NEWS_COMMAND_MS = 2_000;
/** A call waits this long for its count at most, and is then counted here alone. */
const LIMIT_COMMAND_MS = 500;

/** What services on one database have in common beside it. */
export interface Shared {
  /** What begins all that this installation has in Redis. */
  readonly prefix: string;
  /** A connection of its own, closed with everything else. */
  open(name: string, commandMs: number): RedisConnection;
}

/** Undefined where there is no Redis, and so one service only. */
export async function openShared(
  parts: AsyncDisposableStack,
  config: Config,
  lock: ServiceLock,
  log: Logger,
): Promise<Shared | undefined> {
  if (config.redisUrl === "") return undefined;
  const open = (name: string, commandMs: number) =>
    parts.adopt(openRedis({ url: config.redisUrl, name, log, commandMs }), (redis) => redis.disconnect());
  return { prefix: `codeactions:${await lock.databaseId()}:`, open };
}

/** What other services say, where Redis carries it. */
export function openNews(parts: {
  shared: Shared | undefined;
  lock: ServiceLock;
  instanceId: string;
  log: Logger;
  metrics: Metrics;
  place: () => number;
}): News {
  const { shared, lock, instanceId, log, metrics, place } = parts;
  if (shared === undefined) return noNews;
  const news = new RedisNews({
    id: instanceId,
    prefix: shared.prefix,
    publisher: shared.open("publisher", NEWS_COMMAND_MS),
    subscriber: shared.open("subscriber", NEWS_COMMAND_MS),
    others: () => lock.others(),
    place,
    log,
  });
  metrics.gauge("codeactions_news_connected", "1 while all that other services say is heard.", () =>
    news.isComplete ? 1 : 0,
  );
  metrics.gauge("codeactions_news_told", "What others were told.", () => news.figures.told);
  metrics.gauge("codeactions_news_heard", "What others have told.", () => news.figures.heard);
  metrics.gauge("codeactions_news_lost", "How often something was missing.", () => news.figures.lost);
  return news;
}

/** Where calls are counted for all services. */
export function sharedCounts(shared: Shared | undefined) {
  return shared && { redis: shared.open("limits", LIMIT_COMMAND_MS), prefix: shared.prefix };
}
