import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openGoToolchain } from "../../src/sandbox/guests/go/toolchain.ts";
import { GoDriver, PREPARED_FOLDER, SILENT } from "./go-driver.ts";

let go: GoDriver;
beforeAll(async () => {
  go = await GoDriver.open();
}, 300_000);
afterAll(() => go[Symbol.asyncDispose]());

/** A source whose Run has this body; imports are separated by spaces. */
function code(imports: string, body: string, more = ""): string {
  const specs = ["codeactions/engine", ...imports.split(" ").filter(Boolean)].map((path) => `\t"${path}"\n`);
  return `package action\n\nimport (\n${specs.join("")})\n\n${more}func Run(e *engine.Engine) error {\n${body}\n}\n`;
}

describe("a Go code", () => {
  test("sees its request and answers with status, type and headers", async () => {
    const source = code(
      "",
      `	e.Result.Set(map[string]any{
		"name": e.Params.Get("name"), "all": e.Params.All("name"), "missing": e.Params.Get("x"),
		"header": e.Header.Get("x-TOKEN"), "body": e.Body, "raw": len(e.RawBody),
		"method": e.Request.Method, "path": e.Request.Path,
		"secret": e.Secrets.Get("KEY"), "fallback": e.Secrets.GetOr("NO", "none"), "keys": e.Secrets.Keys(),
		"run": e.Context.RunID, "version": e.Context.Version, "html": "<b>",
		"timely": e.Context.Deadline.Sub(e.Context.Deadline) == 0 && e.Context.Context().Err() == nil,
	}, 201, "json")
	e.Result.Header().Set("X-One", "1")
	e.Result.Header().Add("X-Two", "2")
	e.Result.Header().Add("x-two", "3")
	return nil`,
    );
    const answer = await go.run(source, {
      query: [
        ["name", "ann"],
        ["name", "bob"],
      ],
      headers: [["X-Token", "t"]],
      secrets: { KEY: "s", ALSO: "" },
      body: Buffer.from(" \n hi there\n"),
    });
    expect(JSON.parse(String(answer.body))).toEqual({
      name: "ann",
      all: ["ann", "bob"],
      missing: "",
      header: "t",
      body: "hi there",
      raw: 12,
      method: "POST",
      path: "/there",
      secret: "s",
      fallback: "none",
      keys: ["ALSO", "KEY"],
      run: "run",
      version: 3,
      html: "<b>",
      timely: true,
    });
    expect(String(answer.body)).toContain("<b>");
    expect(answer).toMatchObject({
      statusCode: 201,
      contentType: "json",
      headers: [
        ["X-One", "1"],
        ["X-Two", "2"],
        ["x-two", "3"],
      ],
    });
  });

  test("gets and sends 8 MiB of all byte values unchanged", async () => {
    await using worker = await go.start(code("", '\te.Result.Set(e.RawBody, 0, "")\n\treturn nil'));
    const body = Buffer.alloc(8 * 1024 * 1024, Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)));
    for (let round = 0; round < 3; round++) {
      const answer = await worker.call({ body });
      expect(answer.contentType).toBe("application/octet-stream");
      expect(Buffer.compare(answer.body!, body)).toBe(0);
    }
    const tooLarge = await worker.call({ body, resultBytesMax: 1000 });
    expect(tooLarge.error?.kind).toBe("ResultTooLarge");
  });

  test("answers an empty 200 when it sets no result", async () => {
    const answer = await go.run(code("", "\treturn nil"));
    expect(answer).toMatchObject({
      statusCode: 200,
      contentType: "text",
      headers: [],
      body: Buffer.alloc(0),
    });
  });

  test("keeps its package variables while it is warm, and sees its environment from the start", async () => {
    const more =
      'var count = 0\nvar greeting = os.Getenv("GREETING")\n\nfunc init() { fmt.Println("starting") }\n\n';
    const body = '\tcount++\n\te.Result.Set(fmt.Sprint(greeting, " ", count), 200, "")\n\treturn nil';
    await using worker = await go.start(code("fmt os", body, more));
    expect(worker.early).toEqual(["stdout info: starting"]);
    for (const count of [1, 2, 3]) expect(String((await worker.call()).body)).toBe(`hello ${count}`);
  });

  test("has its prints and log entries in the order in which they were written", async () => {
    const body = `	for i := 0; i < 500; i++ {
		fmt.Println("print", i)
		e.Log.Info(fmt.Sprint("entry ", i))
		fmt.Fprintln(os.Stderr, "stderr", i)
		e.Log.Warningf("entry %d", i)
	}
	log.SetFlags(0)
	log.Println("package log")
	fmt.Print("no end")
	return nil`;
    const { lines } = await go.run(code("fmt log os", body));
    const expected = Array.from({ length: 500 }, (_, i) => [
      `stdout info: print ${i}`,
      `engine info: entry ${i}`,
      `stderr error: stderr ${i}`,
      `engine warning: entry ${i}`,
    ]);
    expect(lines.slice(0, 2000)).toEqual(expected.flat());
    expect(lines[2000]).toBe("stderr error: package log");
    expect(lines[2001]).toBe("stdout info: no end");
  });

  test("has lines that are too long cut between two characters", async () => {
    const body = `	fmt.Println(strings.Repeat("é", 90))
	fmt.Print(strings.Repeat("x", 100), "\\n")
	e.Log.Debug(strings.Repeat("y", 101))
	return nil`;
    const { lines } = await go.run(code("fmt strings", body), { lineBytesMax: 101 - 2 });
    expect(lines).toEqual([
      `stdout info: ${"é".repeat(49)} (cut)`,
      `stdout info: ${"x".repeat(99)} (cut)`,
      `engine debug: ${"y".repeat(99)} (cut)`,
    ]);
  });

  test("fails with the error that it returns", async () => {
    const more = 'type missing struct{}\n\nfunc (*missing) Error() string { return "nothing here" }\n\n';
    const body = `	if e.Body == "own" {
		return &missing{}
	}
	return fmt.Errorf("wrapped: %w", errors.New("boom"))`;
    await using worker = await go.start(code("errors fmt", body, more));
    expect((await worker.call()).error).toEqual({ kind: "error", message: "wrapped: boom", traceback: "" });
    expect((await worker.call({ body: Buffer.from("own") })).error).toMatchObject({ kind: "missing" });
  });

  test("fails with the lines of its own that led to a panic, and stays warm", async () => {
    const more = 'func fill(m map[string]int) {\n\tm["a"] = 1\n}\n\n';
    await using worker = await go.start(code("", "\tfill(nil)\n\treturn nil", more));
    for (let round = 0; round < 2; round++) {
      expect((await worker.call()).error).toEqual({
        kind: "panic",
        message: "assignment to entry in nil map",
        traceback:
          "panic: assignment to entry in nil map\n\nfill(...)\n\taction.go:8\nRun(...)\n\taction.go:12",
      });
    }
  });

  test("fails when its result cannot be JSON", async () => {
    const { error } = await go.run(code("", '\te.Result.Set(make(chan int), 200, "json")\n\treturn nil'));
    expect(error?.message).toContain("the result cannot be written as JSON");
  });

  test("loses no print when it exits", async () => {
    const answer = await go.run(
      code("fmt os", '\tfmt.Println("bye")\n\tfmt.Print("now")\n\tos.Exit(3)\n\treturn nil'),
    );
    expect(answer).toMatchObject({ lines: ["stdout info: bye", "stdout info: now"], exitCode: 3 });
  });

  test("loses no print when one of its goroutines panics", async () => {
    const body = '\tgo func() { fmt.Println("almost"); panic("other") }()\n\tselect {}';
    const answer = await go.run(code("fmt", body));
    expect(answer).toMatchObject({ lines: ["stdout info: almost"], exitCode: 2 });
    expect(answer.stderr).toMatch(/panic: other[\s\S]*action\.go:9/);
  });
});

describe("a Go source", () => {
  test("is compiled with the positions of what is wrong", async () => {
    const problems = await go.problems(code("os", '\tx := 1\n\te.Log.Info(1, 2)\n\treturn "a"'));
    expect(problems).toEqual([
      { kind: "import", message: expect.stringContaining("imported and not used"), line: 5, column: 2 },
      { kind: "type", message: expect.stringMatching(/declared (and|but) not used/), line: 9, column: 2 },
      expect.objectContaining({
        kind: "type",
        line: 10,
        message: expect.stringContaining("too many arguments"),
      }),
      expect.objectContaining({ kind: "type", line: 11, column: 9 }),
    ]);
    expect(await go.problems("package action\n\nfunc Run( {\n")).toEqual([
      expect.objectContaining({ kind: "syntax", line: 3 }),
    ]);
  });

  test("shows its first 20 problems", async () => {
    const body = Array.from({ length: 50 }, (_, i) => `\tundefined${i}()`).join("\n");
    expect(await go.problems(code("", `${body}\n\treturn nil`))).toHaveLength(20);
  });

  test("must define Run with its signature in package action", async () => {
    const wanted = "write func Run(e *engine.Engine) error";
    expect(await go.problems("package action\n")).toEqual([
      { kind: "entry_point", message: `there is no Run: ${wanted}`, line: 1, column: 9 },
    ]);
    expect(await go.problems("package action\n\nfunc Run(text string) {}\n")).toEqual([
      { kind: "entry_point", message: `Run is a func(text string): ${wanted}`, line: 3, column: 6 },
    ]);
    expect(await go.problems(code("", "\treturn nil").replace("package action", "package main"))).toEqual([
      { kind: "entry_point", message: 'the package must be "action", not "main"', line: 1, column: 9 },
    ]);
  });

  test("can import the standard library and the engine only", async () => {
    const problems = await go.problems(
      code("C embed internal/abi github.com/a/b ../x /etc/passwd", "\treturn nil"),
    );
    const other = (path: string) =>
      `package ${path} is not available: a Go code can import the standard library and codeactions/engine`;
    expect(problems.map(({ kind, message, line }) => [kind, message, line])).toEqual([
      ["import", "cgo is not available", 5],
      ["import", "embed is not available: a code is one file", 6],
      ["import", other("internal/abi"), 7],
      ["import", other("github.com/a/b"), 8],
      ["import", other("../x"), 9],
      ["import", other("/etc/passwd"), 10],
    ]);
  });

  test("cannot give orders to the compiler or the linker", async () => {
    const more = '//go:embed /etc/passwd\nvar text string\n\n//go:cgo_ldflag "-fplugin=x"\n\n';
    expect(await go.problems(code("", "\treturn nil", more))).toMatchObject([
      { kind: "import", line: 7 },
      { kind: "import", line: 10 },
    ]);
    // A //line comment that poses as what cgo generates, which may have such orders.
    const posing = '//line _cgo_gotypes.go:1\n//go:cgo_ldflag "-fplugin=x"\nvar x int\n\n';
    expect(await go.problems(code("", "\treturn nil", posing))).toMatchObject([{ kind: "import", line: 8 }]);
    const linked = "//go:linkname secret runtime.noSuchThing\nfunc secret()\n\n";
    expect(
      await go.problems(code("unsafe", "\t_ = unsafe.Sizeof(1)\n\tsecret()\n\treturn nil", linked)),
    ).toHaveLength(1);
    const moved = '//line /etc/passwd:1\nvar x int = "a"\n\n';
    expect(await go.problems(code("", "\treturn nil", moved))).toMatchObject([
      { kind: "type", line: 0, column: 0 },
    ]);
  });

  test("that is a bomb for the compiler hurts only itself", async () => {
    const data = code(
      "",
      "\te.Log.Info(string(data[:]))\n\treturn nil",
      "var data = [1 << 30]byte{1<<30 - 1: 1}\n\n",
    );
    const generics = Array.from(
      { length: 20 },
      (_, i) =>
        `func g${i}[A any]() { g${i + 1}[struct{ a *A; b []A }](); g${i + 1}[struct{ a []A; b *A }]() }\n`,
    );
    const types = code("", "\tg0[int]()\n\treturn nil", `${generics.join("")}func g20[A any]() {}\n\n`);
    const deep = code("", "\treturn nil", `var x = ${"(".repeat(500_000)}1${")".repeat(500_000)}\n\n`);
    for (const bomb of [data, types, deep]) {
      const [problem] = await go.problems(bomb);
      expect(problem?.message).toMatch(/memory|larger|large|longer than|gave up|disk|space|nest/);
    }
    expect(await go.problems(code("", "\treturn nil"))).toEqual([]);
  }, 120_000);
});

describe("the Go toolchain", () => {
  test("says what is missing and how to get it", async () => {
    const settings = { ...go.place, folder: PREPARED_FOLDER, command: "no-such-go" };
    await using toolchain = await openGoToolchain(settings, SILENT);
    expect(toolchain.state()).toMatchObject({ state: "missing", fix: expect.stringContaining("golang-go") });
    await expect(toolchain.build("", new AbortController().signal)).rejects.toMatchObject({ why: "missing" });
  });

  test("refuses to build while it is prepared, says for how long, and ends with the service", async () => {
    const settings = { ...go.place, folder: `${PREPARED_FOLDER}-refused`, command: "go" };
    const toolchain = await openGoToolchain(settings, SILENT);
    expect(toolchain.state()).toMatchObject({ state: "preparing" });
    const refusal = await toolchain.build("", new AbortController().signal).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      why: "preparing",
      message: expect.stringMatching(/try again in about \d+ s/),
    });
    await toolchain[Symbol.asyncDispose]();
    await rm(settings.folder, { recursive: true });
  });
});
