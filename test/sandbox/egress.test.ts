import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEFAULT_EGRESS, openEgress } from "../../src/sandbox/egress.ts";
import { parseHostPattern } from "../../src/sandbox/egress-rules.ts";
import type { EgressReport } from "../../src/sandbox/egress-run.ts";
import { type Certificate, certify, EgressStage, type Guest, listen, type Outside } from "./egress-stage.ts";

let stage: EgressStage;
let certificate: Certificate;
let plain: Outside;
let secure: Outside;
let python: Guest;
let javascript: Guest;

const PYTHON = `
import http.client, json, socket, ssl, time, urllib.error, urllib.request
def get(url, data=None, **more):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, **more), timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return type(error).__name__, str(error)
def Run(engine):
    scope = {**globals()}
    exec(engine.body, scope)
    return scope["answer"]
`;

const JAVASCRIPT = `
import http from "node:http";
import tls from "node:tls";
const AsyncFunction = (async () => {}).constructor;
export const Run = (engine) => new AsyncFunction("http", "tls", "engine", engine.body)(http, tls, engine);
`;

beforeAll(async () => {
  stage = await EgressStage.open();
  certificate = await certify(["secure.example", "other.example"]);
  plain = await listen((request, response) => {
    if (request.url === "/away")
      response.writeHead(302, { Location: `http://evil.example:${plain.port}/` }).end();
    else if (request.method === "POST") request.pipe(response);
    else response.end(JSON.stringify([request.method, request.url, request.rawHeaders]));
  });
  secure = await listen((request, response) => request.pipe(response), certificate);
  for (const name of ["api.example", "secure.example", "evil.example"]) stage.names.set(name, ["127.0.0.1"]);
  [python, javascript] = await Promise.all([
    stage.start("python", PYTHON),
    stage.start("javascript", JAVASCRIPT),
  ]);
});
afterAll(async () => {
  await Promise.all([python, javascript].map((guest) => guest?.[Symbol.asyncDispose]()));
  await Promise.all([plain, secure].map((outside) => outside?.[Symbol.asyncDispose]()));
  await stage?.[Symbol.asyncDispose]();
});

/** What was asked for and what came of it, without what differs from run to run. */
function brief(reports: readonly EgressReport[]): string[] {
  return reports.map(({ host, verdict, why }) =>
    [host, verdict, ...(why === undefined ? [] : [why])].join(" "),
  );
}

const api = () => `api.example:${plain.port}`;
const evil = () => `evil.example:${plain.port}`;
const safe = () => `secure.example:${secure.port}`;

test("Python gets over HTTP what the other side has, which sees the request as it was and nothing of the host", async () => {
  const code = `
line = http.client.HTTPConnection("127.0.0.1", 3128)
headers = {"x-oWn": "a", "Connection": "keep-alive, X-Hop", "X-Hop": "b", "Proxy-Authorization": "c", "TE": "d"}
line.request("GET", "http://API.example:${plain.port}/x/../y?z=%20#f", headers=headers)
answer = line.getresponse()
answer = answer.status, answer.read().decode()`;
  const { text, reports } = await python.call([api()], code);
  const [status, seen] = JSON.parse(text);
  expect([status, JSON.parse(seen)]).toEqual([
    200,
    [
      "GET",
      "/x/../y?z=%20",
      ["Host", api(), "Accept-Encoding", "identity", "x-oWn", "a", "Connection", "close"],
    ],
  ]);
  expect(reports).toEqual([
    {
      host: "api.example",
      port: plain.port,
      address: "127.0.0.1",
      bytesSent: expect.any(Number),
      bytesReceived: expect.any(Number),
      durationMs: expect.any(Number),
      verdict: "closed",
    },
  ]);
  expect(reports[0]!.bytesSent).toBeGreaterThan(100);
  expect(reports[0]!.bytesReceived).toBeGreaterThan(seen.length);
});

test("bodies arrive byte for byte, over HTTP and HTTPS, with a length and in chunks", async () => {
  const code = `
body = bytes(range(256)) * 4000
trusted = ssl.create_default_context(cadata=${JSON.stringify(certificate.cert)})
def post(url, data):
    request = urllib.request.Request(url, data)
    return urllib.request.urlopen(request, context=trusted if url.startswith("https") else None).read() == body
answer = [post(url, data()) for url in ("http://${api()}", "https://${safe()}") for data in (lambda: body, lambda: iter([body[:99], body[99:]]))]`;
  const { text, reports } = await python.call([api(), safe()], code);
  expect(JSON.parse(text)).toEqual([true, true, true, true]);
  expect(reports.map(({ host }) => host)).toEqual([
    ...["api.example", "api.example", "secure.example", "secure.example"],
  ]);
  for (const { bytesSent, bytesReceived } of reports) {
    expect(bytesSent).toBeGreaterThan(1_024_000);
    expect(bytesReceived).toBeGreaterThan(1_024_000);
  }
});

test("fetch and node:http go through the door, run after run, although their connections end with each run", async () => {
  const fetching = `tls.setDefaultCACertificates([${JSON.stringify(certificate.cert)}]);
    const sent = { method: "POST", body: "é".repeat(70_000) };
    const answers = await Promise.all(["http://${api()}/", "https://${safe()}/"].map((url) => fetch(url, sent)));
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    return texts.map((text) => text === sent.body);`;
  const asking = `return await new Promise((resolve, reject) => {
    const asked = http.request("http://${api()}/", { method: "POST" }, (answer) => answer.on("data", resolve));
    asked.on("error", reject).end("hello");
  })`;
  for (const round of [1, 2, 3]) {
    const fetched = await javascript.call([api(), safe()], fetching);
    expect([round, fetched.text, fetched.error]).toEqual([round, "[true,true]", undefined]);
    expect(brief(fetched.reports).sort()).toEqual([
      "api.example cut the run ended",
      "secure.example cut the run ended",
    ]);
    const asked = await javascript.call([api()], asking);
    expect([round, asked.text, asked.error]).toEqual([round, "hello", undefined]);
  }
});

test("Go goes through the door by its environment", async () => {
  const source = `package action

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"strings"

	"codeactions/engine"
)

func Run(e *engine.Engine) error {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(\`${certificate.cert}\`))
	http.DefaultTransport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: pool}
	texts := []string{}
	for _, url := range strings.Fields(e.Body) {
		answer, err := http.Post(url, "text/plain", strings.NewReader("hello"))
		if err != nil {
			texts = append(texts, err.Error())
			continue
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		texts = append(texts, string(text))
	}
	e.Result.Set(texts, 200, "")
	return nil
}
`;
  await using go = await stage.start("go", source);
  const urls = `http://${api()}/ https://${safe()}/ http://${evil()}/ https://evil.example:${secure.port}/`;
  for (const round of [1, 2]) {
    const { text, reports } = await go.call([api(), safe()], urls);
    const [first, second, third, fourth] = JSON.parse(text);
    expect([round, first, second]).toEqual([round, "hello", "hello"]);
    expect(third).toMatch(/is not among this code's egress_hosts/);
    expect(fourth).toMatch(/evil\.example:\d+ is not among this code's egress_hosts/);
    expect(reports.map(({ verdict }) => verdict)).toEqual(["closed", "refused", "refused", "cut"]);
  }
}, 300_000);

test("every request is looked at, also on a connection that has been let through", async () => {
  const code = `
line = http.client.HTTPConnection("127.0.0.1", 3128)
def ask(url):
    line.request("GET", url)
    answer = line.getresponse()
    answer.read()
    return answer.status
answer = [ask("http://${api()}/"), id(line.sock), ask("http://${evil()}/"), id(line.sock), ask("http://${api()}/"), id(line.sock)]`;
  const { text, reports } = await python.call([api()], code);
  const [first, socket, ...others] = JSON.parse(text);
  expect([first, ...others]).toEqual([200, 403, socket, 200, socket]);
  expect(brief(reports)).toEqual([
    "api.example closed",
    `evil.example refused ${evil()} is not among this code's egress_hosts: add it there to reach it`,
    "api.example closed",
  ]);
});

test("a redirect leads nowhere that a request could not go", async () => {
  const code = `answer = get("http://${api()}/away")`;
  const { text, reports } = await python.call([api()], code);
  expect(JSON.parse(text)).toEqual([403, expect.stringContaining("evil.example")]);
  expect(reports.map(({ host, verdict }) => [host, verdict])).toEqual([
    ["api.example", "closed"],
    ["evil.example", "refused"],
  ]);
  const allowed = await python.call([api(), evil()], code);
  expect(JSON.parse(allowed.text)[0]).toBe(200);
});

test("a tunnel that is refused says why in the words that clients show", async () => {
  const { text } = await python.call([], `answer = get("https://${safe()}/")`);
  expect(JSON.parse(text)[1]).toContain("403 secure.example:");
  expect(JSON.parse(text)[1]).toContain("egress_hosts");
  const fetched = await javascript.call([], `return fetch("https://${safe()}/")`);
  // Node's fetch shows nothing; the report does.
  expect(fetched.error).toBe("TypeError: fetch failed");
  expect(fetched.reports).toMatchObject([{ host: "secure.example", verdict: "refused" }]);
});

test("a name is looked up once per connection, and only what it meant then is connected to", async () => {
  let asked = 0;
  stage.names.set("turning.example", () => {
    asked += 1;
    return asked === 1 ? ["127.0.0.1"] : ["10.0.0.1"];
  });
  const host = `turning.example:${plain.port}`;
  const { text, reports } = await python.call([host], `answer = [get("http://${host}/") for _ in range(2)]`);
  expect(JSON.parse(text)).toEqual([
    [200, expect.any(String)],
    [403, expect.stringContaining("10.0.0.1, a private address")],
  ]);
  expect(reports).toMatchObject([{ address: "127.0.0.1", verdict: "closed" }, { verdict: "refused" }]);
  expect(asked).toBe(2);
});

test("no address of the host's own networks is reached, however it is written or hidden behind a name", async () => {
  await using guest = await stage.start("python", PYTHON, { allowedRanges: [] });
  const addresses = [
    "127.0.0.1",
    "10.0.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.100.100.200",
    "0.0.0.0",
  ].concat(["::1", "::ffff:127.0.0.1", "fd00:ec2::254", "64:ff9b::7f00:1", "fe80::1", "2002:7f00:1::"]);
  const names = addresses.map((address, index) => {
    stage.names.set(`hidden-${index}.example`, ["8.8.8.8", address]);
    return `hidden-${index}.example`;
  });
  const literals = [
    "localhost.localdomain",
    "2130706433",
    "0177.0.0.1",
    "0x7f.1",
    "127.1",
    "[::ffff:7f00:1]",
  ];
  stage.names.set("localhost.localdomain", ["127.0.0.1", "::1"]);
  const hosts = [
    ...names,
    ...addresses.map((address) => (address.includes(":") ? `[${address}]` : address)),
    ...literals,
  ];
  const port = plain.port;
  const code = `
import os
del os.environ["no_proxy"], os.environ["NO_PROXY"]
answer = [[get(f"http://{host}:${port}/")[0], get(f"https://{host}:${port}/")[1][:43]] for host in ${JSON.stringify(hosts)}]`;
  const { text, reports } = await guest.call([`*:${port}`], code);
  expect(JSON.parse(text)).toEqual(
    hosts
      .map(() => [403, "<urlopen error Tunnel connection failed: 403"])
      .map(([a, b]) => [a, String(b).slice(0, 43)]),
  );
  expect(reports).toHaveLength(hosts.length * 2);
  expect(reports.filter(({ verdict, address }) => verdict !== "refused" || address !== undefined)).toEqual(
    [],
  );
});

test("nothing is reached past the door: neither the outside, nor the host's ports, nor its database", async () => {
  const code = `
def attempt(address, family=socket.AF_INET):
    try:
        socket.socket(family).connect(address)
        return "connected"
    except OSError as error:
        return error.strerror
answer = [attempt(("127.0.0.1", ${plain.port})), attempt(("127.0.0.1", 5432)), attempt(("1.1.1.1", 443)), attempt(("::1", ${plain.port}), socket.AF_INET6), open("/proc/net/tcp").read().count(" 0A "), open("/proc/net/unix").read().count("\\n"), [n for n in __import__("os").listdir("/proc") if n.isdigit()]]`;
  const { text, reports } = await python.call(["*"], code);
  expect(JSON.parse(text)).toEqual([
    ...["Connection refused", "Connection refused", "Network is unreachable", "Connection refused"],
    // What listens is the door alone; who made it listen is not there.
    ...[1, 1, ["1", "2"]],
  ]);
  expect(reports).toEqual([]);
});

test("what is no request of a client is refused, and so is the proxy itself", async () => {
  const raw = (text: string) => `
line = socket.create_connection(("127.0.0.1", 3128))
line.sendall(${JSON.stringify(text)}.encode("latin1"))
answer = line.recv(65536).decode("latin1").split("\\r\\n")[0]`;
  const ask = async (text: string) => JSON.parse(`"${(await python.call(["*:3128", "*"], raw(text))).text}"`);
  const tail = "Host: x\r\n\r\n";
  expect(await ask(`GET / HTTP/1.1\r\n${tail}`)).toContain("400");
  expect(await ask(`GET https://api.example/ HTTP/1.1\r\n${tail}`)).toContain("400");
  expect(await ask(`GET ftp://api.example/ HTTP/1.1\r\n${tail}`)).toContain("400");
  expect(await ask(`GET http://me:word@api.example/ HTTP/1.1\r\n${tail}`)).toContain("400");
  expect(await ask(`GET http://127.0.0.1:3128/ HTTP/1.1\r\n${tail}`)).toContain("400");
  expect(await ask(`CONNECT localhost:3128 HTTP/1.1\r\n${tail}`)).toContain("400 this is the proxy itself");
  expect(await ask(`CONNECT api.example HTTP/1.1\r\n${tail}`)).toContain("400");
  expect(await ask(`CONNECT api.example:99999 HTTP/1.1\r\n${tail}`)).toContain("400");
  expect(await ask(`CONNECT api.example\u00e9:443 HTTP/1.1\r\n${tail}`)).toContain("400");
  const both = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n";
  expect(await ask(`POST http://${api()}/ HTTP/1.1\r\n${both}${tail}0\r\n\r\n`)).toContain("400");
  const twice = "Content-Length: 4\r\nContent-Length: 5\r\n";
  expect(await ask(`POST http://${api()}/ HTTP/1.1\r\n${twice}${tail}abcde`)).toContain("400");
  const spaced = "Transfer-Encoding : chunked\r\n";
  expect(await ask(`POST http://${api()}/ HTTP/1.1\r\n${spaced}${tail}0\r\n\r\n`)).toContain("400");
  expect(await ask(`GET http://${api()}/ HTTP/1.1\r\nX: ${"x".repeat(20_000)}\r\n${tail}`)).toContain("431");
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
