import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { WALL_NAMES } from "../../src/sandbox/jail.ts";
import { NotAccepted } from "../../src/sandbox/program.ts";
import { probeWalls } from "../../src/sandbox/walls.ts";
import { INVOCATION, NEVER, program, Stage, stageForFile } from "./stage.ts";

const held = stageForFile();

/** Evaluates a Python expression inside and returns what it says. */
async function inside(expression: string): Promise<unknown> {
  const { text, outcome } = await held.stage.python(
    `import os, glob, socket\ndef Run(engine):\n  return [${expression}]`,
  );
  return outcome.status === "SUCCEEDED" ? (JSON.parse(text) as unknown[])[0] : outcome;
}

test("every wall stands on this host, and the report says so", async () => {
  const reports = await probeWalls({ mode: "jail", waivedWalls: [], uidBase: 390_000 });
  expect(reports.map(({ wall, held }) => [wall, held])).toEqual(WALL_NAMES.map((wall) => [wall, true]));
});

test("a wall that is waived is reported as such", async () => {
  const reports = await probeWalls({ mode: "jail", waivedWalls: ["cgroup"], uidBase: 390_000 });
  expect(reports[0]).toMatchObject({ wall: "cgroup", held: "waived" });
});

test("a wall that does not exist, or one whose ground is waived, ends the start with what is accepted", async () => {
  await expect(Stage.open({ waivedWalls: ["moat"] })).rejects.toThrow(/moat.*cgroup, rlimits/);
  await expect(Stage.open({ waivedWalls: ["namespaces"] })).rejects.toThrow(/waive them too/);
});

test("the root holds the interpreter and nothing of the host, and cannot be written", async () => {
  expect(await inside("sorted(os.listdir('/'))")).toEqual(
    ["dev", "etc", "guest", "home", "proc", "program", "python", "tmp", "toolchain", "usr", "work"]
      .concat((await inside("[name for name in os.listdir('/') if name.startswith('lib')]")) as string[])
      .sort(),
  );
  expect(
    await inside(
      "[os.access(p, os.W_OK) for p in ('/', '/etc', '/guest', '/python', '/dev', '/proc/sys', '/sys')]",
    ),
  ).toEqual(Array(7).fill(false));
  expect(await inside("[os.access(p, os.W_OK) for p in ('/tmp', '/home', '/work', '/dev/shm')]")).toEqual(
    Array(4).fill(true),
  );
  const mounts = String(await inside("open('/proc/self/mountinfo').read()"));
  for (const path of [process.cwd(), tmpdir(), "/dev/shm/codeactions", "/root"])
    expect(mounts).not.toContain(`${path}/`);
});

test("nothing of the host's processes, environment or descriptors is seen", async () => {
  expect(await inside("sorted(int(p) for p in os.listdir('/proc') if p.isdigit())")).toHaveLength(2);
  expect(await inside("sorted(os.environ)")).toEqual(["HOME", "LANG", "PATH", "PWD", "TMPDIR"]);
  expect(await inside("open('/proc/1/environ').read().replace('PWD=/\\0', '')")).toBe("");
  expect(await inside("open('/proc/1/cmdline').read().split('\\0')[:4]")).toEqual([
    "bwrap",
    "--args",
    "4",
    "--",
  ]);
  const links = (await inside(
    "[os.readlink(f'/proc/self/fd/{n}').split(':')[0] for n in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{n}')]",
  )) as string[];
  expect(links.filter((link) => link !== "/dev/null" && link !== "socket")).toEqual([]);
  for (const file of ["/proc/cmdline", "/proc/kallsyms", "/proc/modules", "/proc/partitions"]) {
    const { outcome, text } = await held.stage.python(`def Run(engine):\n  return open('${file}').read()`);
    if (outcome.status === "SUCCEEDED") expect(text).toBe("");
    else expect(outcome.error?.kind).toMatch(/^(PermissionError|FileNotFoundError)$/);
  }
});

test("code is nobody, without capabilities, and cannot become anybody", async () => {
  expect(await inside("[os.getuid(), os.getgid(), os.getgroups()]")).toEqual([1000, 1000, []]);
  const status = String(await inside("open('/proc/self/status').read()"));
  expect(status).toMatch(/CapPrm:\s+0+\n/);
  expect(status).toMatch(/CapBnd:\s+0+\n/);
  expect(status).toMatch(/NoNewPrivs:\s+1/);
  const unshared = await held.stage.python(
    "import ctypes\ndef Run(engine):\n  return ctypes.CDLL(None, use_errno=True).unshare(0x10000000)",
  );
  expect(unshared.text).toBe("-1");
});

test("there is no network, not even to the host's own ports", async () => {
  expect(await inside("[line.split(':')[0].strip() for line in open('/proc/net/dev')][2:]")).toEqual(["lo"]);
  const { outcome } = await held.stage.python(
    "import socket\ndef Run(engine):\n  socket.create_connection(('1.1.1.1', 80), timeout=5)",
  );
  expect(outcome).toMatchObject({ status: "FAILED", error: { kind: "OSError" } });
});

test("temporary files, open files, file size and processes have their limits", async () => {
  const attempts = `
import os
def attempt(what):
    try:
        what()
    except OSError as error:
        return error.strerror
def Run(engine):
    files = []
    def fill():
        for n in range(100):
            with open(f"/tmp/{n}", "wb") as file:
                file.write(b"x" * (1 << 20))
    def fork():
        pids = []
        try:
            for _ in range(100):
                pid = os.fork()
                if pid == 0:
                    os.execv("/proc/self/exe", ["python3", "-c", "import time; time.sleep(600)"])
                pids.append(pid)
        finally:
            for pid in pids:
                os.kill(pid, 9)
                os.waitpid(pid, 0)
    return [attempt(fill), attempt(lambda: [files.append(open("/dev/null")) for _ in range(1000)]), attempt(fork)]`;
  const { text } = await held.stage.run(program("python", attempts, { memoryBytesMax: 512 * 1024 * 1024 }));
  expect(JSON.parse(text)).toEqual([
    "No space left on device",
    "Too many open files",
    "Resource temporarily unavailable",
  ]);
});

test("nothing of one program is left for another", async () => {
  await held.stage.python(
    "def Run(engine):\n  open('/tmp/left', 'w').write('x'); open('/dev/shm/left', 'w').write('x')",
  );
  expect(
    await inside("sorted(glob.glob('/tmp/*') + glob.glob('/dev/shm/*') + glob.glob('/home/*'))"),
  ).toEqual(["/tmp/home", "/tmp/work"]);
});

test("a sandbox that is closed leaves no process, no control group and no root behind", async () => {
  const stage = await Stage.open();
  const begun = Promise.withResolvers<void>();
  const endless = program("python", "import time\ndef Run(engine):\n  print('begun')\n  time.sleep(600)");
  const listener = { accepted() {}, lines: () => begun.resolve() };
  const running = stage.sandbox.execute(endless, INVOCATION, listener, NEVER);
  await begun.promise;
  await stage.javascript("export const Run = () => 1");
  expect(await stage.processes()).toBeGreaterThan(2);
  await stage[Symbol.asyncDispose]();
  expect(await running).toMatchObject({ status: "LOST" });
  expect(await stage.processes()).toBe(0);
  const refused = await stage.run(endless).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(NotAccepted);
  expect(refused).toMatchObject({ why: "closed" });
  const roots = readdirSync("/dev/shm").filter((name) => name.startsWith(`codeactions-${process.pid}-`));
  // The other one is this file's own.
  expect(roots).toHaveLength(1);
});

test("trusted code runs without any wall where the operator wants that", async () => {
  await using stage = await Stage.open({ mode: "none" });
  expect(
    (await stage.python("def Run(engine):\n  print('hi')\n  return engine.body", { body: Buffer.from("x") }))
      .text,
  ).toBe("x");
  expect((await stage.javascript("export const Run = () => 'y'")).text).toBe("y");
  const { outcome } = await stage.python("def Run(engine):\n  while True: pass", { timeoutMs: 200 });
  expect(outcome.status).toBe("TIMED_OUT");
});
