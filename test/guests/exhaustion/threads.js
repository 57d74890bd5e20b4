// Starts threads until there are no more. The group's limits count them.
import { Worker } from "node:worker_threads";

export async function Run() {
  for (;;) {
    const worker = new Worker("setInterval(() => {}, 1000)", { eval: true });
    worker.on("error", () => {});
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
