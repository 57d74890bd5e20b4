import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import type { Code } from "../core/db/entities/codes.ts";
import { Refusal } from "../core/errors.ts";
import type { RedisConnection } from "../core/redis.ts";
import type { Response } from "./http.ts";

export interface RateLimit {
  readonly requests: number;
  readonly windowMs: number;
}

/** Where all services on one database count together. */
export interface SharedCounts {
  readonly redis: RedisConnection;
  /** What keeps one installation's counts apart from another's. */
  readonly prefix: string;
}

type Limiter = Pick<RateLimiterMemory, "consume">;

/**
 * How often each code's public address is called: by all services together, or while Redis is away in this process.
 */
export class RateLimits {
  readonly #fallback: RateLimit;
  readonly #shared: SharedCounts | undefined;
  /** One limiter per distinct limit; each counts every code by its id. */
  readonly #limiters = new Map<string, Limiter>();

  constructor(fallback: RateLimit, shared?: SharedCounts) {
    this.#fallback = fallback;
    this.#shared = shared;
  }

  /** Counts a call and tells its caller how many are left; refuses the one too many. */
  async take(code: Readonly<Code>, response: Response): Promise<void> {
    const requests = code.rateLimitRequests ?? this.#fallback.requests;
    const windowMs = code.rateLimitWindowMs ?? this.#fallback.windowMs;
    const state = await this.#limiter(requests, windowMs)
      .consume(code.id)
      .catch((refused: unknown) => refused);
    if (!(state instanceof RateLimiterRes)) throw state;
    response.setHeader("ratelimit-limit", requests);
    response.setHeader("ratelimit-remaining", Math.max(0, state.remainingPoints));
    response.setHeader("ratelimit-reset", Math.ceil(state.msBeforeNext / 1000));
    if (state.consumedPoints <= requests) return;
    throw new Refusal(
      "RATE_LIMITED",
      `this address may be called ${requests} times per ${windowMs / 1000} s; come back later`,
      { codeId: code.id },
      { retryAfterMs: state.msBeforeNext },
    );
  }

  #limiter(requests: number, windowMs: number): Limiter {
    const key = `${requests}/${windowMs}`;
    const known = this.#limiters.get(key);
    if (known !== undefined) return known;
    const limit = { points: requests, duration: windowMs / 1000 };
    const memory = new RateLimiterMemory(limit);
    const limiter =
      this.#shared === undefined
        ? memory
        : new RateLimiterRedis({
            ...limit,
            storeClient: this.#shared.redis,
            keyPrefix: `${this.#shared.prefix}rate:${key}`,
            customIncrTtlLuaScript: COUNT,
            rejectIfRedisNotReady: true,
            insuranceLimiter: memory,
          });
    this.#limiters.set(key, limiter);
    return limiter;
  }
}

/** As the library counts, but for windows that are not whole seconds (ARGV[4], in seconds). */
const COUNT = `
local windowMs = math.floor(ARGV[4] * 1000)
redis.call('set', KEYS[1], 0, 'PX', windowMs, 'NX')
local consumed = redis.call('incrby', KEYS[1], ARGV[1])
local ttl = redis.call('pttl', KEYS[1])
if ttl == -1 then
  redis.call('pexpire', KEYS[1], windowMs)
  ttl = windowMs
end
return {consumed, ttl}`;
