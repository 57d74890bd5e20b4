// Leaves a detached child behind and answers. The answer counts, and the worker ends with its child.
import { spawn } from "node:child_process";
import { once } from "node:events";

export async function Run() {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], {
    detached: true,
    stdio: "ignore",
  });
  await once(child, "spawn");
  child.unref();
  return "answered";
}
