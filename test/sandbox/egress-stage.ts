import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DEFAULT_EGRESS,
  type Door,
  type Egress,
  openEgress,
  PROXY_ENVIRONMENT,
} from "../../src/sandbox/egress/egress.ts";
import { type HostPattern, parseHostPattern } from "../../src/sandbox/egress/rules.ts";
import type { EgressReport } from "../../src/sandbox/egress/run.ts";
import {
  decodeHeadAndBody,
  decodeJson,
  encodeFrame,
  type Frame,
  FrameReader,
  KIND,
} from "../../src/sandbox/frames.ts";
import { openGroups } from "../../src/sandbox/groups.ts";
import { openGoToolchain } from "../../src/sandbox/guests/go/toolchain.ts";
import { type Jail, Jails } from "../../src/sandbox/launch.ts";
import { openRoots, type Roots } from "../../src/sandbox/roots.ts";
import { PROGRAM_FILE } from "../../src/sandbox/tree.ts";
import { goFolder } from "../support/go-folder.ts";
import { silent } from "../support/silent-log.ts";

const MIB = 1024 * 1024;
const NEVER = new AbortController().signal;

export type Settings = Partial<typeof DEFAULT_EGRESS>;

/** Runs the Python that it is called with; what that leaves in `answer` is the result. */
export const PYTHON = `
import http.client, json, socket, ssl, time, urllib.error, urllib.request
def get(url, data=None, **more):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, **more), timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return type(error).__name__, str(error)
def Run(engine):
    scope = {**globals()}
    exec(engine.body, scope)
    return scope["answer"]
`;

/** What was asked for and what came of it, without what differs from run to run. */
export function brief(reports: readonly EgressReport[]): string[] {
  return reports.map(({ host, verdict, why }) =>
    [host, verdict, ...(why === undefined ? [] : [why])].join(" "),
  );
}

/** Names of a test's own world. What is not in it is not found. */
export type Names = Map<string, readonly string[] | (() => readonly string[] | Promise<never>)>;

/** Real jails with real doors; the guests speak the worker protocol, and there is no pool around them. */
export class EgressStage {
  readonly names: Names = new Map();
  readonly #roots: Roots;
  readonly #jails: Jails;
  readonly #folder: string;
  readonly #opened: AsyncDisposableStack;

  static async open(): Promise<EgressStage> {
    await using opened = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "codeactions-egress-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    await chmod(folder, 0o755);
    const groups = opened.use(await openGroups());
    const roots = opened.use(await openRoots(folder, "python3"));
    const site = { waivedWalls: [], asRoot: true };
    const uidBase = 400_000 + (process.pid % 10_000) * 100;
    const jails = opened.use(new Jails({ site, groups, uidBase }));
    return new EgressStage({ roots, jails, folder, opened: opened.move() });
  }

  constructor(of: { roots: Roots; jails: Jails; folder: string; opened: AsyncDisposableStack }) {
    this.#roots = of.roots;
    this.#jails = of.jails;
    this.#folder = of.folder;
    this.#opened = of.opened;
  }

  /** Loopback stands for the outside, because there is nothing else that a test may reach. */
  egress(settings: Settings = {}): Promise<Egress> {
    const lookup = async (host: string) => {
      const found = this.names.get(host);
      if (found === undefined) throw new Error(`${host} is not known here`);
      return typeof found === "function" ? found() : found;
    };
    const all = { ...DEFAULT_EGRESS, allowedRanges: ["127.0.0.0/8"], ...settings };
    return openEgress({ settings: all, pythonCommand: "python3", lookup });
  }

  /** A guest with a program in it and a door. */
  async start(
    language: "python" | "javascript" | "go",
    source: string,
    settings: Settings = {},
  ): Promise<Guest> {
    const egress = await this.egress(settings);
    const jail = language === "go" ? await this.#startGo(source) : this.#startInterpreter(language);
    const guest = new Guest(jail, await egress.openDoor(jail.pid!));
    await guest.load(language === "go" ? "" : source);
    return guest;
  }

  /** An interpreter without any door. */
  startBlank(): Jail {
    return this.#startInterpreter("python");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }

  #startInterpreter(language: "python" | "javascript"): Jail {
    const runtime = language === "python" ? this.#roots.python : this.#roots.node;
    if ("why" in runtime) throw new Error(runtime.why);
    const { root, command, environment } = runtime;
    return this.#jails.start({ name: language, root, command, environment, ...PLACE });
  }

  async #startGo(source: string): Promise<Jail> {
    const place = { folder: goFolder, command: "go", jails: this.#jails, root: this.#roots.bare };
    await using toolchain = await openGoToolchain(place, silent);
    await toolchain.ready(NEVER);
    const built = await toolchain.build(source, NEVER);
    if ("problems" in built) throw new Error(JSON.stringify(built.problems));
    const binary = join(this.#folder, "program");
    await writeFile(binary, built.binary);
    const files = [{ from: binary, to: PROGRAM_FILE }];
    const spec = {
      ...PLACE,
      name: "go",
      root: this.#roots.bare,
      command: [PROGRAM_FILE],
      environment: {},
      files,
    };
    return this.#jails.start(spec);
  }
}

const PLACE = {
  binds: [],
  files: [],
  limits: {
    memoryBytesMax: 256 * MIB,
    cpuMillisMax: 1000,
    pidsMax: 64,
    openFilesMax: 256,
    tmpBytesMax: 16 * MIB,
  },
};

/** What a call came to: the body that Run gave, or what it raised; and all of its connections. */
export interface Called {
  readonly text: string;
  readonly error: string | undefined;
  readonly reports: EgressReport[];
}

export class Guest {
  readonly jail: Jail;
  readonly door: Door;
  readonly #frames: AsyncGenerator<Frame, void>;
  #calls = 0;
  #stderr = "";

  constructor(jail: Jail, door: Door) {
    this.jail = jail;
    this.door = door;
    this.#frames = readFrames(jail.control);
    jail.stdout.resume();
    jail.stderr.on("data", (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
  }

  async load(source: string): Promise<void> {
    await this.#until(KIND.READY);
    const head = { file: "action", environment: PROXY_ENVIRONMENT };
    this.jail.control.write(encodeFrame(KIND.LOAD, 0, head, Buffer.from(source)));
    const { kind, payload } = await this.#until(KIND.LOADED, KIND.ERROR);
    if (kind === KIND.ERROR) throw new Error(payload.toString());
  }

  /** A run that may reach these hosts. */
  async call(hosts: readonly string[], body: string | Uint8Array = ""): Promise<Called> {
    const reports: EgressReport[] = [];
    const rules: HostPattern[] = hosts.map(parseHostPattern);
    this.door.begin(rules, (report) => reports.push(report));
    const answer = await this.callClosed(body);
    this.door.end();
    return { ...answer, reports };
  }

  /** A call between two runs, as far as the door knows. */
  async callClosed(body: string | Uint8Array = ""): Promise<Omit<Called, "reports">> {
    this.#calls += 1;
    const context = {
      runId: "run",
      codeId: "code",
      version: 1,
      projectId: "project",
      attempt: 1,
      deadlineMs: 0,
    };
    const head = { method: "POST", path: "/", query: [], headers: [], secrets: {}, context };
    const limits = { lineBytesMax: 16_384, resultBytesMax: 8 * MIB };
    this.jail.control.write(encodeFrame(KIND.INVOKE, this.#calls, { ...head, ...limits }, Buffer.from(body)));
    const { kind, payload } = await this.#until(KIND.RESULT, KIND.ERROR);
    if (kind === KIND.RESULT) return { text: decodeHeadAndBody(payload).body.toString(), error: undefined };
    const { kind: name, message } = decodeJson(payload) as { kind: string; message: string };
    return { text: "", error: `${name}: ${message}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.door[Symbol.asyncDispose]();
    await this.jail.kill();
  }

  async #until(...kinds: number[]): Promise<Frame> {
    for (;;) {
      const { value } = await this.#frames.next();
      if (value === undefined) throw new Error(`the guest ended: ${this.#stderr}`);
      if (kinds.includes(value.kind)) return value;
    }
  }
}

async function* readFrames(control: AsyncIterable<Buffer>): AsyncGenerator<Frame, void> {
  const reader = new FrameReader();
  for await (const chunk of control) yield* reader.push(chunk);
}

/** A server of the outside, and what it was asked. */
export interface Outside extends AsyncDisposable {
  readonly port: number;
  readonly server: Server;
}

export async function listen(answer: RequestListener, secure?: Certificate): Promise<Outside> {
  const server = secure ? createSecureServer(secure, answer) : createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    server,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A certificate that says it is all of these, and that nobody but a test trusts. */
export async function certify(names: readonly string[]): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), "codeactions-certificate-"));
  const [key, cert] = [join(folder, "key"), join(folder, "cert")];
  const subject = [
    "-subj",
    "/CN=test",
    "-addext",
    `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`,
  ];
  const made = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", ["req", ...made, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
  const certificate = { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  await rm(folder, { recursive: true });
  return certificate;
}
