import { expect, test } from "vitest";
import { INVOCATION, MIB, program, Stage, stageForFile, texts } from "./stage.ts";

const held = stageForFile();
const COUNTED = "n = 0\ndef count():\n  global n\n  n += 1\n  return n\n";

test("a run that takes too long is ended with every process it started", async () => {
  await using stage = await Stage.open({ blankWorkersPerLanguage: 0 });
  const source = `
import os, signal, time
def Run(engine):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for _ in range(5):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(600)
            os._exit(0)
    print("started")
    while True: pass`;
  const { outcome, lines } = await stage.python(source, { timeoutMs: 300 });
  expect(outcome.status).toBe("TIMED_OUT");
  expect(texts(lines)).toEqual(["started", "ended because it took longer than its 0.3 s"]);
  expect(lines.at(-1)).toMatchObject({ stream: "system", level: "error" });
  await expect.poll(() => stage.processes(), { timeout: 5000 }).toBe(0);
});

test("a fork bomb is ended, and the neighbours notice nothing", async () => {
  const bomb = held.stage.python(
    "import os\ndef Run(engine):\n  while True:\n    try: os.fork()\n    except OSError: pass",
    { timeoutMs: 500 },
  );
  const neighbour = await held.stage.javascript("export const Run = () => 'fine'");
  expect(neighbour.text).toBe("fine");
  expect((await bomb).outcome.status).toBe("TIMED_OUT");
});

test("a run that takes more memory than it may is out of memory, and says how much that is", async () => {
  const { outcome, lines } = await held.stage.python(
    "def Run(engine):\n  return len(bytearray(b'x') * (512 << 20))",
  );
  expect(outcome.status).toBe("OUT_OF_MEMORY");
  expect(lines.at(-1)).toMatchObject({ stream: "system", text: expect.stringContaining("128 MiB") });
  const javascript = await held.stage.javascript(
    "export const Run = () => { const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1)); }",
  );
  expect(javascript.outcome.status).toBe("OUT_OF_MEMORY");
});

test("memory that a child or a temporary file takes counts too", async () => {
  const child = await held.stage.python(`
import os
def Run(engine):
    if os.fork() == 0:
        bytearray(b'x') * (512 << 20)
        os._exit(0)
    os.wait()
    return "survived"`);
  expect(child.outcome.status).toBe("OUT_OF_MEMORY");
  const file = await held.stage.run(
    program(
      "python",
      "def Run(engine):\n  open('/dev/shm/f', 'wb').write(b'x' * (40 << 20))\n  return 'ok'",
      {
        memoryBytesMax: 48 * MIB,
      },
    ),
  );
  expect(file.outcome.status).toBe("OUT_OF_MEMORY");
});

test("code that exits, is killed or crashes has failed, and says how", async () => {
  const endings = [
    ["import os\ndef Run(engine):\n  os._exit(3)", "Exit", "the code exited with status 3"],
    ["import sys\ndef Run(engine):\n  sys.exit(0)", "Exit", "the code exited with status 0"],
    ["import sys\ndef Run(engine):\n  sys.exit('no way')", "Exit", "the code exited with status 1"],
    ["import os\ndef Run(engine):\n  os.kill(os.getpid(), 11)", "Signal", "the code was ended by SIGSEGV"],
    ["import os\nos._exit(4)\ndef Run(engine):\n  pass", "Exit", "the code exited with status 4"],
  ] as const;
  for (const [source, kind, message] of endings) {
    const { outcome, lines } = await held.stage.python(source);
    expect(outcome).toMatchObject({ status: "FAILED", error: { kind, message } });
    expect(lines.at(-1)).toMatchObject({ stream: "system", text: expect.stringContaining(message) });
  }
});

test("an abort ends a run as cancelled, with every process it started", async () => {
  await using stage = await Stage.open({ blankWorkersPerLanguage: 0 });
  const cancelling = new AbortController();
  const listener = { accepted() {}, lines: () => cancelling.abort() };
  const source =
    "import os, time\ndef Run(engine):\n  os.fork()\n  print('begun', flush=True)\n  time.sleep(600)";
  const outcome = await stage.sandbox.execute(
    program("python", source),
    INVOCATION,
    listener,
    cancelling.signal,
  );
  expect(outcome.status).toBe("CANCELLED");
  await expect.poll(() => stage.processes(), { timeout: 5000 }).toBe(0);
});

test("a run that writes more log than it may is ended, and the log says so", async () => {
  const flood = program("python", "def Run(engine):\n  while True: print('x' * 99)", {
    outputBytesMax: 10_000,
  });
  const { outcome, lines } = await held.stage.run(flood);
  expect(outcome.status).toBe("OUTPUT_LIMIT");
  expect(lines).toHaveLength(101);
  expect(lines.at(-1)).toMatchObject({ stream: "system", text: expect.stringContaining("9.8 KiB") });
  const raw = program(
    "python",
    "import os\ndef Run(engine):\n  while True: os.write(1, b'x' * 99 + b'\\n')",
    {
      outputBytesMax: 10_000,
    },
  );
  expect((await held.stage.run(raw)).outcome.status).toBe("OUTPUT_LIMIT");
});

test("a result that is larger than it may be is not delivered", async () => {
  for (const source of ["return 'x' * 101", "engine.result.set(b'x' * 101)"]) {
    const { outcome, lines } = await held.stage.python(`def Run(engine):\n  ${source}`, {
      resultBytesMax: 100,
    });
    expect(outcome.status).toBe("OUTPUT_LIMIT");
    expect(lines.at(-1)?.text).toContain("100 bytes");
  }
});

test("a result that no caller could be sent fails with the reason", async () => {
  const header = await held.stage.python(
    "def Run(engine):\n  engine.result.set('', headers={'X-A': 'b\\r\\nX-C: d'})",
  );
  expect(header.outcome).toMatchObject({ status: "FAILED", error: { kind: "InvalidResult" } });
});

test("a worker that leaves a child behind answers, and is not used again", async () => {
  const leaving = program(
    "python",
    `${COUNTED}import os, time\ndef Run(engine):\n  if os.fork() == 0:\n    time.sleep(600)\n  return count()`,
  );
  for (let i = 0; i < 2; i++) {
    expect(await held.stage.run(leaving)).toMatchObject({ text: "1", outcome: { status: "SUCCEEDED" } });
  }
});

test("a worker that writes after its answer is not used again", async () => {
  await using stage = await Stage.open({ blankWorkersPerLanguage: 1 });
  const chatty = program(
    "python",
    `${COUNTED}
import os, threading, time
def late():
    time.sleep(0.05)
    os.write(1, b'late\\n')
def Run(engine):
    threading.Thread(target=late, daemon=True).start()
    return count()`,
  );
  expect((await stage.run(chatty)).text).toBe("1");
  await expect.poll(() => stage.sandbox.describe().destroyed).toBe(1);
  expect((await stage.run(chatty)).text).toBe("1");
});

test("a thread that stays quiet does not cost a worker its warmth", async () => {
  const threaded = program(
    "python",
    `${COUNTED}import threading\ndef Run(engine):\n  threading.Thread(target=threading.Event().wait, daemon=True).start()\n  return count()`,
  );
  expect((await held.stage.run(threaded)).text).toBe("1");
  expect((await held.stage.run(threaded)).text).toBe("2");
});

test("garbage on the line to the host ends the run as failed", async () => {
  const forgeries = [
    "b'garbage'",
    "b'\\xff' * 100",
    // A result for another invocation, and one whose head is no object.
    "b'\\x00\\x00\\x00\\x0b\\x13\\x00\\x00\\x00\\x63\\x00\\x00\\x00\\x02{}'",
    "b'\\x00\\x00\\x00\\x0b\\x13\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x0212'",
    // A line that claims to be the sandbox's own.
    "b'\\x00\\x00\\x00\\x10\\x12\\x00\\x00\\x00\\x01\\x01\\x03\\x00' + b'\\x00' * 8",
    // A second LOADED.
    "b'\\x00\\x00\\x00\\x05\\x11\\x00\\x00\\x00\\x01'",
  ];
  for (const bytes of forgeries) {
    const { outcome } = await held.stage.python(
      `import os, time\ndef Run(engine):\n  os.write(3, ${bytes})\n  time.sleep(60)`,
    );
    expect(outcome).toMatchObject({ status: "FAILED", error: { kind: "Protocol" } });
  }
});

test("half a frame is no answer", async () => {
  const source = "import os\ndef Run(engine):\n  os.write(3, b'\\x00\\x00\\x00\\x40\\x13')\n  os._exit(0)";
  const { outcome } = await held.stage.python(source);
  expect(outcome).toMatchObject({ status: "FAILED", error: { kind: "Exit" } });
});

test("a second answer costs the worker, not the run", async () => {
  await using stage = await Stage.open({ blankWorkersPerLanguage: 1 });
  const forging = program(
    "python",
    `${COUNTED}
import os
def Run(engine):
    number = count()
    head = b'{"statusCode":200,"contentType":"text","headers":[]}'
    frame = b'\\x13\\x00\\x00\\x00\\x01' + len(head).to_bytes(4, 'big') + head + b'forged'
    os.write(3, len(frame).to_bytes(4, 'big') + frame)
    return number`,
  );
  expect((await stage.run(forging)).text).toBe("forged");
  await expect.poll(() => stage.sandbox.describe().destroyed).toBe(1);
});

test("what an earlier run left running can neither answer nor fail the next one", async () => {
  const haunting = program(
    "python",
    `${COUNTED}
import os, threading
def haunt():
    head = b'{"statusCode":200,"contentType":"text","headers":[]}'
    frame = b'\\x13\\x00\\x00\\x00\\x01' + len(head).to_bytes(4, 'big') + head + b'forged'
    while True:
        os.write(3, len(frame).to_bytes(4, 'big') + frame)
def Run(engine):
    number = count()
    threading.Thread(target=haunt, daemon=True).start() if number == 2 else None
    return number`,
  );
  const seen = [];
  for (let i = 0; i < 4; i++) seen.push(await held.stage.run(haunting));
  expect(seen.map(({ outcome }) => outcome.status)).toEqual(Array(4).fill("SUCCEEDED"));
  expect(seen.map(({ text }) => text)).not.toContain("forged");
});

test("code that never finishes loading is ended after the time for loading", async () => {
  await using stage = await Stage.open({ startMs: 2000, blankWorkersPerLanguage: 1 });
  const { outcome, lines } = await stage.python("while True: pass\ndef Run(engine):\n  pass");
  expect(outcome.status).toBe("TIMED_OUT");
  expect(lines.at(-1)?.text).toContain("loading");
});

test("a line without an end is output, however little of it is kept", async () => {
  const { outcome, lines } = await held.stage.run(
    program("python", "import os\ndef Run(engine):\n  while True: os.write(1, b'x' * 65536)", {
      outputBytesMax: 4 * MIB,
    }),
  );
  expect(outcome).toMatchObject({ status: "OUTPUT_LIMIT" });
  expect(lines[0]).toMatchObject({ truncated: true });
  expect(lines).toHaveLength(2);
});

test("code that closes its line to the host does not have to be waited for", async () => {
  const { outcome } = await held.stage.python(
    "import os, time\ndef Run(engine):\n  os.close(3)\n  time.sleep(600)",
  );
  expect(outcome).toMatchObject({ status: "FAILED", error: { kind: "Protocol" } });
});
