import { expect, test } from "vitest";
import { INVOCATION, MIB, program, stageForFile } from "./stage.ts";

const held = stageForFile();
const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

test("the engine hands over all that came in", async () => {
  const source = `
import json, os
def Run(engine):
    r = engine.request
    c = engine.context
    return [
        engine.params.get("a"), engine.params.get("none"), engine.params.items(), r.query,
        engine.header.get("x-a"), engine.header.get("none"), engine.header.items(),
        engine.body, list(engine.raw_body), r.method, r.path, r.body, r.params.get("b"), r.header.get("X-B"),
        engine.secrets.get("key"), engine.secrets.get("none", 1), engine.secrets.has("key"), "none" in engine.secrets,
        list(engine.secrets.keys()), engine.secrets["key"], "hidden" in repr(engine.secrets),
        c.run_id, c.code_id, c.version, c.project_id, c.attempt, c.deadline.year > 2000, os.environ["GIVEN"],
    ]`;
  const seen = await held.stage.run(program("python", source, { environment: { GIVEN: "yes" } }), {
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
    ...["héllo", [...Buffer.from("\n héllo \n")], "POST", "/hello", "héllo", "ä", "3"],
    ...["hidden", 1, true, false, ["key"], "hidden", false],
    ...["run-1", "code-1", 3, "project-1", 1, true, "yes"],
  ]);
});

test("a result has the status, type and headers it was given; the last call wins", async () => {
  const { outcome, text } = await held.stage.python(`
def Run(engine):
    engine.result.set("first", 500)
    engine.result.set("<p>hi</p>", 201, "html", {"X-A": "b", "Set-Cookie": ["c=1", "d=2"]})
    return "ignored"`);
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
    ["None", "", "text/plain; charset=utf-8"],
    ["b'raw'", "raw", "application/octet-stream"],
    ["{'a': [1, None]}", '{"a": [1, null]}', "application/json"],
    ["0", "0", "application/json"],
  ] as const;
  for (const [value, text, contentType] of values) {
    const seen = await held.stage.python(`def Run(engine):\n  return ${value}`);
    expect(seen).toMatchObject({
      text,
      outcome: { status: "SUCCEEDED", result: { statusCode: 200, contentType } },
    });
  }
});

test("every byte passes both ways unchanged, 8 MiB of them too", async () => {
  const echo = program("python", "def Run(engine):\n  engine.result.set(engine.raw_body)", {
    memoryBytesMax: 256 * MIB,
  });
  for (const body of [ALL_BYTES, Buffer.alloc(8 * MIB, ALL_BYTES)]) {
    const { outcome } = await held.stage.run(echo, { body });
    expect(Buffer.compare(Buffer.from(outcome.result!.body), body)).toBe(0);
  }
});

test("Run may be async", async () => {
  const { text } = await held.stage.python(
    "import asyncio\nasync def Run(engine):\n  await asyncio.sleep(0)\n  return 'later'",
  );
  expect(text).toBe("later");
});

test("an exception fails the run with its place in the code, and the worker stays warm", async () => {
  const failing = program(
    "python",
    "n = 0\ndef Run(engine):\n  global n\n  n += 1\n  return deeper()\ndef deeper():\n  return {}[f'missing {n}']",
  );
  for (const number of [1, 2]) {
    const { outcome, lines } = await held.stage.run(failing);
    expect(outcome).toMatchObject({
      status: "FAILED",
      error: { kind: "KeyError", message: `'missing ${number}'` },
    });
    const traceback = outcome.error!.traceback;
    expect(traceback).toContain('File "action.py", line 5, in Run\n    return deeper()');
    expect(traceback).toContain('File "action.py", line 7, in deeper');
    expect(traceback).not.toContain("guest");
    expect(lines).toMatchObject([{ stream: "engine", level: "error", text: traceback.trimEnd() }]);
  }
});

test("what fails while loading fails the run", async () => {
  const raising = await held.stage.python("x = 1\nraise ValueError('at load')\ndef Run(engine):\n  pass");
  expect(raising.outcome).toMatchObject({
    status: "FAILED",
    error: { kind: "ValueError", message: "at load" },
  });
  expect(raising.outcome.error!.traceback).toContain("line 2");
  const syntax = await held.stage.python("def Run(engine):\n  return (");
  expect(syntax.outcome).toMatchObject({ status: "FAILED", error: { kind: "SyntaxError" } });
  const none = await held.stage.python("def run(engine):\n  pass");
  expect(none.outcome).toMatchObject({ status: "FAILED", error: { kind: "EntryPoint" } });
});

test("a value that JSON cannot say, or a status code that is none, fails where it was set", async () => {
  const json = await held.stage.python("def Run(engine):\n  engine.result.set({1, 2})");
  expect(json.outcome.error).toMatchObject({
    kind: "TypeError",
    traceback: expect.stringContaining("line 2"),
  });
  const status = await held.stage.python("def Run(engine):\n  engine.result.set('', 1000)");
  expect(status.outcome.error).toMatchObject({
    kind: "ValueError",
    message: expect.stringContaining("1000"),
  });
});

test("code that patches what the guest uses still gets its answer out", async () => {
  const { text, outcome } = await held.stage.python(`
import builtins, json, os, sys, time, socket, struct, traceback
def Run(engine):
    broken = lambda *a, **k: 1 / 0
    json.dumps = json.loads = json.JSONEncoder.encode = json.JSONDecoder.decode = broken
    time.time_ns = os.write = os._exit = builtins.print = builtins.len = traceback.format_exception = broken
    sys.stdout = sys.stderr = None
    return "still here"`);
  expect(outcome.status).toBe("SUCCEEDED");
  expect(text).toBe("still here");
});

test("an exception that cannot describe itself is one all the same", async () => {
  const { outcome } = await held.stage.python(
    "class Odd(Exception):\n  def __str__(self): raise Odd()\ndef Run(engine):\n  raise Odd()",
  );
  expect(outcome).toMatchObject({ status: "FAILED", error: { kind: "Odd" } });
});

test("the standard library works: time zones, hashes, sqlite, temporary files, other interpreters", async () => {
  const { text, outcome } = await held.stage.python(`
import sqlite3, hashlib, tempfile, zoneinfo, datetime, ssl, ctypes, multiprocessing, bz2, lzma, decimal
def Run(engine):
    with tempfile.NamedTemporaryFile() as f:
        f.write(b"x")
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    ssl.create_default_context()
    multiprocessing.Lock()
    return [sqlite3.connect(":memory:").execute("select 1+1").fetchone()[0], hashlib.sha256(b"").hexdigest()[:4],
            datetime.datetime(2024, 7, 1, tzinfo=zone).utcoffset().seconds]`);
  expect(outcome).toMatchObject({ status: "SUCCEEDED" });
  expect(JSON.parse(text)).toEqual([2, "e3b0", 7200]);
});

test("the deadline is the run's", async () => {
  const { text } = await held.stage.python("def Run(engine):\n  return engine.context.deadline.timestamp()", {
    timeoutMs: 5000,
  });
  expect(Math.abs(Number(text) * 1000 - Date.now())).toBeLessThan(INVOCATION.timeoutMs);
});
