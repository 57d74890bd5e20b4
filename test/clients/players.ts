import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** One column of the matrix: a client, played in one of its ways. */
export interface Player {
  /** The folder under clients/. */
  readonly language: string;
  /** The second argument of story.sh. Empty where a client has only one way. */
  readonly way: string;
  readonly name: string;
}

/** What became of a script: its output, or what it says is missing on this machine. */
export type Outcome =
  | {
      readonly kind: "done";
      /** null if a signal ended it, or if it could not even be started, which stderr says then. */
      readonly status: number | null;
      readonly stdout: string;
      readonly stderr: string;
    }
  | { readonly kind: "missing"; readonly advice: string };

const CLIENTS = "clients";
const RELEASED = join(CLIENTS, "released");
/** What a script ends with when its toolchain is not there. */
const MISSING = 77;
const SCRIPT_MS_MAX = 900_000;
const OUTPUT_CHARACTERS_MAX = 1_000_000;

/** Every client that has a story to play. The ways to play it are lines of its file `ways`, if it has one. */
export function findPlayers(): Player[] {
  return readdirSync(CLIENTS)
    .filter((language) => existsSync(join(CLIENTS, language, "story.sh")))
    .flatMap((language) => {
      const file = join(CLIENTS, language, "ways");
      const ways = existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [""];
      return ways.map((way) => ({ language, way, name: way === "" ? language : `${language} (${way})` }));
    });
}

/** The clients that have unit tests of their own. */
export function findTested(): string[] {
  return readdirSync(CLIENTS).filter((language) => existsSync(join(CLIENTS, language, "test.sh")));
}

/** The client of the last release, as deploy/release.mjs has kept it; from the first release on there is one. */
export function findReleased(): { readonly archive: string; readonly way: string }[] {
  const archives = readdirSync(RELEASED).filter((name) => name.endsWith(".tgz"));
  return archives.flatMap((archive) => ["grpc", "connect"].map((way) => ({ archive, way })));
}

/** A folder with the artifacts of the clients, each built once and when it is first asked for. */
export class Workshop implements AsyncDisposable {
  readonly #folder: string;
  readonly #built = new Map<string, Promise<Outcome>>();
  readonly #ending = new AbortController();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<Workshop> {
    return new Workshop(await mkdtemp(join(tmpdir(), "code-actions-clients-")));
  }

  /** Plays the story with the given settings. */
  async play({ language, way, name }: Player, settings: object): Promise<Outcome> {
    const story = join(this.#folder, `${name.replaceAll(/\W/g, "-")}.json`);
    await writeFile(story, JSON.stringify(settings));
    return this.#withArtifact(language, "story.sh", way === "" ? [] : [way], { STORY: story });
  }

  /** Plays the story of a release with its own client: what was installed then has to go on working. */
  async playReleased(archive: string, way: string, settings: object): Promise<Outcome> {
    const folder = await mkdtemp(join(this.#folder, "released-"));
    const unpacked = await this.#run(
      "tar",
      ["--extract", "--file", join(RELEASED, archive), "-C", folder],
      {},
    );
    if (unpacked.kind === "missing" || unpacked.status !== 0) return unpacked;
    const story = JSON.parse(await readFile(join(folder, "story.json"), "utf8")) as object;
    await writeFile(join(folder, "settings.json"), JSON.stringify({ ...settings, story }));
    return this.#run(join(folder, "story.sh"), [join(folder, "artifact"), way], {
      STORY: join(folder, "settings.json"),
      // Its player is checked by the compiler of today.
      PATH: `${resolve("node_modules/.bin")}:${process.env.PATH}`,
    });
  }

  /** Runs the example of a client's README against the service that the environment names. */
  async runExample(language: string, environment: Record<string, string>): Promise<Outcome> {
    return this.#withArtifact(language, "example.sh", [], environment);
  }

  /** Runs the unit tests of a client. */
  async runTests(language: string): Promise<Outcome> {
    return this.#withArtifact(language, "test.sh", [], {});
  }

  async #withArtifact(
    language: string,
    script: string,
    more: string[],
    environment: Record<string, string>,
  ): Promise<Outcome> {
    const artifact = join(this.#folder, language);
    let built = this.#built.get(language);
    if (built === undefined) {
      await mkdir(artifact, { recursive: true });
      built = this.#run(join(CLIENTS, language, "build.sh"), [artifact], {});
      this.#built.set(language, built);
    }
    const outcome = await built;
    if (outcome.kind === "missing" || outcome.status !== 0) return outcome;
    return this.#run(join(CLIENTS, language, script), [artifact, ...more], environment);
  }

  async #run(script: string, options: string[], environment: Record<string, string>): Promise<Outcome> {
    const child = spawn(script, options, {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    // A script's own children are in its group, and end with it.
    const end = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // It has just ended by itself.
      }
    };
    const ending = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(SCRIPT_MS_MAX)]);
    ending.addEventListener("abort", end, { once: true });
    const [stdout, stderr] = [tailOf(child.stdout), tailOf(child.stderr)];
    const { status, failure } = await once(child, "close").then(
      ([status]: (number | null)[]) => ({ status: status ?? null, failure: "" }),
      (error: Error) => ({ status: null, failure: error.message }),
    );
    ending.removeEventListener("abort", end);
    return status === MISSING
      ? { kind: "missing", advice: stderr().trim() }
      : { kind: "done", status, stdout: stdout(), stderr: `${stderr()}${failure}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await Promise.allSettled(this.#built.values());
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What a stream said last, up to a limit. */
function tailOf(stream: NodeJS.ReadableStream): () => string {
  let said = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    said = `${said}${text}`.slice(-OUTPUT_CHARACTERS_MAX);
  });
  return () => said;
}
