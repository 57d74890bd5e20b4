/**
 * The worker protocol: frames on a descriptor of their own (3), both ways, the same in every language.
 *
 *     u32 length of what follows | u8 kind | u32 invocation | payload          (integers big-endian)
 *
 * A payload is one of
 *   - `head + body`: u32 length of the head, the head as JSON in UTF-8, then the body's raw bytes;
 *   - JSON alone;
 *   - a log line: u8 level | u8 stream | u8 flags | u64 microseconds since the epoch | text in UTF-8.
 *
 * Host to guest
 *   LOAD     head {file, environment} + source (for Go an empty source: the binary is the program)
 *   INVOKE   head {method, path, query, headers, secrets, context, resultBytesMax, lineBytesMax} + request
 *            body; the context also has deadlineMs, in milliseconds since the epoch
 *   CHECK    head {file, language} + source: look at it without running it, then end
 * Guest to host
 *   READY    JSON {runtime}: a blank interpreter waits for LOAD or CHECK
 *   LOADED   nothing: the program's top level ran and `Run` was found
 *   LOG      a log line
 *   RESULT   head {statusCode, contentType, headers} + response body: the answer, last frame of an invocation
 *   ERROR    JSON {kind, message, traceback, isLast?}: the code raised, at load or in `Run`; last frame of an
 *            invocation, and with `isLast` of the guest, because something of the invocation may still be running
 *   CHECKED  head {problems} + what a worker would load (for TypeScript the JavaScript it became)
 *
 * A guest never sends a frame larger than `FRAME_BYTES_MAX`, nor one for another invocation than the one it was
 * last given. User code shares the guest's process and can write here too: a frame is hostile input.
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
} as const;

export const LEVELS = ["debug", "info", "warning", "error"] as const;
export const STREAMS = ["engine", "stdout", "stderr", "system"] as const;

/** Flag of a log line: the guest cut it at `lineBytesMax`. */
export const LINE_CUT = 1;

/** The largest frame: the largest body (8 MiB) and a head. */
export const FRAME_BYTES_MAX = 9 * 1024 * 1024;
/**
 * The largest JSON. No guest of ours comes near it; parsing hostile JSON of a whole frame's size would stop the service
 * for most of a second and take twenty times its memory.
 */
export const HEAD_BYTES_MAX = 1024 * 1024;
const LENGTH_BYTES = 4;
const HEADER_BYTES = 9;

export interface Frame {
  readonly kind: number;
  readonly invocation: number;
  readonly payload: Buffer;
}

/** The guest broke the protocol; its worker is destroyed. */
export class BrokenFrame extends Error {
  override name = "BrokenFrame";
}

/** Encodes a frame whose payload is a JSON head and raw bytes. */
export function encodeFrame(kind: number, invocation: number, head: unknown, body: Uint8Array): Buffer {
  const json = JSON.stringify(head);
  const headBytes = Buffer.byteLength(json);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + 4 + headBytes + body.byteLength);
  frame.writeUInt32BE(frame.byteLength - 4, 0);
  frame.writeUInt8(kind, 4);
  frame.writeUInt32BE(invocation, 5);
  frame.writeUInt32BE(headBytes, HEADER_BYTES);
  frame.write(json, HEADER_BYTES + 4, "utf8");
  frame.set(body, HEADER_BYTES + 4 + headBytes);
  return frame;
}

/** Splits a `head + body` payload; the body is a view into the payload. */
export function decodeHeadAndBody(payload: Buffer): { head: unknown; body: Buffer } {
  if (payload.byteLength < 4) throw new BrokenFrame("a payload ends inside its head's length");
  const headBytes = payload.readUInt32BE(0);
  if (4 + headBytes > payload.byteLength) throw new BrokenFrame("a head is longer than its payload");
  return { head: decodeJson(payload.subarray(4, 4 + headBytes)), body: payload.subarray(4 + headBytes) };
}

export function decodeJson(bytes: Buffer): unknown {
  if (bytes.byteLength > HEAD_BYTES_MAX) {
    throw new BrokenFrame(`a head has ${bytes.byteLength} bytes; allowed are ${HEAD_BYTES_MAX}`);
  }
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new BrokenFrame("a head is not JSON");
  }
}

/**
 * Cuts a byte stream into frames. Memory is bounded by the largest frame: `push` throws `BrokenFrame` as soon as a
 * header announces more, after it has given the frames that came before, and at everything that is pushed after that.
 * How the stream was cut into chunks makes no difference. Payloads are views into what was pushed, or copies where a
 * frame came in pieces.
 */
export class FrameReader {
  readonly #length = Buffer.alloc(LENGTH_BYTES);
  #lengthBytes = 0;
  /** A frame that came in part, without its length; filled as the rest comes, however small its pieces are. */
  #partial: Buffer | undefined;
  #partialBytes = 0;

  *push(chunk: Buffer): Generator<Frame, void> {
    let offset = 0;
    while (offset < chunk.byteLength) {
      if (this.#partial === undefined) {
        const whole = this.#lengthBytes === 0 ? wholeFrame(chunk, offset) : undefined;
        if (whole !== undefined) {
          offset += LENGTH_BYTES + whole.byteLength;
          yield toFrame(whole);
        } else {
          offset += this.#readLength(chunk, offset);
        }
      } else {
        const copied = chunk.copy(this.#partial, this.#partialBytes, offset);
        this.#partialBytes += copied;
        offset += copied;
        if (this.#partialBytes < this.#partial.byteLength) return;
        const whole = this.#partial;
        this.#partial = undefined;
        yield toFrame(whole);
      }
    }
  }

  /** Whether everything that came so far was part of a whole frame. */
  get isBetweenFrames(): boolean {
    return this.#partial === undefined && this.#lengthBytes === 0;
  }

  #readLength(chunk: Buffer, offset: number): number {
    const copied = chunk.copy(this.#length, this.#lengthBytes, offset);
    this.#lengthBytes += copied;
    if (this.#lengthBytes === LENGTH_BYTES) {
      const length = this.#length.readUInt32BE(0);
      // The length stays as it is: whatever comes next is refused for it too.
      if (!isAllowed(length)) throw brokenLength(length);
      this.#partial = Buffer.allocUnsafeSlow(length);
      this.#partialBytes = 0;
      this.#lengthBytes = 0;
    }
    return copied;
  }
}

/** A frame without its length, if all of it is there. */
function wholeFrame(chunk: Buffer, offset: number): Buffer | undefined {
  if (chunk.byteLength - offset < LENGTH_BYTES) return undefined;
  const length = chunk.readUInt32BE(offset);
  const end = offset + LENGTH_BYTES + length;
  return isAllowed(length) && end <= chunk.byteLength
    ? chunk.subarray(offset + LENGTH_BYTES, end)
    : undefined;
}

function toFrame(bytes: Buffer): Frame {
  const payload = bytes.subarray(HEADER_BYTES - LENGTH_BYTES);
  return { kind: bytes.readUInt8(0), invocation: bytes.readUInt32BE(1), payload };
}

function isAllowed(length: number): boolean {
  return length >= HEADER_BYTES - LENGTH_BYTES && length <= FRAME_BYTES_MAX;
}

function brokenLength(length: number): BrokenFrame {
  const allowed = `${HEADER_BYTES - LENGTH_BYTES} to ${FRAME_BYTES_MAX}`;
  return new BrokenFrame(`a frame announces ${length} bytes; allowed are ${allowed}`);
}
