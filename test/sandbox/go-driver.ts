import { randomUUID } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  decodeHeadAndBody,
  decodeJson,
  encodeFrame,
  type Frame,
  FrameReader,
  KIND,
  LEVELS,
  STREAMS,
} from "../../src/sandbox/frames.ts";
import { openGroups } from "../../src/sandbox/groups.ts";
import type { BuildPlace } from "../../src/sandbox/guests/go/compile.ts";
import { type GoToolchain, openGoToolchain } from "../../src/sandbox/guests/go/toolchain.ts";
import { Jails } from "../../src/sandbox/launch.ts";
import type { Pair, Problem } from "../../src/sandbox/program.ts";
import { createTree, PROGRAM_FILE } from "../../src/sandbox/tree.ts";

/** Logs nothing. */
export const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const NEVER = new AbortController().signal;
const MIB = 1024 * 1024;
/** Kept between test runs: preparing it takes half a minute. */
export const PREPARED_FOLDER = join(tmpdir(), "codeactions-test", "go");

export interface Call {
  readonly query?: Pair[];
  readonly headers?: Pair[];
  readonly secrets?: Record<string, string>;
  readonly body?: Uint8Array;
  readonly lineBytesMax?: number;
  readonly resultBytesMax?: number;
}

/** What came of a call; `lines` are written as `stream level: text`, with ` (cut)` at the end where it applies. */
export interface Answer {
  readonly lines: string[];
  readonly statusCode?: number;
  readonly contentType?: string;
  readonly headers?: Pair[];
  readonly body?: Buffer;
  readonly error?: { kind: string; message: string; traceback: string };
  readonly exitCode?: number | undefined;
  readonly stderr?: string;
}

/** The Go guest by itself: the real toolchain, real jails and the worker protocol, without a pool around them. */
export class GoDriver {
  readonly toolchain: GoToolchain;
  readonly place: BuildPlace;
  readonly #jails: Jails;
  readonly #folder: string;
  readonly #groups: AsyncDisposable;

  static async open(): Promise<GoDriver> {
    const folder = mkdtempSync(join(tmpdir(), "go-driver-"));
    const root = join(folder, "root");
    await createTree(root);
    chmodSync(folder, 0o755);
    const groups = await openGroups();
    const jails = new Jails({ site: { waivedWalls: [], asRoot: true }, groups, uidBase: 310_000 });
    const toolchain = await openGoToolchain({ folder: PREPARED_FOLDER, command: "go", jails, root }, SILENT);
    await toolchain.ready(NEVER);
    return new GoDriver({ toolchain, jails, groups, folder });
  }

  private constructor(of: { toolchain: GoToolchain; jails: Jails; groups: AsyncDisposable; folder: string }) {
    this.toolchain = of.toolchain;
    this.place = { jails: of.jails, root: join(of.folder, "root") };
    this.#jails = of.jails;
    this.#groups = of.groups;
    this.#folder = of.folder;
  }

  /** The problems of a source; none when it compiles. */
  async problems(source: string): Promise<Problem[]> {
    const built = await this.toolchain.build(source, NEVER);
    return "problems" in built ? built.problems : [];
  }

  /** Starts a worker with a source. */
  async start(source: string): Promise<GoWorker> {
    const built = await this.toolchain.build(source, NEVER);
    if ("problems" in built) throw new Error(JSON.stringify(built.problems));
    const binary = join(this.#folder, randomUUID());
    writeFileSync(binary, built.binary);
    const jail = this.#jails.start({
      name: "go",
      root: join(this.#folder, "root"),
      binds: [],
      files: [{ from: binary, to: PROGRAM_FILE }],
      command: [PROGRAM_FILE],
      environment: {},
      limits: {
        memoryBytesMax: 256 * MIB,
        pidsMax: 64,
        cpuMillisMax: 1000,
        openFilesMax: 256,
        tmpBytesMax: 16 * MIB,
      },
    });
    const worker = new GoWorker(jail);
    await worker.load();
    return worker;
  }

  /** Starts a worker for one call. */
  async run(source: string, call: Call = {}): Promise<Answer> {
    await using worker = await this.start(source);
    return await worker.call(call);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.toolchain[Symbol.asyncDispose]();
    await this.#jails[Symbol.asyncDispose]();
    await this.#groups[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }
}

class GoWorker {
  /** What was logged before the first call. */
  readonly early: string[] = [];
  readonly #jail: ReturnType<Jails["start"]>;
  readonly #frames: AsyncGenerator<Frame, void>;
  #stderr = "";
  #calls = 0;

  constructor(jail: ReturnType<Jails["start"]>) {
    this.#jail = jail;
    this.#frames = readFrames(jail.control);
    jail.stdout.resume();
    jail.stderr.on("data", (piece: Buffer) => {
      this.#stderr += piece.toString();
    });
  }

  async load(): Promise<void> {
    const ready = await this.#next();
    if (ready?.kind !== KIND.READY) throw new Error(`not ready: ${this.#stderr}`);
    const head = { file: "action.go", environment: { GREETING: "hello" } };
    this.#jail.control.write(encodeFrame(KIND.LOAD, 0, head, Buffer.alloc(0)));
    for (;;) {
      const frame = await this.#next();
      if (frame === undefined) throw new Error(`not loaded: ${this.#stderr}`);
      if (frame.kind === KIND.LOADED) return;
      this.early.push(describeLine(frame));
    }
  }

  async call(call: Call = {}): Promise<Answer> {
    this.#calls += 1;
    const { query = [], headers = [], secrets = {}, body = Buffer.alloc(0) } = call;
    const { lineBytesMax = 16_384, resultBytesMax = 8 * MIB } = call;
    const context = { runId: "run", codeId: "code", version: 3, projectId: "project", attempt: 1 };
    const deadline = { deadlineMs: Date.now() + 5000 };
    const head = { method: "POST", path: "/there", query, headers, secrets, lineBytesMax, resultBytesMax };
    const invoke = { ...head, context: { ...context, ...deadline } };
    this.#jail.control.write(encodeFrame(KIND.INVOKE, this.#calls, invoke, body));
    const lines: string[] = [];
    for (;;) {
      const frame = await this.#next();
      if (frame === undefined) {
        await this.#jail.closed;
        return { lines, exitCode: (await this.#jail.exited).exitCode, stderr: this.#stderr };
      }
      if (frame.invocation !== this.#calls) throw new Error(`a frame of invocation ${frame.invocation}`);
      if (frame.kind === KIND.ERROR)
        return { lines, error: decodeJson(frame.payload) as NonNullable<Answer["error"]> };
      if (frame.kind === KIND.RESULT) {
        const { head, body } = decodeHeadAndBody(frame.payload);
        return { ...(head as Answer), lines, body };
      }
      lines.push(describeLine(frame));
    }
  }

  async #next(): Promise<Frame | undefined> {
    return (await this.#frames.next()).value ?? undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#jail.kill();
  }
}

async function* readFrames(control: AsyncIterable<Buffer>): AsyncGenerator<Frame, void> {
  const reader = new FrameReader();
  for await (const piece of control) yield* reader.push(piece);
}

function describeLine({ payload }: Frame): string {
  const cut = payload[2] === 1 ? " (cut)" : "";
  return `${STREAMS[payload[1]!]} ${LEVELS[payload[0]!]}: ${payload.subarray(11).toString()}${cut}`;
}
