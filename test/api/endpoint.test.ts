import { connect } from "node:http2";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CodeType, EndpointAuth } from "../../gen/codeactions/v1/code_pb.ts";
import { Role } from "../../gen/codeactions/v1/project_pb.ts";
import {
  type Clients,
  ECHO,
  LANGUAGE_NUMBERS,
  newCode,
  newProject,
  type Service,
  startService,
} from "../support/service.ts";

const MIB = 1024 * 1024;

let service: Service;
let clients: Clients;
let projectId: string;

beforeAll(async () => {
  service = await startService({ CODEACTIONS_CORS_ORIGINS: "https://pages.example" });
  await service.app.languageSettled("go", AbortSignal.timeout(300_000));
  clients = service.clients();
  projectId = await newProject(clients, "Doors");
}, 600_000);

afterAll(() => service?.[Symbol.asyncDispose]());

async function address(source: string, fields: object = {}): Promise<string> {
  const { id } = await newCode(clients, projectId, source, fields);
  return `${service.url}/action/endpoint/${id}`;
}

describe.each(["python", "javascript", "typescript", "go"] as const)("a code in %s", (language) => {
  test("gets 8 MiB of any bytes and answers with them, its status and headers", async () => {
    const url = await address(ECHO[language], { language: LANGUAGE_NUMBERS[language] });
    const body = Buffer.alloc(8 * MIB, Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte)));
    const answer = await fetch(`${url}?q=%C3%BC`, { method: "PATCH", body });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("content-type")).toBe("application/x-echo");
    expect(answer.headers.get("x-method")).toBe("PATCH");
    expect(answer.headers.get("x-run-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
  });
});

test("both addresses lead to the same code, over HTTP/1.1 and HTTP/2", async () => {
  const { id, slug } = await newCode(clients, projectId, "def Run(engine): return engine.request.path\n", {
    name: "Two Ways",
  });
  expect(await (await fetch(`${service.url}/e/doors/${slug}`)).text()).toBe(`/e/doors/${slug}`);
  const session = connect(service.url);
  try {
    const stream = session.request({ ":path": `/action/endpoint/${id}`, ":method": "POST" });
    stream.end("x");
    let [status, text] = [0, ""];
    stream.on("response", (headers) => {
      status = Number(headers[":status"]);
    });
    for await (const piece of stream) text += piece;
    expect([status, text]).toEqual([200, `/action/endpoint/${id}`]);
  } finally {
    session.close();
  }
});

test("a body one byte above the limit is refused", async () => {
  const url = await address(ECHO.python);
  const answer = await fetch(url, { method: "POST", body: new Uint8Array(8 * MIB + 1) });
  expect(answer.status).toBe(413);
  expect(await answer.json()).toMatchObject({ status: 413, reason: "MESSAGE_TOO_LARGE" });
});

test("a flow has no public address, and neither has what does not exist", async () => {
  const flow = await address(ECHO.python, { type: CodeType.FLOW });
  for (const url of [
    flow,
    `${service.url}/action/endpoint/nothing`,
    `${service.url}/e/doors/nothing`,
    `${service.url}/e/nobody/x`,
    `${service.url}/elsewhere`,
  ]) {
    const answer = await fetch(url);
    expect([url, answer.status]).toEqual([url, 404]);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await answer.json()).toHaveProperty("message");
  }
});

test("a code that fails is a 500 with the run's id and nothing of its traceback", async () => {
  const answer = await fetch(await address("def Run(engine): raise ValueError('inner words')\n"));
  const text = await answer.text();
  expect(answer.status).toBe(500);
  expect(text).not.toContain("inner words");
  expect(JSON.parse(text).run_id).toBe(answer.headers.get("x-run-id"));
});

test("a time-out is 408 at the older address and 504 at the newer one", async () => {
  const source = "import time\ndef Run(engine): time.sleep(60)\n";
  const { id, slug } = await newCode(clients, projectId, source, {
    name: "slow",
    timeout: durationFromMs(1000),
  });
  const answers = await Promise.all([
    fetch(`${service.url}/action/endpoint/${id}`),
    fetch(`${service.url}/e/doors/${slug}`),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([408, 504]);
});

test("a code that asks for a token gets none of it, and answers nobody without one", async () => {
  const source = "def Run(engine): return {'authorization': engine.header.get('authorization')}\n";
  const url = await address(source, { endpointAuth: EndpointAuth.TOKEN });
  expect((await fetch(url)).status).toBe(401);
  const token = async (role: Role, project = projectId) =>
    (await clients.projects.createToken({ projectId: project, name: "t", role })).secret;
  const call = async (secret: string) => fetch(url, { headers: { authorization: `Bearer ${secret}` } });
  expect((await call(await token(Role.VIEWER))).status).toBe(403);
  expect((await call(await token(Role.ADMIN, await newProject(clients, "elsewhere")))).status).toBe(404);
  const answer = await call(await token(Role.CONTRIBUTOR));
  expect([answer.status, await answer.json()]).toEqual([200, { authorization: "" }]);
});

test("calls beyond the rate limit are 429 with a time to come back; another code is not affected", async () => {
  const limited = await address("def Run(engine): return 'x'\n", {
    rateLimit: { requests: 3, window: durationFromMs(3_600_000) },
  });
  const free = await address("def Run(engine): return 'x'\n");
  const answers = [];
  for (let n = 0; n < 4; n++) answers.push(await fetch(limited));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  expect(answers[2]?.headers.get("ratelimit-remaining")).toBe("0");
  expect(Number(answers[3]?.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await fetch(free)).status).toBe(200);
});

test("what a code answers cannot act on the origin it shares", async () => {
  const source = [
    "def Run(engine):",
    "    engine.result.set('<script>1</script>', 200, 'html', headers={'Set-Cookie': 'a=b', 'Service-Worker-Allowed': '/',",
    "        'Connection': 'close', 'Content-Length': '3', 'X-Fine': 'yes', 'Content-Security-Policy': \"default-src 'self'\"})",
  ].join("\n");
  const answer = await fetch(await address(source));
  expect(answer.headers.get("content-security-policy")).toBe("default-src 'self', sandbox");
  expect(answer.headers.get("x-fine")).toBe("yes");
  expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
  for (const name of ["set-cookie", "service-worker-allowed"]) expect(answer.headers.get(name)).toBeNull();
  expect(await answer.text()).toBe("<script>1</script>");
});

test("a header that would end the header is refused, not sent", async () => {
  const source = "def Run(engine): engine.result.set('x', headers={'X-A': 'b\\r\\nX-Injected: yes'})\n";
  const answer = await fetch(await address(source));
  expect(answer.status).toBe(500);
  expect(answer.headers.get("x-injected")).toBeNull();
});

test("HEAD and 204 have no body; TRACE does not reach a code", async () => {
  const url = await address(
    "def Run(engine): engine.result.set('words', 204 if engine.request.method == 'DELETE' else 200)\n",
  );
  const head = await fetch(url, { method: "HEAD" });
  expect([head.status, await head.text(), head.headers.get("content-length")]).toEqual([200, "", "5"]);
  const none = await fetch(url, { method: "DELETE" });
  expect([none.status, await none.text()]).toEqual([204, ""]);
});

test("only the origins of the setting may call from a page", async () => {
  const url = await address("def Run(engine): return 'x'\n");
  const from = async (origin: string) =>
    (await fetch(url, { headers: { origin } })).headers.get("access-control-allow-origin");
  expect(await from("https://pages.example")).toBe("https://pages.example");
  expect(await from("https://elsewhere.example")).toBeNull();
  const preflight = await fetch(`${service.url}/codeactions.v1.CodeService/GetCode`, {
    method: "OPTIONS",
    headers: {
      origin: "https://pages.example",
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,connect-protocol-version,content-type",
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("authorization");
});

test("health, readiness and figures tell the truth", async () => {
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
  const ready = await fetch(`${service.url}/readyz`);
  expect(ready.status).toBe(200);
  const { checks } = (await ready.json()) as { checks: { name: string; ok: boolean; latency_ms: number }[] };
  expect(checks.map(({ name, ok }) => [name, ok])).toContainEqual(["database", true]);
  const figures = await (await fetch(`${service.url}/metrics`)).text();
  expect(figures).toMatch(
    /codeactions_runs_total\{status="SUCCEEDED",trigger="ENDPOINT",start="(cold|warm)"\} \d+/,
  );
  expect(figures).toContain("codeactions_workers_busy 0");
  expect(figures).toMatch(/codeactions_workers_blank \d/);
});
