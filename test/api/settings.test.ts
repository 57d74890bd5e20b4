import { get } from "node:http";
import { expect, test } from "vitest";
import { Language } from "../../gen/codeactions/v1/code_pb.ts";
import { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";
import {
  ECHO,
  LANGUAGE_NUMBERS,
  newCode,
  newProject,
  refusalOf,
  startService,
  textOf,
  utf8,
} from "../support/service.ts";

/** What an operator decides, seen from outside. */

const PYTHON = "def Run(engine): return 'well'\n";

test("a language whose toolchain is missing is refused with the command that installs it, and no other is", async () => {
  await using service = await startService({ CODEACTIONS_GO: "/nowhere/go" });
  const clients = service.clients();
  const projectId = await newProject(clients);
  const refusal = await refusalOf(newCode(clients, projectId, ECHO.go, { language: Language.GO }));
  expect(refusal).toMatchObject({
    code: "FailedPrecondition",
    reason: "LANGUAGE_UNAVAILABLE",
    metadata: { language: "go" },
  });
  expect(refusal.message).toContain("apt-get install -y golang-go");
  const { id: codeId } = await newCode(clients, projectId, PYTHON);
  expect((await clients.runs.runCode({ codeId })).run?.status).toBe(RunStatus.SUCCEEDED);
  const ready = (await (await fetch(`${service.url}/readyz`)).json()) as {
    ready: boolean;
    checks: { name: string; ok: boolean }[];
  };
  expect(ready.ready).toBe(true);
  expect(ready.checks.find(({ name }) => name === "go")?.ok).toBe(false);
});

test("without walls codes run all the same, and whoever asks is told", async () => {
  await using service = await startService({ CODEACTIONS_SANDBOX: "none" });
  const clients = service.clients();
  const projectId = await newProject(clients);
  for (const language of ["python", "javascript", "typescript"] as const) {
    const { id: codeId } = await newCode(clients, projectId, ECHO[language], {
      language: LANGUAGE_NUMBERS[language],
    });
    const { run } = await clients.runs.runCode({ codeId, input: { body: utf8(language) } });
    expect(textOf(run?.result?.body)).toBe(language);
  }
  const { remarks } = (await (await fetch(`${service.url}/readyz`)).json()) as { remarks: string[] };
  expect(remarks.join()).toContain("CODEACTIONS_SANDBOX=none");
});

test("a wall that does not exist cannot be waived", async () => {
  await expect(startService({ CODEACTIONS_WAIVE_WALLS: "moat" })).rejects.toThrow(
    /no wall named moat.*cgroup/,
  );
});

test("a host of their own gives codes their cookies back, and nothing else answers there", async () => {
  await using service = await startService({ CODEACTIONS_ENDPOINT_HOST: "codes.example" });
  const clients = service.clients();
  const projectId = await newProject(clients);
  const source = "def Run(engine): engine.result.set('x', 200, 'html', headers={'Set-Cookie': 'a=b'})\n";
  const { id } = await newCode(clients, projectId, source);
  const address = `${service.url}/action/endpoint/${id}`;
  expect((await headersFrom(address, "codes.example:80"))["set-cookie"]).toEqual(["a=b"]);
  expect((await headersFrom(address, "other.example"))["set-cookie"]).toBeUndefined();
  expect((await headersFrom(`${service.url}/healthz`, "codes.example"))[":status"]).toBe(404);
});

test("a second service on the same database is refused, and takes over once the first has gone", async () => {
  const first = await startService();
  await expect(startService({ DATABASE_URL: first.databaseUrl })).rejects.toThrow(/another Code Actions/);
  await first[Symbol.asyncDispose]();
  await using second = await startService({ DATABASE_URL: first.databaseUrl });
  expect((await second.clients().projects.listProjects({})).projects).toEqual([]);
});

/** An answer's headers, and its status as `:status`, under a host name of the caller's choice. */
function headersFrom(url: string, host: string): Promise<Record<string, unknown>> {
  const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
  get(url, { headers: { host } }, (answer) => {
    answer.resume();
    resolve({ ...answer.headers, ":status": answer.statusCode });
  }).on("error", reject);
  return promise;
}
