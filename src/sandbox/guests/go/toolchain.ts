import { basename } from "node:path";
import type { Log } from "../../log.ts";
import { type LanguageState, NotAccepted } from "../../program.ts";
import { isPublic } from "../../roots.ts";
import { type BuildPlace, type Built, compile } from "./compile.ts";
import { findGo, type Go, isPrepared, type Progress, prepare, preparedFolder } from "./prepare.ts";

export interface GoSettings extends BuildPlace {
  /** Where prepared toolchains are kept, about 150 MB for each Go version. */
  readonly folder: string;
  /** The go command, or its path when it is not in one of the usual places. */
  readonly command: string;
}

const OLDEST_MINOR = 19;
// For a service that is root and whose data is in a home folder, which the jails' users cannot enter.
const PUBLIC_FOLDER = "/var/lib/codeactions/go";

/** Finds the host's Go and, where this version has not been prepared before, starts preparing it. */
export async function openGoToolchain(settings: GoSettings, log: Log): Promise<GoToolchain> {
  const ending = new AbortController();
  const open = (stage: Stage) => new GoToolchain(settings, stage, ending);
  let go: Go;
  try {
    go = await findGo(settings.command, ending.signal);
  } catch (error) {
    return open(missing(`the go command was not found: ${messageOf(error)}`));
  }
  const minor = Number(/^go1\.(\d+)/.exec(go.version)?.[1] ?? OLDEST_MINOR);
  if (minor < OLDEST_MINOR)
    return open(missing(`${go.version} is too old; needed is 1.${OLDEST_MINOR} or newer`));
  const parent = (await isPublic(settings.folder)) ? settings.folder : PUBLIC_FOLDER;
  const folder = await preparedFolder(parent, go);
  if (await isPrepared(folder)) return open({ state: "ready", go, folder });
  const toolchain = open({
    state: "preparing",
    go,
    folder,
    since: Date.now(),
    progress: { done: 0, total: 0 },
  });
  toolchain.prepare(log);
  return toolchain;
}

type Stage =
  | { readonly state: "missing"; readonly why: string; readonly fix: string }
  | {
      readonly state: "preparing";
      readonly go: Go;
      readonly folder: string;
      readonly since: number;
      readonly progress: Progress;
    }
  | { readonly state: "ready"; readonly go: Go; readonly folder: string };

/**
 * Turns Go sources into programs. It is missing, or preparing and then ready; a preparation that fails makes it
 * missing, and the next start tries again.
 */
export class GoToolchain {
  #stage: Stage;
  #preparation: Promise<void> = Promise.resolve();
  readonly #place: BuildPlace;
  readonly #ending: AbortController;

  constructor(place: BuildPlace, stage: Stage, ending: AbortController) {
    this.#place = place;
    this.#stage = stage;
    this.#ending = ending;
  }

  state(): LanguageState {
    const stage = this.#stage;
    if (stage.state === "missing") return { language: "go", ...stage };
    const runtime = stage.go.version.replace(/^go/, "Go ");
    if (stage.state === "ready") return { language: "go", state: "ready", runtime };
    return { language: "go", state: "preparing", runtime, progress: describe(stage.progress) };
  }

  /** Waits for a preparation under way, whatever comes of it; `state` tells. */
  async ready(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const give = () => reject(signal.reason);
    signal.addEventListener("abort", give, { once: true });
    this.#preparation.then(resolve);
    await promise.finally(() => signal.removeEventListener("abort", give));
  }

  /** Changes whenever the same source would become another program; empty when Go is missing. */
  get builder(): string {
    return this.#stage.state === "missing" ? "" : basename(this.#stage.folder);
  }

  /** Compiles a source, in a jail. Throws `NotAccepted` while the toolchain is not ready. */
  async build(source: string, signal: AbortSignal): Promise<Built> {
    const stage = this.#stage;
    if (stage.state === "missing") throw new NotAccepted("missing", `${stage.why}; ${stage.fix}`);
    if (stage.state === "preparing") throw notYet(stage);
    return compile(stage.folder, source, this.#place, signal);
  }

  /** Called once, by `openGoToolchain`. */
  prepare(log: Log): void {
    const stage = this.#stage;
    if (stage.state !== "preparing") return;
    const { go, folder, since } = stage;
    const progress = (progress: Progress) => {
      this.#stage = { ...stage, progress };
    };
    log.info({ folder, version: go.version }, "compiling Go's standard library");
    this.#preparation = prepare(folder, go, progress, this.#ending.signal).then(
      () => {
        this.#stage = { state: "ready", go, folder };
        log.info({ folder, version: go.version, tookMs: Date.now() - since }, "Go is ready");
      },
      (error: unknown) => {
        this.#stage = missing(
          `Go's standard library could not be compiled: ${messageOf(error)}`,
          "start again",
        );
        if (!this.#ending.signal.aborted)
          log.warn({ err: error, folder }, "Go's standard library could not be compiled");
      },
    );
  }

  /** Ends a preparation under way; the next start goes on where it was. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new NotAccepted("closed", "the sandbox is shutting down"));
    await this.#preparation;
  }
}

const INSTALL =
  "install Go with `apt-get install -y golang-go`, or a newer one from https://go.dev/dl, and start again";

function missing(why: string, fix = INSTALL): Stage {
  return { state: "missing", why, fix };
}

function describe({ done, total }: Progress): string {
  return total === 0 ? "listing packages" : `${done} of ${total} packages`;
}

function notYet(stage: Stage & { state: "preparing" }): NotAccepted {
  const { done, total } = stage.progress;
  const elapsedMs = Date.now() - stage.since;
  const leftMs = done === 0 ? 30_000 : Math.max(1000, Math.ceil((elapsedMs / done) * (total - done)));
  const seconds = Math.ceil(leftMs / 1000);
  return new NotAccepted(
    "preparing",
    `Go's standard library is being compiled once: ${describe(stage.progress)}; try again in about ${seconds} s`,
    leftMs,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
