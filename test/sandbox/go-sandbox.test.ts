import { dirname } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Line, Outcome, Program } from "../../src/sandbox/program.ts";
import { openSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { DEFAULT_SETTINGS } from "../../src/sandbox/settings.ts";
import { GoDriver, PREPARED_FOLDER, SILENT } from "./go-driver.ts";
import { program as stageProgram } from "./stage.ts";

const NEVER = new AbortController().signal;
const MIB = 1024 * 1024;

let sandbox: Sandbox;
beforeAll(async () => {
  // The driver waits until the toolchain is prepared.
  await (await GoDriver.open())[Symbol.asyncDispose]();
  sandbox = await openSandbox(
    { ...DEFAULT_SETTINGS, folder: dirname(PREPARED_FOLDER), goFolder: PREPARED_FOLDER },
    SILENT,
  );
}, 300_000);
afterAll(() => sandbox[Symbol.asyncDispose]());

function program(imports: string, body: string): Program {
  const specs = ["codeactions/engine", ...imports.split(" ").filter(Boolean)].map((path) => `\t"${path}"\n`);
  const source = `package action\n\nimport (\n${specs.join("")})\n\nvar count = 0\n\nfunc Run(e *engine.Engine) error {\n${body}\n}\n`;
  return stageProgram("go", source, { memoryBytesMax: 64 * MIB, concurrencyMax: 1 });
}

async function execute(program: Program, timeoutMs = 5000): Promise<{ outcome: Outcome; lines: Line[] }> {
  const lines: Line[] = [];
  const invocation = {
    method: "POST",
    path: "/",
    query: [],
    headers: [],
    body: Buffer.alloc(0),
    secrets: {},
    context: { runId: "run", codeId: "code", version: 1, projectId: "project", attempt: 1 },
    timeoutMs,
    resultBytesMax: MIB,
  };
  const listener = { accepted() {}, lines: (more: readonly Line[]) => lines.push(...more) };
  const outcome = await sandbox.execute(program, invocation, listener, NEVER);
  return { outcome, lines };
}

test("a Go program answers, and stays warm", async () => {
  const counting = program(
    "fmt",
    '\tcount++\n\tfmt.Println("call", count)\n\te.Result.Set(count, 200, "")\n\treturn nil',
  );
  for (const count of [1, 2, 3]) {
    const { outcome, lines } = await execute(counting);
    expect(outcome).toMatchObject({ status: "SUCCEEDED", usage: { cold: count === 1 } });
    expect(outcome.result).toMatchObject({ statusCode: 200, contentType: "application/json" });
    expect(String(outcome.result?.body)).toBe(String(count));
    expect(lines.map(({ text, stream }) => [stream, text])).toEqual([["stdout", `call ${count}`]]);
  }
});

test("a Go program that fails, panics or exits says how", async () => {
  const returned = await execute(program("errors", '\treturn errors.New("boom")'));
  expect(returned.outcome).toMatchObject({ status: "FAILED", error: { kind: "error", message: "boom" } });
  expect(returned.lines.at(-1)?.text).toBe("error: boom");
  const panicked = await execute(program("", '\tpanic("boom")'));
  expect(panicked.outcome).toMatchObject({ status: "FAILED", error: { kind: "panic", message: "boom" } });
  expect(panicked.lines.at(-1)?.text).toContain("action.go:10");
  const exited = await execute(program("fmt os", '\tfmt.Println("bye")\n\tos.Exit(3)\n\treturn nil'));
  expect(exited.outcome).toMatchObject({ status: "FAILED", error: { kind: "Exit" } });
  expect(exited.lines[0]?.text).toBe("bye");
  const other = await execute(program("", '\tgo func() { panic("other") }()\n\tselect {}'));
  expect(other.outcome).toMatchObject({ status: "FAILED", error: { kind: "Exit" } });
  expect(other.lines.map(({ text }) => text)).toContain("panic: other");
});

test("a Go program ends at its time and at its memory", async () => {
  const forever = await execute(
    program("fmt", '\tfmt.Println("still here")\n\tfor {\n\t\tcount++\n\t}'),
    300,
  );
  expect(forever.outcome.status).toBe("TIMED_OUT");
  expect(forever.lines[0]?.text).toBe("still here");
  const hungry = await execute(
    program(
      "",
      "\tvar all [][]byte\n\tfor {\n\t\tb := make([]byte, 1<<20)\n\t\tfor i := range b {\n\t\t\tb[i] = 1\n\t\t}\n\t\tall = append(all, b)\n\t}",
    ),
  );
  expect(hungry.outcome.status).toBe("OUT_OF_MEMORY");
});

test("a Go program sees nothing of its host", async () => {
  const body = `	for _, folder := range []string{"/", "/tmp", "/toolchain", "/etc"} {
		entries, _ := os.ReadDir(folder)
		for _, entry := range entries {
			fmt.Println(folder, entry.Name())
		}
	}
	fmt.Println(os.Environ())
	return nil`;
  const { outcome, lines } = await execute(program("fmt os", body));
  expect(outcome.status).toBe("SUCCEEDED");
  const seen = lines.map(({ text }) => text).join("\n");
  expect(seen).not.toMatch(/\/toolchain \S|shadow|codeactions-test|CODEACTIONS/);
});

test("a Go source is checked without being run", async () => {
  const { source } = program("", "\treturn 1");
  expect(await sandbox.check("go", source, NEVER)).toMatchObject([{ kind: "type", line: 10 }]);
});
