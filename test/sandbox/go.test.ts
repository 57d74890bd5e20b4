import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeHeadAndBody, decodeJson, encodeFrame, type Frame, FrameReader, KIND, LEVELS, STREAMS } from "../../src/sandbox/frames.ts";
import { type GoToolchain, openGoToolchain } from "../../src/sandbox/guests/go/toolchain.ts";

const log = { info() {}, warn() {} };
let toolchain: GoToolchain;
beforeAll(async () => {
  toolchain = await openGoToolchain({ folder: join(tmpdir(), "codeactions-test", "go"), command: "go" }, log);
  await toolchain.ready(new AbortController().signal);
}, 180_000);
afterAll(() => toolchain[Symbol.asyncDispose]());

const HEAD = 'package action\n\nimport "codeactions/engine"\n\n';
const signal = new AbortController().signal;
async function start(source: string) {
  const built = await toolchain.build(source, signal);
  if ("problems" in built) throw new Error(JSON.stringify(built.problems));
  const path = join(mkdtempSync("/tmp/gowork-"), "bin");
  writeFileSync(path, built.binary, { mode: 0o755 });
  const t0 = performance.now();
  const child = spawn(path, { stdio: ["ignore", "inherit", "inherit", "pipe"], env: {} });
  const socket = child.stdio[3] as Duplex;
  const reader = new FrameReader();
  const frames: Frame[] = [];
  let wake = Promise.withResolvers<void>();
  socket.on("data", (c) => { frames.push(...reader.push(c)); wake.resolve(); });
  const exit = new Promise<string>((r) => child.once("exit", (code, s) => { wake.resolve(); r(`${code} ${s}`); }));
  const next = async () => { while (!frames.length) { wake = Promise.withResolvers(); await wake.promise; if (child.exitCode !== null && !frames.length) return undefined; } return frames.shift()!; };
  const ready = await next();
  const startMs = performance.now() - t0;
  socket.write(encodeFrame(KIND.LOAD, 0, { file: "action.go", environment: { A: "b" } }, Buffer.alloc(0)));
  const early: string[] = [];
  for (let f = await next(); f && f.kind !== KIND.LOADED; f = await next()) early.push(`${f.kind}`);
  const startedMs = performance.now() - t0;
  let id = 0;
  const call = async (o: any = {}) => {
    id++;
    const t = performance.now();
    socket.write(encodeFrame(KIND.INVOKE, id, { method: "POST", path: "/x", query: o.query ?? [], headers: o.headers ?? [], secrets: o.secrets ?? {}, context: { runId: "r", codeId: "c", version: 3, projectId: "p", attempt: 1, deadlineMs: Date.now() + 5000 }, resultBytesMax: 8 << 20, lineBytesMax: 100, ...o.head }, o.body ?? Buffer.alloc(0)));
    const lines: string[] = [];
    for (;;) {
      const f = await next();
      if (!f) return { lines, exit: await exit };
      expect(f.invocation).toBe(id);
      if (f.kind === KIND.LOG) { const p = f.payload; lines.push(`${STREAMS[p[1]!]} ${LEVELS[p[0]!]} ${p[2]} ${p.subarray(11).toString()}`); continue; }
      const wallMs = performance.now() - t;
      if (f.kind === KIND.RESULT) { const r = decodeHeadAndBody(f.payload); return { lines, ...(r.head as any), body: r.body, wallMs }; }
      return { lines, error: decodeJson(f.payload) as any };
    }
  };
  return { call, ready, startMs, startedMs, early, end: () => socket.destroy(), exit };
}

test("hello", async () => {
  const p = await start(`${HEAD}import "fmt"\nimport "os"\nvar n int\nvar a = os.Getenv("A")\nfunc init() { fmt.Println("early") }\nfunc Run(e *engine.Engine) error { n++; e.Result.Set(map[string]any{"n": n, "name": e.Params.Get("name"), "a": a, "<": e.Body, "h": e.Header.Get("x-y")}, 201, "json"); e.Result.Header().Set("X", "1"); return nil }\n`);
  for (let i = 0; i < 5; i++) { const r = await p.call({ query: [["name", "bob"]], headers: [["X-Y", "z"]], body: Buffer.from(" hi\n") }); console.log(r, r.body.toString()); }
  console.log(p.ready?.payload.toString(), p.startMs, p.startedMs, p.early);
  p.end(); console.log(await p.exit);
});
test("bytes", async () => {
  const p = await start(`${HEAD}func Run(e *engine.Engine) error { e.Result.Set(e.RawBody, 0, ""); return nil }\n`);
  const body = Buffer.alloc(8 << 20, Buffer.from(Array.from({ length: 256 }, (_, i) => i)));
  for (let i = 0; i < 3; i++) { const r = await p.call({ body }); expect(Buffer.compare(r.body, body)).toBe(0); console.log(r.wallMs, r.contentType); }
  console.log((await p.call({ body, head: { resultBytesMax: 1000 } })).error);
  p.end();
});
test("order", async () => {
  const p = await start(`${HEAD}import ("fmt"; "log"; "os"; "strings")\nfunc Run(e *engine.Engine) error { for i := 0; i < 2000; i++ { fmt.Println("p", i); e.Log.Info(fmt.Sprint("l ", i)); fmt.Fprintln(os.Stderr, "e", i); e.Log.Warningf("w %d", i) }; log.Println("logged"); fmt.Println(strings.Repeat("é", 90)); e.Log.Debug(strings.Repeat("x", 101)); fmt.Print("tail"); return nil }\n`);
  const r = await p.call();
  const expected = Array.from({ length: 2000 }, (_, i) => [`stdout info 0 p ${i}`, `engine info 0 l ${i}`, `stderr error 0 e ${i}`, `engine warning 0 w ${i}`]).flat();
  expect(r.lines.slice(0, 8000)).toEqual(expected);
  console.log(r.lines.slice(8000), r.wallMs);
  p.end();
});
test("errors", async () => {
  const p = await start(`${HEAD}import ("errors"; "fmt"; "os"; "runtime"; "strings")\ntype MyErr struct{}\nfunc (*MyErr) Error() string { return "mine" }\nfunc deep(n int) { if n == 0 { var m map[string]int; m["a"] = 1 }; deep(n-1) }
func Run(e *engine.Engine) error { switch e.Params.Get("k") { case "e": return errors.New("boom"); case "w": return fmt.Errorf("w: %w", &MyErr{}); case "m": return &MyErr{}; case "f": _, err := os.Open("/nope"); return err
case "p": deep(2); case "s": strings.Repeat("x", -1); case "g": runtime.Goexit(); case "j": e.Result.Set(make(chan int), 200, "json"); case "x": fmt.Println("bye"); os.Exit(3); case "go": fmt.Println("in go"); go panic("other"); select {} }; return nil }\n`);
  for (const k of ["e", "w", "m", "f", "p", "s", "g", "j", "", "x"]) console.log(k, await p.call({ query: [["k", k]] }));
});
