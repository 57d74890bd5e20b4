import { createHash, randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import type { Invocation, Language, Line, Outcome, Program } from "../../src/sandbox/program.ts";
import { openSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { DEFAULT_SETTINGS, type SandboxSettings } from "../../src/sandbox/settings.ts";
import { silent } from "../support/silent-log.ts";

export const MIB = 1024 * 1024;
export const NEVER = new AbortController().signal;

/** A run as a test sees it. */
export interface Seen {
  readonly outcome: Outcome;
  readonly lines: readonly Line[];
  /** The result's body. */
  readonly text: string;
}

let uidBase = 300_000 + (process.pid % 10_000) * 1000;

/** A sandbox of a test file's own, with real jails, and few words for using it. */
export class Stage {
  readonly sandbox: Sandbox;
  readonly uidBase: number;
  readonly #folder: string;

  constructor(sandbox: Sandbox, uidBase: number, folder: string) {
    this.sandbox = sandbox;
    this.uidBase = uidBase;
    this.#folder = folder;
  }

  /** Go is another file's matter: it takes its time to prepare. */
  static async open(settings: Partial<SandboxSettings> = {}): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), "codeactions-sandbox-"));
    uidBase += 100;
    const own = { folder, goFolder: folder, goCommand: "/nonexistent/go", uidBase };
    const sandbox = await openSandbox({ ...DEFAULT_SETTINGS, ...own, ...settings }, silent).catch(
      async (error: unknown) => {
        await rm(folder, { recursive: true, force: true });
        throw error;
      },
    );
    return new Stage(sandbox, uidBase, folder);
  }

  async run(program: Program, invocation: Partial<Invocation> = {}, signal = NEVER): Promise<Seen> {
    const lines: Line[] = [];
    const listener = { accepted() {}, lines: (more: readonly Line[]) => void lines.push(...more) };
    const outcome = await this.sandbox.execute(program, { ...INVOCATION, ...invocation }, listener, signal);
    return { outcome, lines, text: Buffer.from(outcome.result?.body ?? []).toString() };
  }

  python(source: string, invocation: Partial<Invocation> = {}): Promise<Seen> {
    return this.run(program("python", source), invocation);
  }

  javascript(source: string, invocation: Partial<Invocation> = {}): Promise<Seen> {
    return this.run(program("javascript", source), invocation);
  }

  typescript(source: string, invocation: Partial<Invocation> = {}): Promise<Seen> {
    return this.run(program("typescript", source), invocation);
  }

  /** Processes of its jails that are alive. */
  async processes(): Promise<number> {
    let count = 0;
    for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
      const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
      const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
      if (uid >= this.uidBase && uid < this.uidBase + 100 && !/^State:\s+Z/m.test(status)) count += 1;
    }
    return count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Opens a stage before a file's tests and ends it after them. */
export function stageForFile(settings: Partial<SandboxSettings> = {}): { stage: Stage } {
  const held = {} as { stage: Stage };
  beforeAll(async () => {
    held.stage = await Stage.open(settings);
  });
  afterAll(() => held.stage[Symbol.asyncDispose]());
  return held;
}

/** A program that shares its workers with no other, unless it is given their key. */
export function program(language: Language, source: string, more: Partial<Program> = {}): Program {
  return {
    key: randomUUID(),
    language,
    source,
    sourceSha256: createHash("sha256").update(source).digest("hex"),
    environment: {},
    memoryBytesMax: 128 * MIB,
    cpuMillisMax: 1000,
    pidsMax: DEFAULT_SETTINGS.pidsMax,
    tmpBytesMax: DEFAULT_SETTINGS.tmpBytesMax,
    openFilesMax: DEFAULT_SETTINGS.openFilesMax,
    cpuTimeMsMax: 60_000,
    outputBytesMax: MIB,
    concurrencyMax: 8,
    egressHosts: [],
    isFresh: false,
    ...more,
  };
}

export const INVOCATION: Invocation = {
  method: "POST",
  path: "/hello",
  query: [],
  headers: [],
  body: new Uint8Array(),
  secrets: {},
  context: { runId: "run-1", codeId: "code-1", version: 3, projectId: "project-1", attempt: 1 },
  timeoutMs: 20_000,
  resultBytesMax: 8 * MIB,
};

export function texts(lines: readonly Line[]): string[] {
  return lines.map(({ text }) => text);
}
