import { readdir, readFile } from "node:fs/promises";
import { expect, test, vi } from "vitest";
import { MIB, program, Stage, stageForFile, texts } from "./stage.ts";

const held = stageForFile({ freezeAfterMs: 100 });

const COUNT = {
  python: "n = 0\ndef Run(engine):\n  global n\n  n += 1\n  return n",
  javascript: "let n = 0; export const Run = () => ++n",
};

test.each([
  ["itself", "while True: pass"],
  ["in a child", "import os\n  if os.fork() == 0:\n    while True: pass\n  os.wait()"],
])("code that computes for too long %s ends, whatever its time-out is", async (_, body) => {
  const spinning = program("python", `def Run(engine):\n  ${body}`, { cpuTimeMsMax: 100 });
  const { outcome, lines } = await held.stage.run(spinning);
  expect(outcome).toMatchObject({ status: "TIMED_OUT", error: { kind: "ProcessorTime" } });
  expect(texts(lines)).toEqual(["ended because it used more processor time than its 0.1 s"]);
});

test("waiting costs no processor time", async () => {
  const sleeping = program("python", "import time\ndef Run(engine):\n  time.sleep(0.3)", {
    cpuTimeMsMax: 100,
  });
  expect((await held.stage.run(sleeping)).outcome.status).toBe("SUCCEEDED");
});

test("a share of a core is all that a worker gets", async () => {
  const source =
    "import time\ndef Run(engine):\n  end = time.monotonic() + 0.6\n  while time.monotonic() < end: pass";
  const { outcome } = await held.stage.run(program("python", source, { cpuMillisMax: 100 }));
  expect(outcome.usage.cpuMs).toBeLessThan(outcome.usage.wallMs / 2);
});

test("processes, temporary files and open files are limited as a code asks", async () => {
  const source = `
import os, resource, threading, time
def threads():
    started = []
    try:
        while len(started) < 500:
            thread = threading.Thread(target=time.sleep, args=(0.2,))
            thread.start()
            started.append(thread)
    except RuntimeError:
        pass
    for thread in started:
        thread.join()
    return len(started)
def Run(engine):
    size = os.statvfs("/tmp")
    shm = os.statvfs("/dev/shm")
    return [threads(), size.f_blocks * size.f_frsize, shm.f_blocks * shm.f_frsize, resource.getrlimit(resource.RLIMIT_NOFILE)]`;
  const sizes = { pidsMax: 100, tmpBytesMax: 3 * MIB, openFilesMax: 77 };
  const { text } = await held.stage.run(program("python", source, sizes));
  const [threads, ...others] = JSON.parse(text) as [number, ...unknown[]];
  expect(others).toEqual([3 * MIB, 3 * MIB, [77, 77]]);
  expect(threads).toBeGreaterThan(64);
  expect(threads).toBeLessThan(100);
});

test.each(["python", "javascript"] as const)(
  "a fresh %s program finds nothing of its last run",
  async (language) => {
    const warm = program(language, COUNT[language]);
    const fresh = program(language, COUNT[language], { isFresh: true });
    const answers = async (given: typeof warm) => [
      (await held.stage.run(given)).text,
      (await held.stage.run(given)).text,
      (await held.stage.run(given)).outcome.usage.cold,
    ];
    expect(await answers(warm)).toEqual(["1", "2", false]);
    expect(await answers(fresh)).toEqual(["1", "1", true]);
  },
);

/** Whether every process of the stage's jails is stopped. */
async function allStopped(stage: Stage): Promise<boolean> {
  const states: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
    if (uid >= stage.uidBase && uid < stage.uidBase + 100) states.push(/^State:\s+(\S)/m.exec(status)![1]!);
  }
  return states.length > 0 && states.every((state) => state === "D");
}

test("nothing runs in a worker that is idle for a while, and its next run does not notice", async () => {
  await using stage = await Stage.open({ freezeAfterMs: 100, blankWorkersPerLanguage: 0 });
  const ticking = program(
    "python",
    `
import threading, time
ticks = 0
def tick():
    global ticks
    while True:
        ticks += 1
        time.sleep(0.001)
threading.Thread(target=tick, daemon=True).start()
def Run(engine):
    before = ticks
    while ticks < before + 5:
        time.sleep(0.001)
    return True`,
  );
  for (const cold of [true, false, false]) {
    const { outcome, text } = await stage.run(ticking);
    expect([outcome.status, outcome.usage.cold, text]).toEqual(["SUCCEEDED", cold, "true"]);
    await vi.waitUntil(() => allStopped(stage), { timeout: 10_000, interval: 20 });
  }
});

test("a worker that is stopped ends with the sandbox", async () => {
  const stage = await Stage.open({ freezeAfterMs: 50, blankWorkersPerLanguage: 0 });
  await stage.python("def Run(engine): pass");
  await vi.waitUntil(() => allStopped(stage), { timeout: 10_000, interval: 20 });
  await stage[Symbol.asyncDispose]();
  expect(await stage.processes()).toBe(0);
});

test("a worker whose memory grows is replaced while it is idle", async () => {
  await using stage = await Stage.open({ freezeAfterMs: 100, blankWorkersPerLanguage: 0 });
  const growing = program(
    "python",
    "kept = []\ndef Run(engine):\n  kept.append(b'x' * (40 << 20))\n  return len(kept)",
  );
  expect((await stage.run(growing)).text).toBe("1");
  // What it needs for its first run is no growth.
  await vi.waitUntil(() => allStopped(stage), { timeout: 10_000, interval: 20 });
  expect((await stage.run(growing)).text).toBe("2");
  await vi.waitUntil(() => stage.sandbox.describe().idle === 0, { timeout: 10_000, interval: 20 });
  expect((await stage.run(growing)).text).toBe("1");
});

test("a worker that is old is replaced", async () => {
  await using stage = await Stage.open({ workerAgeMs: 300, freezeAfterMs: 100 });
  const counting = program("python", COUNT.python);
  expect((await stage.run(counting)).text).toBe("1");
  await vi.waitUntil(() => stage.sandbox.describe().idle === 0, { timeout: 10_000, interval: 20 });
  expect((await stage.run(counting)).text).toBe("1");
});
