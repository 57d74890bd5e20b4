import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const STOP_MS_MAX = 30_000;
/** No start, order or measurement takes this long; a process that does is ended, and its figure says so. */
const ANSWER_MS_MAX = 90_000;

/** The Node that runs this, for every process that the bench starts. */
export const NODE = process.execPath;

/** A process of the bench's own. Closing it asks it to end, waits, and at last does not ask. */
export class Child implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly #name: string;
  readonly #closed: Promise<unknown>;
  #output = "";
  #errors = "";

  constructor(name: string, command: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#name = name;
    // The pipe to its standard input closes when the bench is killed, and the processes of this folder end with it.
    this.process = spawn(command, words, {
      env: { ...process.env, ...environment },
      stdio: ["pipe", "pipe", "pipe"],
    });
    // A command that cannot be started closes too; how it went is read from its exit code.
    this.#closed = once(this.process, "close").catch(() => {});
    this.process.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
    });
    this.process.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-4000);
    });
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** The first match in what the process has printed, waiting for it. Rejects when the process ends without. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    using _limit = this.#limit();
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match !== null) return match;
      if (this.#hasEnded) throw this.#failure();
      await Promise.race([once(this.process.stdout!, "data"), this.#closed]);
    }
  }

  /** Gives the process a line and answers with the one that it prints for it. One at a time. */
  async ask(line: string): Promise<string> {
    using _limit = this.#limit();
    const from = this.#output.length;
    this.process.stdin!.write(`${line}\n`);
    for (;;) {
      const end = this.#output.indexOf("\n", from);
      if (end !== -1) return this.#output.slice(from, end);
      if (this.#hasEnded) throw this.#failure();
      await Promise.race([once(this.process.stdout!, "data"), this.#closed]);
    }
  }

  /** Everything the process printed until it ended by itself. Rejects when it failed. */
  async finished(): Promise<string> {
    using _limit = this.#limit();
    await this.#closed;
    if (this.process.exitCode !== 0) throw this.#failure();
    return this.#output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    const ended = once(this.process, "exit");
    this.process.kill("SIGTERM");
    const impatience = setTimeout(() => this.process.kill("SIGKILL"), STOP_MS_MAX);
    await ended;
    clearTimeout(impatience);
  }

  #limit(): Disposable {
    const timer = setTimeout(() => {
      this.#errors += `\nno answer within ${ANSWER_MS_MAX / 1000} s`;
      this.process.kill("SIGKILL");
    }, ANSWER_MS_MAX);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  }

  get #hasEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  #failure(): Error {
    const how = this.process.signalCode ?? `exit code ${this.process.exitCode}`;
    return new Error(`${this.#name} ended with ${how}: ${this.#errors.trim() || this.#output.trim()}`);
  }
}

/** A process that runs one of the files beside this one. */
export function startFile(file: string, words: readonly string[]): Child {
  return new Child(file, NODE, [fileURLToPath(new URL(file, import.meta.url)), ...words]);
}

/** Resolves when a process and all it started have been without work for some moments. */
export async function atRest(pid: number): Promise<void> {
  const MOMENT_MS = 50;
  const MOMENTS = 3;
  const MOMENTS_MAX = 600;
  let before = "";
  for (let all = 0, quiet = 0; all < MOMENTS_MAX && quiet < MOMENTS; all += 1) {
    await new Promise((resolve) => setTimeout(resolve, MOMENT_MS));
    const now = workOf(pid);
    quiet = now === before ? quiet + 1 : 0;
    before = now;
  }
}

/** Memory that a process has for itself and shares, as the kernel counts it. */
export function residentBytes(pid: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);
}

/** Which processes there are in a tree, and how much time of the processor the fresh ones among them have used. */
function workOf(root: number): string {
  const children = new Map<number, { pid: number; ticks: number }[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statOf(name);
    if (stat === undefined) continue;
    const siblings = children.get(stat.parent) ?? [];
    siblings.push({ pid: Number(name), ticks: stat.ticks });
    children.set(stat.parent, siblings);
  }
  const found: string[] = [];
  const waiting = [root];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    for (const child of children.get(pid) ?? []) {
      found.push(`${child.pid}:${child.ticks}`);
      waiting.push(child.pid);
    }
  }
  return found.sort().join(" ");
}

function statOf(pid: string): { parent: number; ticks: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined; // It has ended.
  }
}
