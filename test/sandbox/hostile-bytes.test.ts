import { validateHeaderName, validateHeaderValue } from "node:http";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  clean,
  findFault,
  readChecked,
  readFailure,
  readLine,
  readReady,
  readResult,
} from "../../src/sandbox/answers.ts";
import {
  BrokenFrame,
  encodeFrame,
  FRAME_BYTES_MAX,
  type Frame,
  FrameReader,
  HEAD_BYTES_MAX,
  KIND,
} from "../../src/sandbox/frames.ts";
import { cutText, RawLines } from "../../src/sandbox/raw-lines.ts";

/** A failure prints the seed and the path to the smallest case. */
const PURE = { seed: 20_261_123, numRuns: 2000 };

const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));
const frame = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 0xffff_ffff }), bytes)
  .map(([kind, invocation, body]) => encodeFrame(kind, invocation, {}, body));
/** Lengths that are wrong by one and by much, in front of whatever. */
const announcement = fc
  .constantFrom(0, 4, 5, 6, 300, FRAME_BYTES_MAX, FRAME_BYTES_MAX + 1, 0xffff_ffff)
  .map((length) => Buffer.from([length >>> 24, length >>> 16, length >>> 8, length]));
const hostile = fc
  .array(fc.oneof({ arbitrary: frame, weight: 3 }, announcement, bytes), { maxLength: 6 })
  .map((pieces) => Buffer.concat(pieces));
const cuts = fc.array(fc.nat(2000), { maxLength: 12 });

test("any chunking of any frames gives the same frames", () => {
  const property = fc.property(fc.array(frame, { maxLength: 6 }), cuts, (frames, positions) => {
    const { read, broken } = readAll(chunked(Buffer.concat(frames), positions));
    expect(broken).toBeUndefined();
    expect(read.map(encoded)).toEqual(frames);
  });
  fc.assert(property, PURE);
});

test("any chunking of any garbage gives the same frames, and breaks at the same place", () => {
  const property = fc.property(hostile, cuts, (stream, positions) => {
    const whole = readAll([stream]);
    const pieces = readAll(chunked(stream, positions));
    expect(pieces.read.map(encoded)).toEqual(whole.read.map(encoded));
    expect(pieces.broken?.message).toBe(whole.broken?.message);
    const understood = Buffer.concat(whole.read.map(encoded));
    expect(stream.subarray(0, understood.byteLength)).toEqual(understood);
  });
  fc.assert(property, PURE);
});

test("a stream that was broken stays broken", () => {
  const property = fc.property(hostile, bytes, (stream, more) => {
    const reader = new FrameReader();
    const tooLong = Buffer.from([255, 255, 255, 255]);
    const push = (chunk: Buffer) => [...reader.push(chunk)];
    try {
      push(stream);
      // Fills what may be unfinished, up to the largest frame.
      for (let left = FRAME_BYTES_MAX + 8; left > 0; left -= MEBIBYTE.byteLength) push(MEBIBYTE);
    } catch {}
    expect(() => push(Buffer.concat([tooLong, more]))).toThrow(BrokenFrame);
    expect(() => push(Buffer.concat([frameOf("late"), more]))).toThrow(BrokenFrame);
  });
  fc.assert(property, { ...PURE, numRuns: 300 });
});

test("a reader holds no more than the largest frame, however it is dribbled", () => {
  const reader = new FrameReader();
  const announced = Buffer.alloc(4);
  announced.writeUInt32BE(FRAME_BYTES_MAX);
  const dribble = Buffer.alloc(1000);
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < 3; round++) {
    expect([...reader.push(announced)]).toEqual([]);
    for (let sent = 0; sent + dribble.byteLength < FRAME_BYTES_MAX; sent += dribble.byteLength) {
      expect([...reader.push(dribble)]).toEqual([]);
    }
    expect([...reader.push(dribble.subarray(0, FRAME_BYTES_MAX % 1000))]).toHaveLength(1);
  }
  // Frames that were handed out are their taker's, and may not have been collected yet.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * FRAME_BYTES_MAX);
});

const key = fc.constantFrom(
  ...["statusCode", "contentType", "headers", "kind", "message", "traceback", "isLast", "problems"],
  ...["runtime", "line", "column", "__proto__", "constructor", "toString"],
);
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom("\0", "\ud800", "a\r\nb", "syntax"),
  fc.constant("é\0\ud800".repeat(6000)),
);
/** Looks harmless, and means something to a careless host. */
const token = fc.constantFrom("text", "constructor", "__proto__", "toString", "X-A", "text/html");
const field = fc.oneof(
  { weight: 3, arbitrary: text },
  { weight: 2, arbitrary: fc.constantFrom(0, -1, 200, 204.5, 1e300, null, true) },
  { weight: 2, arbitrary: fc.array(fc.tuple(text, text), { maxLength: 3 }) },
  fc.jsonValue({ maxDepth: 2 }),
);
const head = fc.oneof(
  { weight: 4, arbitrary: fc.dictionary(key, field, { maxKeys: 8 }) },
  {
    weight: 3,
    arbitrary: fc.record({
      statusCode: fc.oneof(field, { weight: 3, arbitrary: fc.integer({ min: 90, max: 610 }) }),
      contentType: fc.oneof(text, { weight: 3, arbitrary: token }, field),
      headers: fc.array(fc.oneof({ weight: 5, arbitrary: fc.tuple(token, fc.oneof(token, text)) }, field), {
        maxLength: 2,
      }),
    }),
  },
  fc.jsonValue({ maxDepth: 3 }),
);
const json = fc.oneof(
  { weight: 30, arbitrary: head.map((value) => Buffer.from(JSON.stringify(value))) },
  { weight: 1, arbitrary: fc.constant(Buffer.from("[".repeat(10_000))) },
  { weight: 1, arbitrary: fc.constant(Buffer.alloc(HEAD_BYTES_MAX + 1, " ")) },
  { weight: 1, arbitrary: bytes },
);
const payload = fc.oneof(
  { weight: 3, arbitrary: json },
  {
    weight: 4,
    arbitrary: fc.tuple(json, bytes).map(([headBytes, body]) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(headBytes.byteLength);
      return Buffer.concat([length, headBytes, body]);
    }),
  },
  { weight: 2, arbitrary: bytes },
);

test("whatever a payload is, it is understood or refused as a broken frame", () => {
  const property = fc.property(payload, (given) => {
    for (const read of READERS) understand<unknown>(read, given);
  });
  fc.assert(property, PURE);
});

test("what is understood is plain text: valid Unicode without NUL, of a bounded length", () => {
  const property = fc.property(payload, (given) => {
    const failure = understand(readFailure, given)?.failure;
    const problems = understand(readChecked, given)?.problems ?? [];
    const said = [
      ...(failure ? [failure.kind, failure.message, failure.traceback] : []),
      ...problems.map(({ message }) => message),
    ];
    for (const each of said) expectPlain(each, 64 * 1024);
    expect(problems.length).toBeLessThanOrEqual(20);
  });
  fc.assert(property, PURE);
});

test("a result without a fault can be sent as an HTTP response, one with a fault says so in plain text", () => {
  const property = fc.property(payload, (given) => {
    const result = understand(readResult, given);
    if (result === undefined) return;
    const fault = findFault(result);
    if (fault !== undefined) return expectPlain(fault, 1000);
    expect(result.contentType).toBeTypeOf("string");
    validateHeaderValue("content-type", result.contentType);
    for (const [name, value] of result.headers) {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    }
  });
  fc.assert(property, PURE);
});

test("a head of a whole frame's size is refused before it is parsed", () => {
  const large = Buffer.from(JSON.stringify({ runtime: "x".repeat(HEAD_BYTES_MAX) }));
  expect(() => readReady(large)).toThrow(/a head has \d+ bytes/);
});

test("text is cut between characters, and what is shown of any bytes is valid Unicode without NUL", () => {
  const property = fc.property(fc.string({ unit: "grapheme" }), bytes, fc.nat(60), (given, any, bytesMax) => {
    const cut = cutText(Buffer.from(given), bytesMax);
    expect(cut.byteLength).toBeLessThanOrEqual(bytesMax);
    expect(given.startsWith(cut.toString("utf8"))).toBe(true);
    expectPlain(clean(cutText(any, bytesMax).toString("utf8")), bytesMax);
    expectPlain(clean(any.toString("utf16le")), any.byteLength);
  });
  fc.assert(property, PURE);
});

test("any chunking of what a program prints gives the same lines, and none is longer than its limit", () => {
  const printed = fc
    .array(
      fc.oneof(
        bytes,
        fc.constantFrom("\n", "\r\n", "\r", "ä€😀\n").map((end) => Buffer.from(end)),
      ),
      {
        maxLength: 8,
      },
    )
    .map((pieces) => Buffer.concat(pieces));
  const property = fc.property(
    printed,
    cuts,
    fc.integer({ min: 1, max: 120 }),
    (given, positions, bytesMax) => {
      const whole = linesOf([given], bytesMax);
      expect(linesOf(chunked(given, positions), bytesMax)).toEqual(whole);
      expect(whole).toEqual(splitPlainly(given, bytesMax));
    },
  );
  fc.assert(property, PURE);
});

const READERS = [readReady, readResult, readFailure, readChecked, readLine];
const MEBIBYTE = Buffer.alloc(1024 * 1024, 255);

function frameOf(word: string): Buffer {
  return encodeFrame(KIND.RESULT, 1, { word }, Buffer.alloc(0));
}

function chunked(stream: Buffer, positions: readonly number[]): Buffer[] {
  const sorted = [0, ...positions.filter((at) => at < stream.byteLength), stream.byteLength].toSorted(
    (a, b) => a - b,
  );
  return sorted.slice(1).map((end, index) => stream.subarray(sorted[index], end));
}

function readAll(chunks: readonly Buffer[]): { read: Frame[]; broken?: Error } {
  const reader = new FrameReader();
  const read: Frame[] = [];
  try {
    for (const chunk of chunks) for (const each of reader.push(chunk)) read.push(each);
  } catch (error) {
    if (!(error instanceof BrokenFrame)) throw error;
    return { read, broken: error };
  }
  return { read };
}

function encoded({ kind, invocation, payload: given }: Frame): Buffer {
  const header = Buffer.alloc(9);
  header.writeUInt32BE(given.byteLength + 5, 0);
  header.writeUInt8(kind, 4);
  header.writeUInt32BE(invocation, 5);
  return Buffer.concat([header, given]);
}

/** Undefined for a broken frame; every other error is the test's. */
function understand<Said>(read: (payload: Buffer) => Said, given: Buffer): Said | undefined {
  try {
    return read(given);
  } catch (error) {
    expect(error).toBeInstanceOf(BrokenFrame);
    return undefined;
  }
}

function expectPlain(given: string, charactersMax: number): void {
  expect(given.isWellFormed() && !given.includes("\0")).toBe(true);
  expect(given.length).toBeLessThanOrEqual(charactersMax);
}

type Cut = readonly [hex: string, cut: boolean];

function linesOf(chunks: readonly Buffer[], bytesMax: number): Cut[] {
  const lines: Cut[] = [];
  const take = (line: Buffer, cut: boolean) => void lines.push([line.toString("hex"), cut]);
  const raw = new RawLines(bytesMax);
  for (const chunk of chunks) raw.push(chunk, take);
  raw.finish(take);
  return lines;
}

/** The same, from the whole at once and without any regard for memory. */
function splitPlainly(given: Buffer, bytesMax: number): Cut[] {
  const lines = given.toString("latin1").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => {
    const cut = line.length > bytesMax;
    const kept = Buffer.from(cut ? line : line.replace(/\r$/, ""), "latin1");
    return [(cut ? cutText(kept, bytesMax) : kept).toString("hex"), cut];
  });
}
