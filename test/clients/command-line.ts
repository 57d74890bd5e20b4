import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";

/** What a command ended with and said. */
export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A code that greets, prints and warns. */
export const HELLO = `def Run(engine):
    name = engine.params.get("name") or "world"
    print(f"greeting {name}")
    engine.log.warning("careful")
    return f"hello {name}"
`;

/** A code that says that it has begun, and stays. */
export const SLEEPER = `import time
def Run(engine):
    print("begun")
    time.sleep(600)
`;

const COMMAND = resolve("clients/cli/codeactions");

/** Somebody at the command line: a home folder, a working folder, and the real command, started as a process. */
export class CommandLine implements AsyncDisposable {
  readonly folder: string;
  readonly #running = new Set<Started>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<CommandLine> {
    const folder = await mkdtemp(join(tmpdir(), "code-actions-cli-"));
    return new CommandLine(folder);
  }

  /** A name that no other one has, in letters and digits. */
  get name(): string {
    return basename(this.folder).replace(/^.*-/, "").toLowerCase();
  }

  /** Keeps the context `default`, as `login` does. */
  async keepContext(context: { address: string; token: string; project: string }): Promise<void> {
    const contexts = { current: "default", contexts: { default: context } };
    await this.write(".config/codeactions/contexts.json", JSON.stringify(contexts));
  }

  /** The environment of every command: nothing of this process's own but the path. */
  get environment(): NodeJS.ProcessEnv {
    return { PATH: `${dirname(COMMAND)}:${process.env.PATH}`, HOME: this.folder, LANG: "C.UTF-8" };
  }

  /** Starts `codeactions` with the given words. */
  start(
    words: readonly string[],
    options: { input?: string; environment?: NodeJS.ProcessEnv } = {},
  ): Started {
    return this.#spawn(COMMAND, words, options);
  }

  /** Runs it to its end. */
  run(...words: string[]): Promise<Ended> {
    return this.start(words).ended;
  }

  /** Runs it with something on stdin. */
  runWith(input: string, ...words: string[]): Promise<Ended> {
    return this.start(words, { input }).ended;
  }

  /** Runs a line of shell, in which `codeactions` is on the path. */
  shell(line: string): Promise<Ended> {
    return this.#spawn("bash", ["-c", line], {}).ended;
  }

  /** Starts a line of shell on a terminal of its own, 100 columns wide; its stdin is the keyboard. */
  onTerminal(line: string): Started {
    return this.#spawn("script", ["-qec", `stty cols 100 rows 30; ${line}`, "/dev/null"], {
      input: undefined,
    });
  }

  async write(name: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.folder, name)), { recursive: true });
    await writeFile(join(this.folder, name), text);
  }

  read(name: string): Promise<string> {
    return readFile(join(this.folder, name), "utf8");
  }

  #spawn(
    command: string,
    words: readonly string[],
    { input, environment }: { input?: string | undefined; environment?: NodeJS.ProcessEnv },
  ): Started {
    const isTyped = command === "script";
    const child = spawn(command, words, {
      cwd: this.folder,
      env: { ...this.environment, ...(isTyped ? { TERM: "xterm", SHELL: "/bin/bash" } : {}), ...environment },
      stdio: [isTyped || input !== undefined ? "pipe" : "ignore", "pipe", "pipe"],
    });
    if (input !== undefined) child.stdin!.end(input);
    const started = new Started(child);
    this.#running.add(started);
    void started.ended.finally(() => this.#running.delete(started));
    return started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const started of this.#running) started.signal("SIGKILL");
    await Promise.all([...this.#running].map(({ ended }) => ended));
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A command that may still be running. */
export class Started {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #said = { stdout: "", stderr: "" };
  #saysMore = Promise.withResolvers<void>();
  #isOver = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    for (const name of ["stdout", "stderr"] as const) {
      child[name]!.setEncoding("utf8").on("data", (text: string) => {
        this.#said[name] += text;
        this.#wake();
      });
    }
    this.ended = once(child, "close").then(([exitCode]) => {
      this.#isOver = true;
      this.#wake();
      return { exitCode, ...this.#said };
    });
  }

  /** Waits until it has said something, on stdout or on stderr. */
  async says(text: string): Promise<void> {
    while (!`${this.#said.stdout}${this.#said.stderr}`.includes(text)) {
      if (this.#isOver)
        throw new Error(`it ended without having said "${text}": ${JSON.stringify(this.#said)}`);
      await this.#saysMore.promise;
    }
  }

  type(keys: string): void {
    this.#child.stdin!.write(keys);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  #wake(): void {
    const { resolve } = this.#saysMore;
    this.#saysMore = Promise.withResolvers();
    resolve();
  }
}
