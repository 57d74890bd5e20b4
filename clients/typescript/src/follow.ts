import { Code } from "@connectrpc/connect";
import { delayAfter, pause } from "./backoff.ts";
import { asCodeActionsError, CodeActionsError, givenUp } from "./errors.ts";
import type { Heartbeat } from "./gen/codeactions/v1/run_pb.ts";
import { didNothing, mayPass } from "./retries.ts";
import { linkedTo } from "./signals.ts";

/** Heartbeats come every 15 seconds; a stream that has been silent for three of them is taken for broken. */
const SILENT_MS_MAX = 45_000;

/** An item of a stream that can be taken up again, or begun anew. */
interface Followable {
  readonly event: { readonly case?: string | undefined };
}

/** The items that mean something: heartbeats are swallowed. */
type Telling<Item extends Followable> = Item & {
  readonly event: Exclude<Item["event"], { case: "heartbeat"; value: Heartbeat }>;
};

export interface Follow<Item extends Followable> {
  /** Opens the stream after the last item seen; undefined when none was. Opening it again must be safe even then. */
  readonly open: (last: Item | undefined, signal: AbortSignal) => AsyncIterable<Item>;
  /** Whether this item is the stream's last. A stream that ends before it is broken. */
  readonly isLast: (item: Item) => boolean;
  readonly giveUpAfterMs: number;
  /** Each of them ends the following. */
  readonly signals: readonly (AbortSignal | undefined)[];
}

/**
 * Follows a stream through broken connections: opens it again after the last item it saw, which leaves no gap and no
 * duplicate. Gives up when nothing came for too long, and at once when the service refuses.
 */
export async function* follow<Item extends Followable>(
  wanted: Follow<Item>,
): AsyncGenerator<Telling<Item>, void, undefined> {
  const ending = linkedTo(...wanted.signals);
  try {
    yield* reopening(wanted, ending.signal);
  } finally {
    ending.abort();
  }
}

async function* reopening<Item extends Followable>(
  { open, isLast, giveUpAfterMs }: Follow<Item>,
  signal: AbortSignal,
): AsyncGenerator<Telling<Item>, void, undefined> {
  let last: Item | undefined;
  let failures = 0;
  let heardAt = performance.now();
  for (;;) {
    let error: CodeActionsError;
    // Leaving a loop over a call does not end the call; its signal does.
    const connection = linkedTo(signal);
    try {
      for await (const item of unlessSilent(open(last, connection.signal), connection)) {
        const isNews =
          item.event.case !== "heartbeat" && !(last !== undefined && item.event.case === "started");
        if (item.event.case !== "started") failures = 0;
        // A heartbeat's cursor may be further than its predecessor's, past entries that a filter hides.
        last = item;
        if (isNews) yield item as Telling<Item>;
        if (isLast(item)) return;
        // Time that the caller spends with an item is not time without one.
        heardAt = performance.now();
      }
      error = new CodeActionsError("the stream ended before its last item", Code.Unavailable);
    } catch (thrown) {
      error = asCodeActionsError(thrown, signal);
    } finally {
      connection.abort();
    }
    const isBroken = mayPass(error) || didNothing(error);
    const isTired = performance.now() - heardAt > giveUpAfterMs;
    if (signal.aborted) throw givenUp(signal);
    if (isTired || !isBroken) throw error;
    await pause(delayAfter(++failures, error.retryAfterMs), signal);
  }
}

/** Passes a stream on; one that is silent for too long is hung up and ends as a broken one. */
async function* unlessSilent<Item>(
  items: AsyncIterable<Item>,
  connection: AbortController,
): AsyncGenerator<Item, void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  const silent = new CodeActionsError("nothing was heard from the service for 45 seconds", Code.Unavailable);
  for (;;) {
    const timer = setTimeout(() => connection.abort(silent), SILENT_MS_MAX);
    const { done, value } = await iterator.next().finally(() => clearTimeout(timer));
    if (done === true) return;
    yield value;
  }
}
