import { readSync, writeSync } from "node:fs";
import { Writable } from "node:stream";

/**
 * The line to the host: the frames that are described in frames.ts, on descriptor 3. The code shares this process and
 * may patch whatever it likes, so everything that is needed to answer is referenced from here before it is loaded.
 */

export const KIND = {
  LOAD: 1,
  INVOKE: 2,
  CHECK: 3,
  READY: 16,
  LOADED: 17,
  LOG: 18,
  RESULT: 19,
  ERROR: 20,
  CHECKED: 21,
};
export const LEVEL = { debug: 0, info: 1, warning: 2, error: 3 };
export const STREAM = { engine: 0, stdout: 1, stderr: 2 };
export const FRAME_BYTES_MAX = 9 * 1024 * 1024;

const CONTROL = 3;
const LINE_CUT = 1;
const HEADER_BYTES = 9;
const LINE_HEADER_BYTES = HEADER_BYTES + 11;

const parse = JSON.parse;
const stringify = JSON.stringify;
const { allocUnsafe, from: bufferFrom, byteLength } = Buffer;
const now = performance.now.bind(performance);
const originMs = performance.timeOrigin;

let invocation = 0;
let lineBytesMax = 16 * 1024;
let input = allocUnsafe(64 * 1024);
let filled = 0;

/** Waits for a frame, and everything else in this process with it. Ends the process when the host is gone. */
export function receive() {
  fill(4);
  const end = 4 + input.readUInt32BE(0);
  fill(end);
  const kind = input[4];
  invocation = input.readUInt32BE(5);
  const payload = bufferFrom(input.subarray(HEADER_BYTES, end));
  input.copyWithin(0, end, filled);
  filled -= end;
  const headBytes = payload.readUInt32BE(0);
  const head = parse(payload.toString("utf8", 4, 4 + headBytes));
  if (head.lineBytesMax) lineBytesMax = head.lineBytesMax;
  return { kind, head, body: payload.subarray(4 + headBytes) };
}

function fill(bytes) {
  if (input.byteLength < bytes) {
    const larger = allocUnsafe(bytes);
    input.copy(larger, 0, 0, filled);
    input = larger;
  }
  while (filled < bytes) {
    const received = readSync(CONTROL, input, filled, input.byteLength - filled, null);
    if (received === 0) process.reallyExit(0);
    filled += received;
  }
}

/** Sends a frame; the last line of each stream is finished first when an invocation ends with it. */
export function send(kind, head, body) {
  const json = head === undefined ? "" : stringify(head);
  const headBytes = byteLength(json);
  const prefixBytes = body === undefined ? 0 : 4;
  const frame = allocUnsafe(HEADER_BYTES + prefixBytes + headBytes + (body?.byteLength ?? 0));
  writeHeader(frame, kind);
  if (body !== undefined) frame.writeUInt32BE(headBytes, HEADER_BYTES);
  frame.write(json, HEADER_BYTES + prefixBytes, "utf8");
  if (body !== undefined) frame.set(body, HEADER_BYTES + prefixBytes + headBytes);
  writeAll(frame);
}

/** Sends a line; it is cut where it is longer than the host wants it. */
export function log(level, stream, text, cut = false) {
  let bytes = bufferFrom(text, "utf8");
  if (bytes.byteLength > lineBytesMax) {
    bytes = bytes.subarray(0, wholeCharacters(bytes, lineBytesMax));
    cut = true;
  }
  const frame = allocUnsafe(LINE_HEADER_BYTES + bytes.byteLength);
  writeHeader(frame, KIND.LOG);
  frame[9] = level;
  frame[10] = stream;
  frame[11] = cut ? LINE_CUT : 0;
  const timeUs = Math.floor((originMs + now()) * 1000);
  frame.writeUInt32BE(Math.floor(timeUs / 2 ** 32), 12);
  frame.writeUInt32BE(timeUs % 2 ** 32, 16);
  frame.set(bytes, LINE_HEADER_BYTES);
  writeAll(frame);
}

function writeHeader(frame, kind) {
  frame.writeUInt32BE(frame.byteLength - 4, 0);
  frame[4] = kind;
  frame.writeUInt32BE(invocation, 5);
}

function writeAll(frame) {
  for (let written = 0; written < frame.byteLength; ) written += writeSync(CONTROL, frame, written);
}

/** Where to cut UTF-8 so that no character is split. */
function wholeCharacters(bytes, limit) {
  let end = limit;
  while (end > limit - 4 && end > 0 && (bytes[end] & 0xc0) === 0x80) end -= 1;
  return end;
}

/** What process.stdout and process.stderr are: every line that is finished goes to the host at once. */
export class Printed extends Writable {
  level;
  fd;
  isTTY = false;
  #stream;
  #unfinished = "";
  // The unfinished line was too long and its beginning is with the host: the rest of it is dropped.
  #dropping = false;

  constructor(level, stream) {
    super({ decodeStrings: false });
    this.level = level;
    this.fd = stream;
    this.#stream = stream;
  }

  write(chunk, encoding, callback) {
    const done = typeof encoding === "function" ? encoding : callback;
    this.#print(typeof chunk === "string" ? chunk : bufferFrom(chunk).toString("utf8"));
    if (typeof done === "function") process.nextTick(done);
    return true;
  }

  /** A program's streams cannot be closed, only left alone. */
  end(chunk, encoding, callback) {
    if (chunk !== undefined && typeof chunk !== "function") this.write(chunk, encoding, callback);
    return this;
  }

  /** The invocation ends, and with it a line that has no end. */
  finish() {
    if (this.#unfinished !== "" && !this.#dropping) this.#line(this.#unfinished);
    this.#unfinished = "";
    this.#dropping = false;
  }

  #print(text) {
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      this.#line(this.#unfinished + text.slice(start, end));
      start = end + 1;
    }
    if (start === text.length || this.#dropping) return;
    this.#unfinished += text.slice(start);
    if (this.#unfinished.length <= lineBytesMax) return;
    this.#line(this.#unfinished);
    this.#dropping = true;
  }

  #line(line) {
    this.#unfinished = "";
    if (this.#dropping) this.#dropping = false;
    else log(this.level, this.#stream, line.endsWith("\r") ? line.slice(0, -1) : line);
  }
}

/** Everything that is printed goes to the host from now on. */
export function capturePrints() {
  const stdout = new Printed(LEVEL.info, STREAM.stdout);
  const stderr = new Printed(LEVEL.error, STREAM.stderr);
  Object.defineProperty(process, "stdout", {
    value: stdout,
    configurable: true,
    enumerable: true,
    writable: true,
  });
  Object.defineProperty(process, "stderr", {
    value: stderr,
    configurable: true,
    enumerable: true,
    writable: true,
  });
  withLevel("debug", stdout, LEVEL.debug);
  withLevel("warn", stderr, LEVEL.warning);
  return { stdout, stderr };
}

function withLevel(method, printed, level) {
  const print = console[method].bind(console);
  console[method] = (...values) => {
    const usual = printed.level;
    printed.level = level;
    try {
      print(...values);
    } finally {
      printed.level = usual;
    }
  };
}
