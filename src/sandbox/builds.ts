import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BuiltFiles } from "./built-files.ts";
import type { GoToolchain } from "./guests/go/toolchain.ts";
import type { Interpreters } from "./interpreters.ts";
import type { Language, Problem } from "./program.ts";

/** What a worker is given of a program: something that a blank one loads, or the worker's own executable. */
export type Loadable =
  | { readonly source: Uint8Array; readonly file: string }
  | { readonly executable: string };

export type Build = Loadable | { readonly problems: readonly Problem[] };

/** What of a program decides about its build. */
export interface Source {
  readonly language: Language;
  readonly source: string;
  readonly sourceSha256: string;
}

const BUILD_MS = 60_000;
const FILES = {
  python: "action.py",
  javascript: "action.js",
  typescript: "action.ts",
  go: "action.go",
} as const;

/**
 * Turns sources into what workers load. Python and JavaScript are loaded as they are; TypeScript and Go are built in
 * jails, once however many ask at the same time, and kept.
 */
export class Builds {
  readonly #interpreters: Interpreters;
  readonly #go: GoToolchain;
  readonly #files: BuiltFiles;
  readonly #javascriptBuilder: string;
  readonly #underWay = new Map<string, Promise<Build>>();

  constructor(from: {
    interpreters: Interpreters;
    go: GoToolchain;
    folder: string;
    javascriptBuilder: string;
  }) {
    this.#interpreters = from.interpreters;
    this.#go = from.go;
    this.#files = new BuiltFiles(join(from.folder, "built"));
    this.#javascriptBuilder = from.javascriptBuilder;
  }

  /** What a worker loads, or why there is nothing to load. Throws `NotAccepted` when the language is not ready. */
  async build(source: Source, signal: AbortSignal): Promise<Build> {
    const { language } = source;
    if (language === "python" || language === "javascript") {
      return { source: Buffer.from(source.source), file: FILES[language] };
    }
    return abortable(this.#buildOnce(source), signal);
  }

  /** What is wrong with a source, as far as that can be said without running it. */
  async check(language: Language, source: string, signal: AbortSignal): Promise<readonly Problem[]> {
    if (language === "python" || language === "javascript") {
      return (await this.#look(language, source, signal)).problems;
    }
    const sourceSha256 = createHash("sha256").update(source).digest("hex");
    const build = await this.build({ language, source, sourceSha256 }, signal);
    return "problems" in build ? build.problems : [];
  }

  #buildOnce(source: Source): Promise<Build> {
    const name = `${source.language} ${source.sourceSha256}`;
    const underWay = this.#underWay.get(name);
    if (underWay) return underWay;
    const building = source.language === "go" ? this.#buildGo(source) : this.#buildTypeScript(source);
    const shared = building.finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, shared);
    return shared;
  }

  async #buildTypeScript({ source, sourceSha256 }: Source): Promise<Build> {
    const file = FILES.typescript;
    const kept = await this.#files.read(sourceSha256, this.#javascriptBuilder);
    if (kept) return { source: kept, file };
    const { problems, loadable } = await this.#look("typescript", source, AbortSignal.timeout(BUILD_MS));
    if (problems.length > 0) return { problems };
    await this.#files.keep(sourceSha256, this.#javascriptBuilder, loadable);
    return { source: loadable, file };
  }

  async #buildGo({ source, sourceSha256 }: Source): Promise<Build> {
    const { builder } = this.#go;
    const kept = await this.#files.find(sourceSha256, builder);
    if (kept !== undefined) return { executable: kept };
    const build = await this.#go.build(source, AbortSignal.timeout(BUILD_MS));
    if ("problems" in build) return build;
    return { executable: await this.#files.keep(sourceSha256, builder, build.binary) };
  }

  async #look(language: Exclude<Language, "go">, source: string, signal: AbortSignal) {
    const worker = await this.#interpreters.take(language);
    return worker.check(language, FILES[language], Buffer.from(source), signal);
  }
}

/** The name under which what the JavaScript guest makes of TypeScript is kept: other code, other name. */
export async function nameJavaScriptBuilder(): Promise<string> {
  const hash = createHash("sha256").update(process.version);
  for (const name of ["check.mjs", "modules.mjs"]) {
    hash.update(await readFile(join(import.meta.dirname, "guests/javascript", name)));
  }
  return `javascript ${hash.digest("hex")}`;
}

/** Stops waiting when the signal aborts; what is waited for goes on for the others. */
async function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
