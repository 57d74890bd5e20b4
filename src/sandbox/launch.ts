import { type ChildProcess, type StdioOptions, spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import type { Group, Groups } from "./cgroup.ts";
import {
  BUBBLEWRAP_DESCRIPTOR,
  buildWalls,
  CONTROL_DESCRIPTOR,
  FILTER_DESCRIPTOR,
  type JailSpec,
  type Site,
  YIELD,
} from "./jail.ts";
import { seccompFilter } from "./seccomp.ts";

/** How a jail's first process ended: one of the two. */
export interface Ending {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

/** Starts jails: each with a user id and a control group of its own. */
export class Jails {
  readonly #site: Site;
  readonly #groups: Groups;
  readonly #uidBase: number;
  readonly #live = new Map<number, Jail>();
  /** Descriptors that were open when the service started and that a child would get, in ascending order. */
  readonly #inherited: readonly number[] = listInherited();
  readonly #nothing = openSync("/dev/null", "r");
  /** The filter of system calls, in a file without a name; opened anew by each jail, which reads it to its end. */
  readonly #filter: number | undefined;
  readonly #canYield = spawnSync(YIELD[0]!, [...YIELD.slice(1), "true"], { stdio: "ignore" }).status === 0;
  #started = 0;

  constructor(from: { site: Site; groups: Groups; uidBase: number }) {
    this.#site = from.site;
    this.#groups = from.groups;
    this.#uidBase = from.uidBase;
    this.#filter = from.site.waivedWalls.includes("seccomp") ? undefined : openFilter();
  }

  /** Throws when the operating system refuses; a wall that cannot be built ends the jail with a word on stderr. */
  start(spec: JailSpec, stdin: "ignore" | "pipe" = "ignore"): Jail {
    const slot = this.#freeSlot();
    this.#started += 1;
    const group = this.#groups.create(`${spec.name}-${this.#started}`, spec.limits);
    const fileDescriptors: number[] = [];
    try {
      const filter = this.#filter === undefined ? "/dev/null" : `/proc/self/fd/${this.#filter}`;
      for (const path of [filter, ...spec.files.map(({ from }) => from)]) {
        fileDescriptors.push(openSync(path, "r"));
      }
      const start = buildWalls({
        spec,
        site: this.#site,
        uid: this.#uidBase + slot,
        joins: group.joins,
        fileDescriptors: spec.files.map((_, index) => FILTER_DESCRIPTOR + 1 + index),
        canYield: this.#canYield,
      });
      const child = spawn(start.command, start.arguments, {
        cwd: "/",
        env: start.environment,
        stdio: this.#hideInherited([stdin, "pipe", "pipe", "pipe", "pipe", ...fileDescriptors]),
        // Control-C at the service's terminal is the service's alone.
        detached: true,
      });
      const jail = new Jail(child, group, () => this.#live.delete(slot));
      jail.bubblewrapArguments.end(start.bubblewrapArguments);
      this.#live.set(slot, jail);
      return jail;
    } catch (error) {
      void group.remove();
      throw error;
    } finally {
      for (const descriptor of fileDescriptors) closeSync(descriptor);
    }
  }

  get live(): number {
    return this.#live.size;
  }

  /** Kills every jail. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#live.values()].map((jail) => jail.kill()));
    closeSync(this.#nothing);
    if (this.#filter !== undefined) closeSync(this.#filter);
  }

  /** Puts /dev/null where a jail would inherit something that the service itself was started with. */
  #hideInherited(stdio: StdioOptions & unknown[]): StdioOptions {
    for (const descriptor of this.#inherited) {
      while (stdio.length < descriptor) stdio.push("ignore");
      if (stdio.length === descriptor) stdio.push(this.#nothing);
    }
    return stdio;
  }

  #freeSlot(): number {
    let slot = 0;
    while (this.#live.has(slot)) slot += 1;
    return slot;
  }
}

function openFilter(): number {
  const folder = mkdtempSync(join(tmpdir(), "codeactions-filter-"));
  const file = join(folder, "filter");
  try {
    writeFileSync(file, seccompFilter());
    return openSync(file, "r");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const CLOSE_MS = 2000;
const CLOSE_ON_EXEC = 0o2000000;

/** Node opens everything so that children do not get it; what came from the service's own starter may be otherwise. */
function listInherited(): number[] {
  const descriptors = readdirSync("/proc/self/fd").map(Number);
  return descriptors
    .filter((descriptor) => descriptor > 2 && !isClosedOnExec(descriptor))
    .sort((a, b) => a - b);
}

function isClosedOnExec(descriptor: number): boolean {
  try {
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "latin1"))?.[1];
    return (Number.parseInt(flags ?? "0", 8) & CLOSE_ON_EXEC) !== 0;
  } catch {
    // It was the one with which the list was read.
    return true;
  }
}

/** A running jail. Whoever starts it kills it, also when it has ended by itself: only then is its group removed. */
export class Jail {
  readonly control: Socket;
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly group: Group;
  /** The first process has ended; others may live until `kill`. */
  readonly exited: Promise<Ending>;
  /** It has ended and everything that it wrote has been read; or it has ended for two seconds. */
  readonly closed: Promise<void>;
  readonly bubblewrapArguments: Writable;
  readonly #child: ChildProcess;
  readonly #free: () => void;
  #killing: Promise<void> | undefined;

  constructor(child: ChildProcess, group: Group, free: () => void) {
    this.#child = child;
    this.#free = free;
    this.group = group;
    this.stdin = child.stdin;
    this.stdout = child.stdout!;
    this.stderr = child.stderr!;
    this.control = child.stdio[CONTROL_DESCRIPTOR] as Socket;
    this.bubblewrapArguments = child.stdio[BUBBLEWRAP_DESCRIPTOR] as Socket;
    this.exited = new Promise((resolve) => {
      child.once("exit", (exitCode, signal) => resolve(readEnding(exitCode, signal)));
      child.once("error", () => resolve({ exitCode: undefined, signal: "SIGKILL" }));
    });
    this.closed = new Promise((resolve) => {
      child.once("close", () => resolve());
      child.once("error", () => resolve());
      // Without a process namespace a child that lives on can hold the streams open.
      child.once("exit", () => setTimeout(resolve, CLOSE_MS).unref());
    });
    // A guest that ends while it is written to is seen by its end.
    for (const stream of [this.control, this.bubblewrapArguments, this.stdin, this.stdout, this.stderr]) {
      stream?.on("error", () => {});
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends every process in the jail and removes its group. */
  kill(): Promise<void> {
    this.#killing ??= this.#kill();
    return this.#killing;
  }

  async #kill(): Promise<void> {
    // Bubblewrap's end is the end of everything in its process namespace; the group is for what forks faster.
    this.#killSession();
    await this.group.kill();
    await this.exited;
    this.#free();
    await this.group.remove();
  }

  #killSession(): void {
    const { pid, exitCode, signalCode } = this.#child;
    // Once it has been waited for, its number may be somebody else's.
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** A shell and bubblewrap report a signal as 128 and its number. */
function readEnding(exitCode: number | null, signal: NodeJS.Signals | null): Ending {
  if (signal !== null) return { exitCode: undefined, signal };
  const number = (exitCode ?? 0) - 128;
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return name ? { exitCode: undefined, signal: name } : { exitCode: exitCode ?? 0, signal: undefined };
}
