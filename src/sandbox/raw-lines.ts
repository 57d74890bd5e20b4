/**
 * Cuts what a program writes to stdout or stderr into lines, at most `lineBytesMax` long: of a longer one the
 * beginning is given at once, marked, and the rest is dropped. Nothing else is kept than one unfinished line.
 */
export class RawLines {
  readonly #lineBytesMax: number;
  #unfinished: Buffer = EMPTY;
  #dropping = false;

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax;
  }

  /** Answers with how many bytes were dropped. */
  push(chunk: Buffer, take: (text: Buffer, cut: boolean) => void): number {
    let start = 0;
    let dropped = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      dropped += this.#finish(chunk.subarray(start, end), take);
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    if (rest.byteLength === 0) return dropped;
    if (this.#dropping) return dropped + rest.byteLength;
    this.#unfinished = this.#unfinished.byteLength === 0 ? rest : Buffer.concat([this.#unfinished, rest]);
    if (this.#unfinished.byteLength <= this.#lineBytesMax) return dropped;
    dropped += this.#finish(EMPTY, take);
    this.#dropping = true;
    return dropped;
  }

  /** The program ends, and with it a line that has no end. */
  finish(take: (text: Buffer, cut: boolean) => void): void {
    if (this.#unfinished.byteLength > 0) this.#finish(EMPTY, take);
    this.#dropping = false;
  }

  #finish(end: Buffer, take: (text: Buffer, cut: boolean) => void): number {
    const line = this.#unfinished.byteLength === 0 ? end : Buffer.concat([this.#unfinished, end]);
    this.#unfinished = EMPTY;
    if (this.#dropping) {
      this.#dropping = false;
      return end.byteLength;
    }
    const cut = line.byteLength > this.#lineBytesMax;
    const kept = cut ? cutText(line, this.#lineBytesMax) : line;
    take(!cut && kept.at(-1) === RETURN ? kept.subarray(0, -1) : kept, cut);
    return line.byteLength - kept.byteLength;
  }
}

/** The longest beginning of UTF-8 text within a limit that does not end inside a character. */
export function cutText(text: Buffer, bytesMax: number): Buffer {
  let end = Math.min(bytesMax, text.byteLength);
  if (end === text.byteLength) return text;
  // A character's later bytes look like 10xxxxxx; it has at most three of them.
  for (let back = 0; back < 3 && end > 0 && (text[end]! & 0xc0) === 0x80; back++) end -= 1;
  return text.subarray(0, end);
}

const EMPTY = Buffer.alloc(0);
const NEWLINE = 10;
const RETURN = 13;
