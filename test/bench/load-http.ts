import { performance } from "node:perf_hooks";
import autocannon from "autocannon";
import { type Load, type LoadOrder, serveOrders, WARM_UP_SECONDS } from "./load.ts";
import { quantile } from "./rounds.ts";

/** A load generator for POSTs over HTTP/1.1, one connection per call under way. */

const LAST_ANSWER_SECONDS_MAX = 10;

await serveOrders(measure);

async function measure(order: LoadOrder): Promise<Load> {
  const latencies: number[] = [];
  let errors = 0;
  let open = order.concurrency;
  const fromMs = performance.now() + WARM_UP_SECONDS * 1000;
  const untilMs = fromMs + order.seconds * 1000;
  const isMeasured = () => performance.now() >= fromMs && performance.now() <= untilMs;
  const fail = () => {
    if (isMeasured()) errors += 1;
  };

  const options: autocannon.Options = {
    url: order.url,
    method: "POST",
    headers: { ...order.headers },
    body: Buffer.from(order.body, "base64"),
    connections: order.concurrency,
    duration: WARM_UP_SECONDS + order.seconds + LAST_ANSWER_SECONDS_MAX,
    verifyBody: (body) => String(body).includes(order.expect),
  };
  // With a callback it gives the running instance, without one a promise of the end.
  const { promise: done, resolve } = Promise.withResolvers<unknown>();
  const instance = autocannon(options, resolve);
  // Its own figures are rounded to milliseconds and know no warm-up, so each answer is counted here.
  instance.on("response", (client, status, _bytes, tookMs) => {
    if (performance.now() > untilMs) {
      // Each connection ends after an answer: stopping hangs up on the calls under way, which costs the service a
      // worker each and would be measured by whoever comes next.
      (client as unknown as { responseMax: number }).responseMax = 1;
      open -= 1;
      if (open === 0) instance.stop();
    }
    if (!isMeasured()) return;
    if (status === 200) latencies.push(tookMs);
    else errors += 1;
  });
  instance.on("reqError", fail);
  // The types do not know this event: an answer with another body, which has been counted as an answer too.
  (instance as NodeJS.EventEmitter).on("reqMismatch", fail);
  await done;

  return {
    perSecond: latencies.length / order.seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    errors,
  };
}
