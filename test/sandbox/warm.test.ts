import { expect, test } from "vitest";
import { NotAccepted } from "../../src/sandbox/program.ts";
import { INVOCATION, MIB, NEVER, program, Stage, stageForFile } from "./stage.ts";

const held = stageForFile();
const COUNTING = "n = 0\ndef Run(engine):\n  global n\n  n += 1\n  return n";
const SLOW = "import time\ndef Run(engine):\n  engine.log.info('begun')\n  time.sleep(60)";
const ECHO = "def Run(engine):\n  return engine.body";

test("a warm worker keeps what the code has kept", async () => {
  const counting = program("python", COUNTING);
  const seen = [];
  for (let i = 0; i < 3; i++) seen.push(await held.stage.run(counting));
  expect(seen.map(({ text }) => text)).toEqual(["1", "2", "3"]);
  expect(seen.map(({ outcome }) => outcome.usage.cold)).toEqual([true, false, false]);
});

test("a worker is never shared between keys", async () => {
  const first = program("python", COUNTING);
  await held.stage.run(first);
  const second = await held.stage.run({ ...first, key: "another key" });
  expect(second).toMatchObject({ text: "1", outcome: { usage: { cold: true } } });
});

test("invocations of one program run side by side, each in a worker of its own", async () => {
  const meeting = program(
    "javascript",
    "let n = 0; export const Run = () => new Promise((r) => setTimeout(r, 50, ++n))",
  );
  const seen = await Promise.all([1, 2, 3].map(() => held.stage.run(meeting)));
  expect(seen.map(({ text }) => text)).toEqual(["1", "1", "1"]);
});

test("what an invocation costs is told", async () => {
  const { outcome } = await held.stage.python("def Run(engine):\n  return sum(range(2000000))");
  expect(outcome.usage.cpuMs).toBeGreaterThan(1);
  expect(outcome.usage.wallMs).toBeGreaterThan(1);
  expect(outcome.usage.peakMemoryBytes).toBeGreaterThan(1_000_000);
});

test("a program's own limit on concurrency makes further invocations wait, and nobody else", async () => {
  const single = program("python", COUNTING, { concurrencyMax: 1 });
  const seen = await Promise.all([1, 2, 3, 4].map(() => held.stage.run(single)));
  expect(seen.map(({ text }) => text)).toEqual(["1", "2", "3", "4"]);
});

test("a worker is replaced after its number of runs", async () => {
  await using stage = await Stage.open({ workerRunsMax: 2, blankWorkersPerLanguage: 1 });
  const counting = program("python", COUNTING);
  const seen = [];
  for (let i = 0; i < 5; i++) seen.push((await stage.run(counting)).text);
  expect(seen).toEqual(["1", "2", "1", "2", "1"]);
});

test("the idle worker that was used the longest ago makes room for another program's", async () => {
  await using stage = await Stage.open({ workersMax: 2, blankWorkersPerLanguage: 1 });
  const [a, b, c] = ["a", "b", "c"].map((key) => program("python", COUNTING, { key })) as [
    never,
    never,
    never,
  ];
  for (const each of [a, b, a, c]) await stage.run(each);
  expect(stage.sandbox.describe()).toMatchObject({ capacity: 2, idle: 2, busy: 0, destroyed: 1 });
  expect((await stage.run(a)).text).toBe("3");
  expect((await stage.run(b)).text).toBe("1");
});

test("when every worker is busy the queue takes as many as it may, and refuses the next at once", async () => {
  await using stage = await Stage.open({ workersMax: 1, waitersMax: 1, blankWorkersPerLanguage: 1 });
  const cancelling = new AbortController();
  const begun = Promise.withResolvers<void>();
  const listener = { accepted() {}, lines: () => begun.resolve() };
  const busy = stage.sandbox.execute(program("python", SLOW), INVOCATION, listener, cancelling.signal);
  await begun.promise;
  const waiting = stage.run(program("python", ECHO), { body: Buffer.from("it waited") });
  const refused = await stage.run(program("python", ECHO)).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(NotAccepted);
  expect(refused).toMatchObject({ why: "full" });
  expect((refused as NotAccepted).retryAfterMs).toBeGreaterThan(0);
  expect(stage.sandbox.describe()).toMatchObject({ busy: 1, waiting: 1 });
  cancelling.abort();
  expect(await busy).toMatchObject({ status: "CANCELLED" });
  expect((await waiting).text).toBe("it waited");
});

test("who waits longer than waiting may take is refused", async () => {
  await using stage = await Stage.open({ workersMax: 1, waitMs: 20, blankWorkersPerLanguage: 1 });
  const cancelling = new AbortController();
  const begun = Promise.withResolvers<void>();
  const listener = { accepted() {}, lines: () => begun.resolve() };
  const busy = stage.sandbox.execute(program("python", SLOW), INVOCATION, listener, cancelling.signal);
  await begun.promise;
  await expect(stage.run(program("python", ECHO))).rejects.toMatchObject({
    name: "NotAccepted",
    why: "full",
  });
  cancelling.abort();
  await busy;
});

test("an abort before a worker was found rejects with its reason, and nothing has run", async () => {
  await using stage = await Stage.open({ workersMax: 1, blankWorkersPerLanguage: 1 });
  const cancelling = new AbortController();
  const begun = Promise.withResolvers<void>();
  const listener = { accepted() {}, lines: () => begun.resolve() };
  const busy = stage.sandbox.execute(program("python", SLOW), INVOCATION, listener, cancelling.signal);
  await begun.promise;
  const leaving = new AbortController();
  const waiting = stage.run(program("python", ECHO), {}, leaving.signal);
  leaving.abort(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
  await expect(stage.run(program("python", ECHO), {}, leaving.signal)).rejects.toThrow("gone");
  cancelling.abort();
  await busy;
});

test("an invocation is accepted after execute has returned, and before its first line", async () => {
  const order: string[] = [];
  const listener = { accepted: () => void order.push("accepted"), lines: () => void order.push("line") };
  const printing = program("python", "def Run(engine):\n  print('x')");
  for (let i = 0; i < 2; i++) {
    const running = held.stage.sandbox.execute(printing, INVOCATION, listener, NEVER);
    order.push("returned");
    await running;
  }
  expect(order).toEqual(["returned", "accepted", "line", "returned", "accepted", "line"]);
});

test("many first calls at once of a program that answers quickly share few starts", async () => {
  const quick = program("python", ECHO, { key: "quick", concurrencyMax: 12 });
  const before = held.stage.sandbox.describe().cold;
  const seen = await Promise.all(
    Array.from({ length: 12 }, (_, call) => held.stage.run(quick, { body: Buffer.from(`${call}`) })),
  );
  expect(seen.map(({ text }) => text)).toEqual(Array.from({ length: 12 }, (_, call) => `${call}`));
  expect(held.stage.sandbox.describe().cold - before).toBeLessThan(6);
});

test("first calls at once that take long are all served at once, whatever the queue may hold", async () => {
  await using stage = await Stage.open({ workersMax: 5, waitersMax: 0 });
  const meeting = program("python", SLOW, { key: "meeting", concurrencyMax: 5 });
  const cancelling = new AbortController();
  const lines: string[] = [];
  const all = Promise.withResolvers<void>();
  const listener = { accepted() {}, lines: () => void (lines.push("begun") === 5 && all.resolve()) };
  const running = Array.from({ length: 5 }, () =>
    stage.sandbox.execute(meeting, INVOCATION, listener, cancelling.signal),
  );
  await all.promise;
  expect(stage.sandbox.describe()).toMatchObject({ busy: 5, waiting: 0 });
  cancelling.abort();
  for (const { status } of await Promise.all(running)) expect(status).toBe("CANCELLED");
});

test("where memory is short the idle worker that was used the longest ago ends, and no more than needed", async () => {
  await using stage = await Stage.open({
    workersMemoryBytesMax: 200 * MIB,
    blankWorkersPerLanguage: 0,
    freezeAfterMs: 600_000,
  });
  const holding = `held = bytearray(64 * 1024 * 1024)\n${COUNTING}`;
  const [a, b, c] = ["a", "b", "c"].map((key) => program("python", holding, { key }));
  for (const each of [a, b, c]) await stage.run(each!);
  await expect.poll(() => stage.sandbox.describe().destroyed, { timeout: 5000 }).toBe(1);
  expect((await stage.run(c!)).text).toBe("2");
  expect((await stage.run(b!)).text).toBe("2");
  expect((await stage.run(a!)).text).toBe("1");
});

test("a program runs also where nothing is left for workers", async () => {
  await using stage = await Stage.open({ workersMemoryBytesMax: 1 });
  const counting = program("python", COUNTING);
  for (let call = 0; call < 3; call++) {
    expect((await stage.run(counting)).text).toBe("1");
    await expect.poll(() => stage.sandbox.describe().idle, { timeout: 5000 }).toBe(0);
  }
});

test("the stock of blank workers grows while first calls have to wait for one", async () => {
  await using stage = await Stage.open({ blankWorkersPerLanguage: 1, blankWorkersPerLanguageMax: 3 });
  await expect.poll(() => stage.sandbox.describe().blank.python, { timeout: 10_000 }).toBe(1);
  const programs = Array.from({ length: 8 }, (_, index) => program("python", ECHO, { key: `many ${index}` }));
  await Promise.all(programs.map((each) => stage.run(each)));
  await expect.poll(() => stage.sandbox.describe().blank.python, { timeout: 10_000 }).toBe(3);
});

test("an idle worker ends when nobody has used it for long", async () => {
  await using stage = await Stage.open({
    idleWorkerMs: 1,
    blankWorkersPerLanguage: 0,
  });
  await stage.run(program("python", ECHO));
  await expect.poll(() => stage.sandbox.describe().idle, { timeout: 5000 }).toBe(0);
  await expect.poll(() => stage.processes(), { timeout: 5000 }).toBe(0);
});

test("a language that the host does not have is refused with what to do", async () => {
  await using stage = await Stage.open({ pythonCommand: "/nonexistent/python3" });
  expect(stage.sandbox.languages()).toContainEqual(
    expect.objectContaining({ language: "python", state: "missing" }),
  );
  const refused = await stage.run(program("python", ECHO)).catch((error: unknown) => error);
  expect(refused).toMatchObject({ name: "NotAccepted", why: "missing" });
  expect(String(refused)).toContain("apt-get install");
  expect((await stage.javascript("export const Run = () => 'well'")).text).toBe("well");
});
