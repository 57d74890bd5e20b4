import { expect, test } from "vitest";
import {
  BrokenFrame,
  decodeHeadAndBody,
  encodeFrame,
  FRAME_BYTES_MAX,
  type Frame,
  FrameReader,
  KIND,
} from "../../src/sandbox/frames.ts";

const FRAMES = [
  encodeFrame(KIND.RESULT, 7, { statusCode: 200, text: "ä€😀" }, Buffer.from([0, 255, 10])),
  encodeFrame(KIND.LOG, 4_294_967_295, {}, Buffer.alloc(0)),
  encodeFrame(KIND.ERROR, 0, [], Buffer.alloc(300, 1)),
];

test("frames come out whole wherever the stream is cut in two", () => {
  const stream = Buffer.concat(FRAMES);
  const whole = [...new FrameReader().push(stream)];
  expect(whole).toHaveLength(3);
  for (let cut = 0; cut <= stream.byteLength; cut++) {
    const reader = new FrameReader();
    const frames = [...reader.push(stream.subarray(0, cut)), ...reader.push(stream.subarray(cut))];
    expect(frames.map(plain)).toEqual(whole.map(plain));
  }
});

test("frames come out whole when they come byte by byte", () => {
  const reader = new FrameReader();
  const frames = [...Buffer.concat(FRAMES)].flatMap((byte) => [...reader.push(Buffer.from([byte]))]);
  expect(frames.map(plain)).toEqual([...new FrameReader().push(Buffer.concat(FRAMES))].map(plain));
});

test("a head and a body come back as they were sent", () => {
  const [frame] = new FrameReader().push(FRAMES[0]!);
  expect(decodeHeadAndBody(frame!.payload)).toEqual({
    head: { statusCode: 200, text: "ä€😀" },
    body: Buffer.from([0, 255, 10]),
  });
});

test("a frame that announces too much or too little is refused before it has come", () => {
  for (const length of [0, 4, FRAME_BYTES_MAX + 1, 0xffffffff]) {
    const start = Buffer.alloc(4);
    start.writeUInt32BE(length);
    expect(() => [...new FrameReader().push(start)]).toThrow(BrokenFrame);
  }
});

test("a head that is longer than its payload, or is not JSON, is refused", () => {
  const long = Buffer.from([0, 0, 0, 9, 123, 125]);
  const text = Buffer.from([0, 0, 0, 2, 123, 123]);
  for (const payload of [long, text, Buffer.alloc(3)]) {
    expect(() => decodeHeadAndBody(payload)).toThrow(BrokenFrame);
  }
});

function plain({ kind, invocation, payload }: Frame) {
  return { kind, invocation, payload: payload.toString("latin1") };
}
