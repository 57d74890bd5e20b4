import color from "picocolors";
import type { Config } from "./core/config.ts";
import { type Logger, openLogger } from "./core/logger.ts";
import type { LanguageState } from "./sandbox/program.ts";

/** What a process of ours has, whatever it does: a log, an ear for signals, and a voice. */
export interface OwnProcess {
  readonly log: Logger;
  readonly stopped: { readonly promise: Promise<string>; readonly signal: AbortSignal };
}

/** Refuses to go on where codes cannot be jailed, unless no code is to run in this process. */
export function openProcess(
  config: Pick<Config, "sandbox" | "logFormat" | "logLevel">,
  runsCodes = true,
): OwnProcess {
  if (runsCodes && process.platform !== "linux" && config.sandbox !== "none") throw new Error(NOT_LINUX);
  const format = config.logFormat === "auto" ? (process.stderr.isTTY ? "pretty" : "json") : config.logFormat;
  const log = openLogger({ level: config.logLevel, format });
  if (runsCodes && config.sandbox === "none") log.warn({ sandbox: "none" }, WITHOUT_WALLS);
  return { log, stopped: untilStopped(log) };
}

/** A line for each language: whether it can be used, and what to do where it cannot. */
export function languageLines(states: readonly LanguageState[]): string[] {
  const lines: string[] = [];
  for (const state of states) {
    if (state.state === "ready")
      lines.push(`  ${color.green("✓")} ${state.language.padEnd(10)} ${color.dim(state.runtime)}`);
    if (state.state === "preparing")
      lines.push(
        `  ${color.yellow("…")} ${state.language.padEnd(10)} ${color.dim(`${state.runtime}, ${state.progress}`)}`,
      );
    if (state.state === "missing")
      lines.push(`  ${color.red("✗")} ${state.language.padEnd(10)} ${state.why}; ${color.bold(state.fix)}`);
  }
  return lines;
}

/** A terminal's Ctrl-C can arrive twice, from the terminal and from npm: what comes so soon is not a second word. */
const SAME_WORD_MS = 500;

/** The first signal asks to stop; a second one does not ask. */
function untilStopped(log: Logger): { promise: Promise<string>; signal: AbortSignal } {
  const { promise, resolve } = Promise.withResolvers<string>();
  const stopping = new AbortController();
  let askedMs: number | undefined;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (askedMs !== undefined) {
        if (performance.now() - askedMs < SAME_WORD_MS) return;
        log.warn({ signal: name }, "stopped at once");
        process.exit(130);
      }
      askedMs = performance.now();
      stopping.abort();
      resolve(name);
    });
  }
  return { promise, signal: stopping.signal };
}

/** For the person who started the process; stdout has nothing else. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

const WITHOUT_WALLS =
  "CODEACTIONS_SANDBOX=none: codes run as this user, with its files and its network; for trusted code only";

const NOT_LINUX = `Code Actions builds its jails from Linux's namespaces and control groups, and this is ${process.platform}.
Run it in a container: docker run --rm -it --privileged -p 8050:8050 -v "$PWD":/app -w /app debian:12 \\
  sh -c 'apt-get update && apt-get install -y nodejs npm git && CODEACTIONS_HOST=0.0.0.0 npm start'
or, for trusted code only, set CODEACTIONS_SANDBOX=none.`;
