import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Code } from "../core/db/entities/codes.ts";
import { Refusal } from "../core/errors.ts";
import type { Response } from "./http.ts";

export interface RateLimit {
  readonly requests: number;
  readonly windowMs: number;
}

/** How often each code's public address is called, in this process. */
export class RateLimits {
  readonly #fallback: RateLimit;
  /** One limiter per distinct limit; each counts every code by its id. */
  readonly #limiters = new Map<string, RateLimiterMemory>();

  constructor(fallback: RateLimit) {
    this.#fallback = fallback;
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

  #limiter(requests: number, windowMs: number): RateLimiterMemory {
    const key = `${requests}/${windowMs}`;
    const known = this.#limiters.get(key);
    if (known !== undefined) return known;
    const limiter = new RateLimiterMemory({ points: requests, duration: windowMs / 1000 });
    this.#limiters.set(key, limiter);
    return limiter;
  }
}
