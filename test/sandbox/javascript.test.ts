import { expect, test } from "vitest";
import { MIB, program, stageForFile } from "./stage.ts";

const held = stageForFile();
const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

test("the engine hands over all that came in", async () => {
  const source = `export async function Run(engine) {
    const { request: r, context: c, secrets } = engine;
    return [
      engine.params.get("a"), engine.params.get("none"), engine.params.items(), r.query,
      engine.header.get("x-a"), engine.header.get("none"), engine.header.items(),
      engine.body, [...engine.rawBody], [...engine.raw_body].length, r.method, r.path, r.body, r.params.get("b"), r.header.get("X-B"),
      secrets.get("key"), secrets.get("none", 1), secrets.has("key"), "none" in secrets, secrets.keys(), secrets.key, secrets["key"],
      c.runId, c.codeId, c.version, c.projectId, c.attempt, c.deadline.getFullYear() > 2000, process.env.GIVEN,
    ];
  }`;
  const seen = await held.stage.run(program("javascript", source, { environment: { GIVEN: "yes" } }), {
    query: [
      ["a", "1"],
      ["a", "2"],
      ["b", "ä"],
    ],
    headers: [
      ["X-A", "1"],
      ["x-a", "2"],
      ["X-B", "3"],
    ],
    body: Buffer.from("\n héllo \n"),
    secrets: { key: "hidden" },
  });
  expect(JSON.parse(seen.text)).toEqual([
    ...[
      "1",
      null,
      [
        ["a", "1"],
        ["a", "2"],
        ["b", "ä"],
      ],
      { a: ["1", "2"], b: ["ä"] },
    ],
    ...[
      "1",
      "",
      [
        ["X-A", ["1", "2"]],
        ["X-B", ["3"]],
      ],
    ],
    ...["héllo", [...Buffer.from("\n héllo \n")], 10, "POST", "/hello", "héllo", "ä", "3"],
    ...["hidden", 1, true, false, ["key"], "hidden", "hidden"],
    ...["run-1", "code-1", 3, "project-1", 1, true, "yes"],
  ]);
});

test("a result has the status, type and headers it was given; the last call wins", async () => {
  const { outcome, text } = await held.stage.javascript(`export function Run(engine) {
    engine.result.set("first", 500);
    engine.result.set("<p>hi</p>", 201, "html", { "X-A": "b", "Set-Cookie": ["c=1", "d=2"] });
    return "ignored";
  }`);
  expect(text).toBe("<p>hi</p>");
  expect(outcome.result).toMatchObject({
    statusCode: 201,
    contentType: "text/html; charset=utf-8",
    headers: [
      ["X-A", "b"],
      ["Set-Cookie", "c=1"],
      ["Set-Cookie", "d=2"],
    ],
  });
});

test("a returned value is the result when none was set", async () => {
  const values = [
    ["'text'", "text", "text/plain; charset=utf-8"],
    ["undefined", "", "text/plain; charset=utf-8"],
    ["new TextEncoder().encode('raw')", "raw", "application/octet-stream"],
    ["({ a: [1, null] })", '{"a":[1,null]}', "application/json"],
    ["0", "0", "application/json"],
  ] as const;
  for (const [value, text, contentType] of values) {
    const seen = await held.stage.javascript(`export const Run = () => ${value};`);
    expect(seen).toMatchObject({
      text,
      outcome: { status: "SUCCEEDED", result: { statusCode: 200, contentType } },
    });
  }
});

test("every byte passes both ways unchanged, 8 MiB of them too", async () => {
  const source = "export function Run(engine) { engine.result.set(engine.rawBody) }";
  const echo = program("javascript", source, { memoryBytesMax: 256 * MIB });
  for (const body of [ALL_BYTES, Buffer.alloc(8 * MIB, ALL_BYTES)]) {
    const { outcome } = await held.stage.run(echo, { body });
    expect(Buffer.compare(Buffer.from(outcome.result!.body), body)).toBe(0);
  }
});

test("an exception fails the run with its place in the code, and the worker stays warm", async () => {
  const failing = program(
    "javascript",
    "let n = 0;\nexport function Run() {\n  n++;\n  throw new TypeError('bad ' + n);\n}",
  );
  for (const number of [1, 2]) {
    const { outcome, lines } = await held.stage.run(failing);
    expect(outcome).toMatchObject({
      status: "FAILED",
      error: { kind: "TypeError", message: `bad ${number}` },
    });
    expect(outcome.error!.traceback).toBe(`TypeError: bad ${number}\n    at Run (action.js:4:9)`);
    expect(lines).toMatchObject([{ stream: "engine", level: "error", text: outcome.error!.traceback }]);
  }
});

test("TypeScript runs, enums too, and its exceptions name its own lines", async () => {
  const plain = await held.stage.typescript(
    "interface A { x: number }\nexport function Run(engine: unknown): string {\n  const a: A = { x: 1 };\n  throw new Error(String(a.x));\n}",
  );
  expect(plain.outcome.error).toMatchObject({
    message: "1",
    traceback: expect.stringContaining("action.ts:4:9"),
  });
  const withEnum = await held.stage.typescript(
    "enum Colour { Red, Green }\n\ninterface Unused { a: number }\n\nexport function Run(): never {\n  throw new Error(Colour[1]);\n}",
  );
  expect(withEnum.outcome.error).toMatchObject({
    message: "Green",
    traceback: expect.stringContaining("action.ts:6:9"),
  });
});

test("TypeScript that does not compile fails with its place", async () => {
  const { outcome, lines } = await held.stage.typescript("export function Run(): {\n  let a: = 1;\n}");
  expect(outcome).toMatchObject({ status: "FAILED", error: { kind: "SyntaxError" } });
  expect(outcome.error!.message).toMatch(/^2:\d+: /);
  expect(lines).toHaveLength(1);
});

test("what nobody catches fails the run, and its worker is not used again", async () => {
  const sources = [
    "let n = 0; export function Run() { n++; Promise.reject(new RangeError('floating ' + n)); return 1; }",
    "let n = 0; export function Run() { n++; setTimeout(() => { throw new RangeError('floating ' + n) }); return new Promise(() => {}); }",
  ];
  for (const source of sources) {
    const floating = program("javascript", source);
    for (let i = 0; i < 2; i++) {
      const { outcome } = await held.stage.run(floating);
      expect(outcome).toMatchObject({
        status: "FAILED",
        error: { kind: "RangeError", message: "floating 1" },
      });
    }
  }
});

test("a Run that waits for something that will never happen fails at once", async () => {
  const { outcome } = await held.stage.javascript("export const Run = () => new Promise(() => {});");
  expect(outcome).toMatchObject({ status: "FAILED", error: { kind: "NeverSettled" } });
  const loading = await held.stage.javascript("await new Promise(() => {}); export const Run = () => 1;");
  expect(loading.outcome).toMatchObject({ status: "FAILED", error: { kind: "NeverSettled" } });
});

test("code that exits has failed, and its last words are in the log", async () => {
  const { outcome, lines } = await held.stage.javascript(
    "export function Run() { process.stdout.write('bye'); process.exit(4); }",
  );
  expect(outcome).toMatchObject({
    status: "FAILED",
    error: { kind: "Exit", message: "the code exited with status 4" },
  });
  expect(lines[0]?.text).toBe("bye");
});

test("Node's own modules can be imported, others are refused by name", async () => {
  const own = await held.stage.javascript(
    "import { createHash } from 'node:crypto'; import fs from 'fs'; export const Run = () => createHash('md5').update('').digest('hex') + typeof fs.readFileSync;",
  );
  expect(own.text).toBe("d41d8cd98f00b204e9800998ecf8427efunction");
  for (const specifier of ["lodash", "./other.js", "file:///guest/host.mjs"]) {
    const other = await held.stage.javascript(`import x from '${specifier}'; export const Run = () => 1;`);
    expect(other.outcome.error).toMatchObject({
      kind: "NoSuchModule",
      message: expect.stringContaining(specifier),
    });
  }
});

test("a value that JSON cannot say, or a status code that is none, fails where it was set", async () => {
  const big = await held.stage.javascript(
    "export function Run(engine) {\n  engine.result.set({ a: 1n });\n}",
  );
  expect(big.outcome.error).toMatchObject({
    kind: "TypeError",
    traceback: expect.stringContaining("action.js:2:17"),
  });
  const circle = await held.stage.javascript("export function Run() { const a = {}; a.a = a; return a; }");
  expect(circle.outcome).toMatchObject({ status: "FAILED", error: { kind: "TypeError" } });
  const status = await held.stage.javascript("export function Run(engine) { engine.result.set('', 99); }");
  expect(status.outcome.error).toMatchObject({ kind: "RangeError" });
});

test("code without a Run is told so", async () => {
  const { outcome } = await held.stage.javascript("export const run = () => 1;");
  expect(outcome).toMatchObject({ status: "FAILED", error: { kind: "EntryPoint" } });
});

test("code that patches what the guest uses still gets its answer out", async () => {
  const { text } = await held.stage.javascript(`import fs from "node:fs";
  export function Run() {
    const broken = () => { throw new Error("patched"); };
    fs.readSync = fs.writeSync = JSON.stringify = JSON.parse = console.log = globalThis.setImmediate = broken;
    return "still here";
  }`);
  expect(text).toBe("still here");
});
