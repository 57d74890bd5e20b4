import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Language } from "../gen/codeactions/v1/code_pb.ts";
import { RunStatus } from "../gen/codeactions/v1/run_pb.ts";
import {
  type Clients,
  newCode,
  newProject,
  type Service,
  startService,
  textOf,
  utf8,
} from "./support/service.ts";

/** What the README shows is what happens. */

const README = readFileSync("README.md", "utf8");

let service: Service;
let clients: Clients;

beforeAll(async () => {
  service = await startService();
  await service.app.languageSettled("go", AbortSignal.timeout(300_000));
  clients = service.clients();
}, 600_000);

afterAll(() => service?.[Symbol.asyncDispose]());

test.each([
  ["python", Language.PYTHON],
  ["typescript", Language.TYPESCRIPT],
  ["go", Language.GO],
] as const)("the code in %s answers and logs as the README says", async (name, language) => {
  const source = new RegExp(`\`\`\`${name}\\n(.*?)\`\`\``, "s").exec(README)?.[1];
  const { id: codeId } = await newCode(clients, await newProject(clients, name), source ?? "", { language });
  const input = { query: [{ name: "name", value: "you" }], body: utf8("seven b") };
  const { run } = await clients.runs.runCode({ codeId, input });
  expect(run?.status).toBe(RunStatus.SUCCEEDED);
  expect(JSON.parse(textOf(run?.result?.body))).toEqual({ hello: "you" });
  expect(run?.result?.contentType).toBe("application/json");
  expect(run?.result?.headers.map(({ name: header, value }) => [header, value])).toContainEqual([
    "X-Kind",
    "greeting",
  ]);
  const { entries } = await clients.logs.listLogEntries({ scope: { case: "runId", value: run!.id } });
  expect(entries.map(({ text }) => text)).toEqual(["hello from stdout", "7 bytes"]);
});

test("every file and command that the README names is there", () => {
  const scripts = Object.keys(JSON.parse(readFileSync("package.json", "utf8")).scripts as object);
  const named = [...README.matchAll(/npm (?:run )?(start|test|doctor|bench|check|settings)\b/g)].map(
    (match) => match[1]!,
  );
  expect(named.filter((name) => !scripts.includes(name))).toEqual([]);
  const links = [...README.matchAll(/\]\((?!http)([^)#]+)\)/g)].map((match) => match[1]!);
  for (const link of links)
    expect(() => readFileSync(link.endsWith("v1") ? `${link}/code.proto` : link)).not.toThrow();
});
