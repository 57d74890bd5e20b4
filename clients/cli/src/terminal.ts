import pc from "picocolors";

export type Colors = ReturnType<typeof pc.createColors>;

/**
 * Where a command says things: data on stdout, all else on stderr. Colors and progress are for terminals only, and
 * colors not where `NO_COLOR` is set.
 */
export class Terminal {
  /** Colors of stdout. */
  readonly out: Colors = pc.createColors(isColorful(process.stdout));
  /** Colors of stderr. */
  readonly err: Colors = pc.createColors(isColorful(process.stderr));
  /** Whether somebody is there to be asked. */
  readonly canAsk: boolean = process.stdin.isTTY === true && process.stderr.isTTY === true;
  #isProgressShown = false;

  constructor() {
    // Whoever closes a pipe has read what it wanted.
    for (const stream of [process.stdout, process.stderr]) {
      stream.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code !== "EPIPE") throw error;
        process.exit(0);
      });
    }
  }

  /** A line of data. */
  print(line: string): void {
    this.write(`${line}\n`);
  }

  /** Data as it is. */
  write(data: string | Uint8Array): void {
    this.progress("");
    process.stdout.write(data);
  }

  /** Data as JSON: indented for a person, one line for `oneLine` in a stream of them. */
  printJson(value: unknown, oneLine = false): void {
    this.print(JSON.stringify(value, null, oneLine ? 0 : 2));
  }

  /** A line about what is going on. */
  note(line: string): void {
    this.progress("");
    process.stderr.write(`${line}\n`);
  }

  /** Shows on a terminal's last line what is under way, until anything else is written. Empty takes it away. */
  progress(text: string): void {
    if (!process.stderr.isTTY || (text === "" && !this.#isProgressShown)) return;
    this.#isProgressShown = text !== "";
    process.stderr.write(`\r\x1b[K${this.err.dim(text)}`);
  }
}

function isColorful(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== "0";
  return stream.isTTY === true && TERM !== "dumb";
}

/**
 * Text of other people's making, safe to show: what a terminal would obey is shown as a sign instead (`␛` for an
 * escape). Line breaks and tabs stay.
 */
export function shown(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "␡" : "�";
  });
}
