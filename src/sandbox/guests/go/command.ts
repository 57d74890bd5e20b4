import { type ChildProcess, spawn } from "node:child_process";
import { setPriority } from "node:os";
import { createInterface } from "node:readline";

export interface Command {
  readonly command: string;
  readonly arguments: string[];
  readonly folder: string;
  readonly environment: Record<string, string>;
  /** Called with every line. */
  readonly stdout: (line: string) => void;
  readonly stderr?: ((line: string) => void) | undefined;
}

/** Runs a command of the host's to its end; throws with the end of what it said. Everything it started ends with the signal. */
export async function run(command: Command, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const child = spawn(command.command, command.arguments, {
    cwd: command.folder,
    env: command.environment,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  // The service goes on answering meanwhile.
  if (child.pid !== undefined) setPriority(child.pid, 10);
  const end = () => endGroup(child);
  signal.addEventListener("abort", end, { once: true });
  const said: string[] = [];
  createInterface({ input: child.stdout }).on("line", command.stdout);
  createInterface({ input: child.stderr }).on("line", (line) => {
    said.push(line);
    if (said.length > 20) said.shift();
    command.stderr?.(line);
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    signal.throwIfAborted();
    if (code !== 0)
      throw new Error(`${command.command} ${command.arguments[0]} ended with ${code}: ${said.join("\n")}`);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group has ended by itself.
  }
}
