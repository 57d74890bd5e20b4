// Starts itself again and again, without waiting. The group's limits hold, and the run ends with all of them.
import { spawn } from "node:child_process";

export async function Run() {
  for (;;) {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], {
      detached: true,
      stdio: "ignore",
    });
    child.on("error", () => {});
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
