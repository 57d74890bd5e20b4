import { closeSync, openSync, readFileSync, readSync } from "node:fs";

/** A file of the kernel's, kept open: reading it again takes a microsecond. */
export class KeptFile {
  readonly #descriptor: number;
  static readonly #buffer = Buffer.alloc(4096);

  constructor(path: string) {
    this.#descriptor = openSync(path, "r");
  }

  text(): string {
    const bytes = readSync(this.#descriptor, KeptFile.#buffer, 0, 4096, 0);
    return KeptFile.#buffer.toString("latin1", 0, bytes);
  }

  number(): number {
    return Number(this.text());
  }

  /** The number after a name, in a file of names and numbers; 0 when it is not there. */
  field(name: string): number {
    const text = this.text();
    const start = text.startsWith(`${name} `) ? 0 : text.indexOf(`\n${name} `) + 1;
    if (start === 0 && !text.startsWith(`${name} `)) return 0;
    return Number.parseInt(text.slice(start + name.length + 1), 10);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** Reads the pids in a group's file, opened anew because the kernel keeps an old list for those who keep it open. */
export function readPids(file: string): number[] {
  const text = readFileSync(file, "latin1");
  return text === "" ? [] : text.trimEnd().split("\n").map(Number);
}

/**
 * Whatever this does with a group that may be removed meanwhile, as by another service that cleans up at the same
 * moment; undefined when it was.
 */
export function unlessGone<Value>(act: () => Value): Value | undefined {
  try {
    return act();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENODEV") return undefined;
    throw error;
  }
}
