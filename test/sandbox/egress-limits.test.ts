import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEFAULT_EGRESS, openEgress } from "../../src/sandbox/egress/egress.ts";
import { parseHostPattern } from "../../src/sandbox/egress/rules.ts";
import { brief, EgressStage, type Guest, listen, type Outside, PYTHON } from "./egress-stage.ts";

/** What ends a connection, other than the two who talk. */

let stage: EgressStage;
let plain: Outside;
let python: Guest;

const api = () => `api.example:${plain.port}`;
const evil = () => `evil.example:${plain.port}`;

beforeAll(async () => {
  stage = await EgressStage.open();
  plain = await listen((request, response) => request.pipe(response));
  stage.names.set("api.example", ["127.0.0.1"]);
  python = await stage.start("python", PYTHON);
});
afterAll(async () => {
  await python?.[Symbol.asyncDispose]();
  await plain?.[Symbol.asyncDispose]();
  await stage?.[Symbol.asyncDispose]();
});

test("beyond the bytes of a run everything is cut, and the report says so", async () => {
  await using endless = await listen((_request, response) => {
    const chunk = Buffer.alloc(16 * 1024);
    const more = () => {
      while (response.write(chunk));
    };
    response.on("drain", more);
    more();
  });
  const host = `api.example:${endless.port}`;
  await using guest = await stage.start("python", PYTHON, { bytesPerRunMax: 1_000_000 });
  const code = `
def attempt():
    try:
        return len(urllib.request.urlopen("http://${host}/").read())
    except Exception as error:
        return type(error).__name__
answer = [attempt(), get("http://${host}/")]`;
  const { text, reports } = await guest.call([host], code);
  const over = "the run has moved more than the 1000000 bytes that it may";
  expect(JSON.parse(text)).toEqual([
    expect.stringMatching(/IncompleteRead|ConnectionResetError/),
    [429, `${over}\n`],
  ]);
  expect(brief(reports)).toEqual([`api.example cut ${over}`, `api.example refused ${over}`]);
  expect(reports[0]!.bytesReceived).toBeLessThan(2_000_000);
  const next = await guest.call([api()], `answer = get("http://${api()}/")[0]`);
  expect(next.text).toBe("200");
});

test("what is sent counts as well, also to where nothing may be sent", async () => {
  await using guest = await stage.start("python", PYTHON, { bytesPerRunMax: 1_000_000 });
  const code = (host: string) => `
try:
    answer = get("http://${host}/", iter([b"x" * 10_000] * 1000))
except Exception as error:
    answer = [type(error).__name__]`;
  for (const host of [api(), evil()]) {
    const { text, reports } = await guest.call([api()], code(host));
    expect(JSON.parse(text)[0]).toMatch(/429|403|Error|RemoteDisconnected/);
    expect(reports).toHaveLength(1);
    expect(reports[0]!.verdict).toBe(host === api() ? "cut" : "refused");
    expect(reports[0]!.bytesSent).toBeLessThan(2_000_000);
  }
});

test("connections have a limit, at once and for a run, and so have the reports about them", async () => {
  await using guest = await stage.start("python", PYTHON, { connectionsMax: 2, connectionsPerRunMax: 5 });
  const code = `
def tunnel():
    line = socket.create_connection(("127.0.0.1", 3128))
    line.sendall(b"CONNECT ${api()} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    return line, int(line.recv(65536).split(b" ")[1])
lines = [tunnel() for _ in range(3)]
more = [get("http://${api()}/")[0]]
for line, _ in lines:
    line.close()
later = []
while len(later) < 9 and 503 in more:
    later.append(get("http://${api()}/")[0])
    if later[-1] == 429 and len(later) > 4: break
answer = [[status for _, status in lines], more, later[-1]]`;
  const { text, reports } = await guest.call([api()], code);
  expect(JSON.parse(text)).toEqual([[200, 200, 503], [503], 429]);
  expect(reports).toHaveLength(6);
  expect(reports.filter(({ why }) => why?.includes("5 connections"))).toHaveLength(1);
  expect((await guest.call([api()], `answer = get("http://${api()}/")[0]`)).text).toBe("200");
});

test("a run's end cuts what is open and reports it; between two runs nothing is let in", async () => {
  const open = `
import builtins
builtins.line = socket.create_connection(("127.0.0.1", 3128))
line.sendall(b"CONNECT ${api()} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
answer = line.recv(65536).decode().split()[1]`;
  const { text, reports } = await python.call([api()], open);
  expect(text).toBe("200");
  expect(brief(reports)).toEqual(["api.example cut the run ended"]);
  const between = await python.callClosed(`answer = [repr(line.recv(10)), get("http://${api()}/")]`);
  expect(JSON.parse(between.text)).toEqual([
    "b''",
    [expect.stringMatching(/RemoteDisconnected|URLError|Reset/), expect.any(String)],
  ]);
  const after = await python.call([api()], `answer = get("http://${api()}/")[0]`);
  expect(after.text).toBe("200");
  expect(brief(after.reports)).toEqual(["api.example closed"]);
});

test("a connection on which nothing happens is cut", async () => {
  await using silent = await listen(() => {});
  const host = `api.example:${silent.port}`;
  await using guest = await stage.start("python", PYTHON, { idleMs: 100 });
  const { reports } = await guest.call(
    [host],
    `
try:
    answer = get("http://${host}/")
except Exception as error:
    answer = ""`,
  );
  expect(brief(reports)).toEqual(["api.example cut nothing was sent or received for 0.1 s"]);
});

test("what is not found, not reached or too slow to be is reported as failed", async () => {
  const gone = await listen(() => {});
  await gone[Symbol.asyncDispose]();
  stage.names.set("slow.example", () => new Promise(() => {}));
  await using guest = await stage.start("python", PYTHON, { connectMs: 100 });
  const hosts = [`api.example:${gone.port}`, "nowhere.example:80", "slow.example:80"];
  const code = `answer = [get(f"http://{host}/") for host in ${JSON.stringify(hosts)}]`;
  const { text, reports } = await guest.call(hosts, code);
  expect(JSON.parse(text)).toEqual([
    [502, expect.stringContaining("ECONNREFUSED")],
    [502, expect.stringContaining("nowhere.example is not known here")],
    [502, expect.stringContaining("there was no answer within 0.1 s")],
  ]);
  expect(reports.map(({ verdict }) => verdict)).toEqual(["failed", "failed", "failed"]);
});

test("an answer that breaks off breaks off for the guest too", async () => {
  await using broken = await listen((_request, response) => {
    response.writeHead(200, { "Content-Length": 100 });
    response.write("half", () => response.destroy());
  });
  const host = `api.example:${broken.port}`;
  const { text, reports } = await python.call(
    [host],
    `
try:
    answer = get("http://${host}/")
except http.client.IncompleteRead as error:
    answer = error.partial.decode()`,
  );
  expect(text).toBe("half");
  expect(reports).toMatchObject([{ verdict: "failed", why: expect.stringContaining("broke off") }]);
});

test("an answer in another protocol is none", async () => {
  await using turning = await listen((request) => {
    request.socket.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nhello");
  });
  const host = `api.example:${turning.port}`;
  const { text, reports } = await python.call(
    [host],
    `answer = get("http://${host}/", headers={"Upgrade": "x"})`,
  );
  expect(JSON.parse(text)).toEqual([502, expect.stringContaining("another protocol")]);
  expect(reports).toMatchObject([{ verdict: "failed" }]);
});

test("a door goes with its jail and leaves no descriptor and no process behind", async () => {
  const descriptors = () => readdirSync("/proc/self/fd").length;
  const children = () =>
    readdirSync("/proc/self/task").flatMap((task) =>
      readFileSync(`/proc/self/task/${task}/children`, "utf8").split(" ").filter(Boolean),
    ).length;
  const before = { descriptors: descriptors(), children: children() };
  for (const _ of [1, 2, 3]) {
    await using guest = await stage.start("python", PYTHON);
    guest.door.begin([parseHostPattern(api())], () => {});
    const { text } = await guest.callClosed(`
line = socket.create_connection(("127.0.0.1", 3128))
line.sendall(b"CONNECT ${api()} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
answer = line.recv(65536).decode().split()[1]`);
    expect(text).toBe("200");
  }
  await expect.poll(() => ({ descriptors: descriptors(), children: children() })).toEqual(before);
});

test("there is one door per jail, and none where there is no jail", async () => {
  const egress = await stage.egress();
  await expect(egress.openDoor(python.jail.pid!)).rejects.toThrow(/Address already in use/);
  const jail = stage.startBlank();
  await jail.kill();
  await expect(egress.openDoor(jail.pid!)).rejects.toThrow(/has ended/);
});

test("an operator's range that is none, or a Python that is none, is told before any code runs", async () => {
  await expect(stage.egress({ allowedRanges: ["10.0.0.1"] })).rejects.toThrow(/10\.1\.0\.0\/16/);
  const from = { settings: DEFAULT_EGRESS, pythonCommand: "/nonexistent/python3" };
  await expect(openEgress(from)).rejects.toThrow(/apt-get install/);
});
