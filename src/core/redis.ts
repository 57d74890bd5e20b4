import { Redis } from "ioredis";
import type { Logger } from "./logger.ts";

const CONNECT_MS = 2_000;
const RETRY_MS_MAX = 1_000;

export type RedisConnection = Redis;

/**
 * Opens a connection that is always on its way back: while Redis is away commands are refused at once, never kept, and
 * nothing is thrown into the process. Whoever subscribes does so again at each `ready`. One line of the log tells when
 * Redis goes, one when it is back.
 */
export function openRedis(parts: {
  url: string;
  /** What the connection is for, as Redis and the log show it. */
  name: string;
  log: Logger;
  /** How long a command may take before it is taken for failed. */
  commandMs: number;
}): RedisConnection {
  const { url, name, log, commandMs } = parts;
  const redis = new Redis(url, {
    connectionName: `codeactions-${name}`,
    protocol: 2,
    connectTimeout: CONNECT_MS,
    commandTimeout: commandMs,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), RETRY_MS_MAX),
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
  });
  let isAway = false;
  let why = "the connection broke";
  redis.on("error", (error: Error) => {
    // Nothing but its words: it carries the command that failed, which may be the one with the password.
    why = error.message;
  });
  redis.on("ready", () => {
    if (isAway) log.info({ connection: name }, "Redis is back");
    isAway = false;
    why = "the connection broke";
  });
  // Not when it is closed because it is no longer wanted.
  redis.on("reconnecting", () => {
    if (!isAway) log.warn({ connection: name, why }, "Redis is away; trying again");
    isAway = true;
  });
  return redis;
}
