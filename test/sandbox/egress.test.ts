import { afterAll, beforeAll, expect, test } from "vitest";
import {
  brief,
  type Certificate,
  certify,
  EgressStage,
  type Guest,
  listen,
  type Outside,
  PYTHON,
} from "./egress-stage.ts";

let stage: EgressStage;
let certificate: Certificate;
let plain: Outside;
let secure: Outside;
let python: Guest;
let javascript: Guest;

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

test("a report of what cannot be read shows no password and no key", async () => {
  const ask = (url: string) => `
line = socket.create_connection(("127.0.0.1", 3128))
line.sendall(b"GET ${url} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
answer = line.recv(65536).decode()`;
  const { reports } = await python.call(["*"], ask("http://me:word@api.example/path?key=word"));
  expect(reports).toMatchObject([{ host: "http://api.example/path", port: 0, verdict: "refused" }]);
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
