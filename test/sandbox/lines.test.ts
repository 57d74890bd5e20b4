import { expect, test } from "vitest";
import { RawLines } from "../../src/sandbox/raw-lines.ts";
import { MIB, program, stageForFile, texts } from "./stage.ts";

const held = stageForFile({ lineBytesMax: 1024 });

test("prints and log entries come in the order in which they were written", async () => {
  const python = await held.stage.python(`
import sys, logging
def Run(engine):
    print("one")
    engine.log.warning("two")
    print("three", file=sys.stderr)
    logging.getLogger("x").error("four %d", 4)
    engine.log.debug("five")
    print("six", end="")`);
  expect(python.lines.map(({ text, stream, level }) => [text, stream, level])).toEqual([
    ["one", "stdout", "info"],
    ["two", "engine", "warning"],
    ["three", "stderr", "error"],
    ["four 4", "engine", "error"],
    ["five", "engine", "debug"],
    ["six", "stdout", "info"],
  ]);
  const javascript = await held.stage.javascript(`export function Run(engine) {
    console.log("one %d", 1);
    engine.log.info("two");
    console.warn("three");
    console.error("four");
    console.debug("five");
    process.stdout.write("six");
  }`);
  expect(javascript.lines.map(({ text, stream, level }) => [text, stream, level])).toEqual([
    ["one 1", "stdout", "info"],
    ["two", "engine", "info"],
    ["three", "stderr", "warning"],
    ["four", "stderr", "error"],
    ["five", "stdout", "debug"],
    ["six", "stdout", "info"],
  ]);
});

test("a line has the time at which it was written, never one outside of its run", async () => {
  const before = Date.now() * 1000;
  const { lines } = await held.stage.python(
    "import time\ndef Run(engine):\n  print(1)\n  time.time_ns = lambda: 0\n  print(2)",
  );
  const times = lines.map(({ timeUs }) => timeUs);
  expect(times).toHaveLength(2);
  for (const timeUs of times) {
    expect(timeUs).toBeGreaterThanOrEqual(before);
    expect(timeUs).toBeLessThanOrEqual((Date.now() + 1) * 1000);
  }
});

test("a hundred thousand lines are all there, in order", async () => {
  const expected = Array.from({ length: 100_000 }, (_, index) => String(index));
  const python = program("python", "def Run(engine):\n  for i in range(100000): print(i)", {
    outputBytesMax: 4 * MIB,
  });
  expect(texts((await held.stage.run(python)).lines)).toEqual(expected);
  const source = "export function Run() { for (let i = 0; i < 100000; i++) console.log(i); }";
  const javascript = program("javascript", source, { outputBytesMax: 4 * MIB });
  expect(texts((await held.stage.run(javascript)).lines)).toEqual(expected);
  const raw = "import os\ndef Run(engine):\n  for i in range(100000): os.write(1, b'%d\\n' % i)";
  const written = program("python", raw, { outputBytesMax: 4 * MIB });
  expect(texts((await held.stage.run(written)).lines)).toEqual(expected);
});

test("a line that is too long is cut between two characters and marked", async () => {
  const sources = [
    "def Run(engine):\n  print('é' * 2000)\n  print('next')",
    "def Run(engine):\n  engine.log.info('é' * 2000)\n  print('next')",
    "import os\ndef Run(engine):\n  os.write(1, 'é'.encode() * 2000 + b'\\nnext\\n')",
  ];
  for (const source of sources) {
    const { lines } = await held.stage.python(source);
    expect(lines.map(({ text, truncated }) => [text, truncated])).toEqual([
      ["é".repeat(512), true],
      ["next", false],
    ]);
  }
  const { lines } = await held.stage.javascript(
    "export function Run() { process.stdout.write('é'.repeat(1000)); process.stdout.write('é'.repeat(1000) + '\\nnext') }",
  );
  expect(lines.map(({ text, truncated }) => [text, truncated])).toEqual([
    ["é".repeat(512), true],
    ["next", false],
  ]);
});

test("bytes that are not text become text", async () => {
  const { lines, outcome } = await held.stage.python(`
import os, sys
def Run(engine):
    os.write(1, b"a\\xff\\x00b\\n")
    print("c\\0d")
    print("e\\ud800f")
    sys.stdout.buffer.write(b"g\\xffh\\n")`);
  expect(outcome.status).toBe("SUCCEEDED");
  expect(texts(lines).sort()).toEqual(["a\uFFFD\uFFFDb", "c\uFFFDd", "e?f", "g\uFFFDh"]);
});

test("what was written just before a crash is in the log", async () => {
  for (const stream of [1, 2]) {
    const source = `import os\ndef Run(engine):\n  print('printed')\n  os.write(${stream}, b'last words')\n  os._exit(1)`;
    const { lines } = await held.stage.python(source);
    expect(texts(lines)).toEqual(expect.arrayContaining(["printed", "last words"]));
    expect(lines.at(-1)?.stream).toBe("system");
  }
});

test("what a child writes to stdout belongs to the run, also just before the answer", async () => {
  const { lines } = await held.stage.python(`
import subprocess, sys
def Run(engine):
    print("first")
    subprocess.run([sys.executable, "-I", "-S", "-c", "print('from the child')"])
    return "answer"`);
  expect(texts(lines).sort()).toEqual(["first", "from the child"]);
});

test("raw output keeps at most one unfinished line, however it is cut into pieces", () => {
  const bytes = Buffer.from("one\r\ntwo\n\nthree is longer than ten bytes\nfour");
  for (let size = 1; size <= bytes.byteLength; size++) {
    const reader = new RawLines(10);
    const taken: [string, boolean][] = [];
    const take = (text: Buffer, cut: boolean) => void taken.push([text.toString(), cut]);
    for (let start = 0; start < bytes.byteLength; start += size)
      reader.push(bytes.subarray(start, start + size), take);
    reader.finish(take);
    expect(taken.map(([text, cut]) => [cut ? text.slice(0, 10) : text, cut])).toEqual([
      ["one", false],
      ["two", false],
      ["", false],
      ["three is l", true],
      ["four", false],
    ]);
  }
});
