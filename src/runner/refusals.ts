import { Refusal } from "../core/errors.ts";
import { NotAccepted } from "../sandbox/program.ts";
import { GivenUp } from "./member.ts";
import { NodeUnreachable } from "./node.ts";

/** When to come back to a pool none of whose nodes takes runs. */
const RETRY_AFTER_MS = 5_000;

/** Why a node did not take something, as a refusal; any other error as it is. */
export function refusalFor(error: unknown, language: string): unknown {
  if (error instanceof NodeUnreachable || error instanceof GivenUp) return unreachable(error);
  if (!(error instanceof NotAccepted)) return error;
  const metadata = { language };
  const retry = { retryAfterMs: error.retryAfterMs };
  switch (error.why) {
    case "full":
      return new Refusal("POOL_FULL", error.message, {}, retry, { cause: error });
    case "missing":
      return new Refusal("LANGUAGE_UNAVAILABLE", error.message, metadata, {}, { cause: error });
    case "preparing":
      return new Refusal("LANGUAGE_PREPARING", error.message, metadata, retry, { cause: error });
    case "closed":
      return new Refusal("SHUTTING_DOWN", error.message, {}, { retryAfterMs: 1_000 }, { cause: error });
    case "broken":
      return unreachable(error);
  }
}

/** No node takes runs; `why` names each with its reason. */
export function poolUnavailable(why: string): Refusal {
  return new Refusal(
    "POOL_UNAVAILABLE",
    "no node takes runs now; nothing of the run has happened, try again",
    { nodes: why },
    { retryAfterMs: RETRY_AFTER_MS },
  );
}

/** The queue is at its limit, the run has waited as long as it may, or its turn would come too late. */
export function poolFull(why: string, retryAfterMs: number): Refusal {
  return new Refusal(
    "POOL_FULL",
    `${why}; nothing of the run has happened, try again later`,
    {},
    { retryAfterMs },
  );
}

export function poolClosed(): Refusal {
  return new Refusal("SHUTTING_DOWN", "the service is shutting down; try again", {}, { retryAfterMs: 1_000 });
}

function unreachable(error: Error): Refusal {
  const details = { retryAfterMs: RETRY_AFTER_MS };
  return new Refusal("POOL_UNAVAILABLE", error.message, {}, details, { cause: error });
}
