/**
 * A controller that aborts as soon as one of the signals does, and for its reason. Abort it when it is needed no more:
 * that is what makes the signals forget it. (Older Nodes keep what `AbortSignal.any` makes for as long as the
 * longest-lived of its signals, which here is the client's own.)
 */
export function linkedTo(...signals: readonly (AbortSignal | undefined)[]): AbortController {
  const controller = new AbortController();
  for (const signal of signals) {
    const abort = () => controller.abort(signal?.reason);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { signal: controller.signal });
  }
  return controller;
}
