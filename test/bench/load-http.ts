import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import autocannon from "autocannon";
import { type Load, type LoadOrder, WARM_UP_SECONDS } from "./load.ts";
import { quantile } from "./rounds.ts";

/** A load generator for POSTs over HTTP/1.1, one connection per call under way. */

const order = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as LoadOrder;
const latencies: number[] = [];
let errors = 0;
const fromMs = performance.now() + WARM_UP_SECONDS * 1000;
const untilMs = fromMs + order.seconds * 1000;
const isMeasured = () => performance.now() >= fromMs && performance.now() <= untilMs;

const options: autocannon.Options = {
  url: order.url,
  method: "POST",
  headers: { ...order.headers },
  body: Buffer.from(order.body, "base64"),
  connections: order.concurrency,
  duration: WARM_UP_SECONDS + order.seconds + 1,
  verifyBody: (body) => String(body).includes(order.expect),
};
// With a callback it gives the running instance, without one a promise of the end.
const { promise: done, resolve } = Promise.withResolvers<unknown>();
const instance = autocannon(options, resolve);
// Its own figures are rounded to milliseconds and know no warm-up, so each answer is counted here.
instance.on("response", (_client, status, _bytes, tookMs) => {
  if (!isMeasured()) return;
  if (status === 200) latencies.push(tookMs);
  else errors += 1;
});
instance.on("reqError", () => {
  if (isMeasured()) errors += 1;
});
instance.on("reqMismatch", () => {
  if (isMeasured()) errors += 1;
});
setTimeout(() => instance.stop(), untilMs - performance.now());
await done;

const measured: Load = {
  perSecond: latencies.length / order.seconds,
  p50Ms: quantile(latencies, 0.5),
  p99Ms: quantile(latencies, 0.99),
  errors,
};
process.stdout.write(JSON.stringify(measured));
