import { afterAll, beforeAll, expect, test } from "vitest";
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
    context = {}
    exec(engine.body, {**globals(), "context": context, "engine": engine}, context)
    return context["answer"]
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

test("python", async () => {
  console.log(
    await python.call(
      [`api.example:${plain.port}`],
      `answer = get("http://api.example:${plain.port}/x/../y?z=%20#f")`,
    ),
  );
  console.log(
    await python.call([`api.example:${plain.port}`], `answer = get("http://evil.example:${plain.port}/x")`),
  );
  console.log(
    await python.call(
      [`secure.example:${secure.port}`],
      `answer = get("https://secure.example:${secure.port}/x")`,
    ),
  );
  console.log(await python.call([], `answer = get("https://secure.example:${secure.port}/x")`));
  console.log(await python.callClosed(`answer = get("https://secure.example:${secure.port}/x")`));
});

test("javascript", async () => {
  console.log(
    await javascript.call(
      [`api.example:${plain.port}`],
      `return (await fetch("http://api.example:${plain.port}/x")).text()`,
    ),
  );
  console.log(
    await javascript.call(
      [`api.example:${plain.port}`],
      `return (await fetch("http://api.example:${plain.port}/x")).text()`,
    ),
  );
  console.log(
    await javascript.call(
      [`api.example:${plain.port}`],
      `try { await fetch("http://evil.example:${plain.port}/x")} catch (e) { return String(e) + String(e.cause) }`,
    ),
  );
});
