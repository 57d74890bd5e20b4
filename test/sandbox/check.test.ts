import { expect, test } from "vitest";
import type { Language } from "../../src/sandbox/program.ts";
import { NEVER, program, stageForFile } from "./stage.ts";

const held = stageForFile();

test("a source without problems has none", async () => {
  const sources: [Language, string][] = [
    ["python", "def Run(engine):\n  pass"],
    ["python", "if True:\n  async def Run(engine): pass"],
    ["python", "from os import getpid as Run"],
    ["javascript", "export async function Run(engine) {}"],
    ["javascript", "const Run = () => 1;\nexport { Run };"],
    ["typescript", "enum A { x }\nexport const Run = (engine: unknown): number => A.x;"],
  ];
  for (const [language, source] of sources)
    expect(await held.stage.sandbox.check(language, source, NEVER)).toEqual([]);
});

test("a syntax error has its line and column", async () => {
  const sources: [Language, string, number, number][] = [
    ["python", "def Run(engine):\n  x = )", 2, 7],
    ["javascript", "let x = 1;\nlet b = ;\nexport function Run() {}", 2, 9],
    ["javascript", "export function Run() {}\nlet x = 1;\nlet x = 2;", 3, 5],
    ["typescript", "let a: number = 1;\nlet b = ;\nexport function Run() {}", 2, 9],
    ["typescript", "let a: number = 1;\nlet a: number = 2;\nexport function Run() {}", 2, 5],
  ];
  for (const [language, source, line, column] of sources) {
    const problems = await held.stage.sandbox.check(language, source, NEVER);
    expect(problems).toMatchObject([{ kind: "syntax", line, column, message: expect.stringMatching(/./) }]);
  }
});

test("a source without Run is told to have one", async () => {
  const sources: [Language, string][] = [
    ["python", "class Run:\n  pass"],
    ["python", "def other():\n  def Run(engine): pass"],
    ["javascript", "function Run() {}"],
    ["typescript", "export const run: number = 1;"],
  ];
  for (const [language, source] of sources) {
    expect(await held.stage.sandbox.check(language, source, NEVER)).toMatchObject([{ kind: "entry_point" }]);
  }
});

test("an import that cannot be is found", async () => {
  const bare = await held.stage.sandbox.check(
    "javascript",
    "\nimport x from 'lodash';\nexport function Run() {}",
    NEVER,
  );
  expect(bare).toMatchObject([{ kind: "import", line: 2, message: expect.stringContaining("lodash") }]);
  const name = await held.stage.sandbox.check(
    "javascript",
    "import { nope } from 'fs';\nexport function Run() {}",
    NEVER,
  );
  expect(name).toMatchObject([{ kind: "import", line: 1, message: expect.stringContaining("nope") }]);
});

test("checking runs nothing of the source", async () => {
  const loops: [Language, string][] = [
    ["python", "while True: pass\ndef Run(engine): pass"],
    ["javascript", "while (true);\nexport function Run() {}"],
    ["typescript", "while (true as boolean);\nexport function Run() {}"],
  ];
  for (const [language, source] of loops)
    expect(await held.stage.sandbox.check(language, source, NEVER)).toEqual([]);
});

test("sources that a parser chokes on are problems, not accidents", async () => {
  const sources: [Language, string][] = [
    ["python", `x = ${"(".repeat(5000)}`],
    ["python", "def Run(engine): '\0'"],
    ["javascript", `x = ${"(".repeat(100_000)}`],
  ];
  for (const [language, source] of sources) {
    expect(await held.stage.sandbox.check(language, source, NEVER)).toMatchObject([{ kind: "syntax" }]);
  }
});

test("TypeScript is built once, however many ask", async () => {
  const asked = program("typescript", "export const Run = (): string => 'built';");
  const before = held.stage.sandbox.describe().cold;
  const seen = await Promise.all(["a", "b", "c"].map((key) => held.stage.run({ ...asked, key })));
  expect(seen.map(({ text }) => text)).toEqual(["built", "built", "built"]);
  expect(held.stage.sandbox.describe().cold).toBe(before + 3);
});

test("a source that exhausts who reads it is a problem, and the next one is read", async () => {
  const bomb = `def Run(engine):\n  pass\nx = [${"1,".repeat(15_000_000)}]`;
  expect(await held.stage.sandbox.check("python", bomb.slice(0, 8 << 20), NEVER)).toMatchObject([
    { kind: "syntax" },
  ]);
  expect(await held.stage.sandbox.check("python", "def Run(engine): pass", NEVER)).toEqual([]);
});
