import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Language } from "../../gen/codeactions/v1/code_pb.ts";
import { LogLevel, LogStream } from "../../gen/codeactions/v1/log_pb.ts";
import type { Run } from "../../gen/codeactions/v1/run_pb.ts";
import { startNameServer } from "../support/name-server.ts";
import {
  type Clients,
  LANGUAGE_NUMBERS,
  newCode,
  newProject,
  OPERATOR_TOKEN,
  refusalOf,
  type Service,
  startService,
  textOf,
} from "../support/service.ts";

/** Gets the URL in its body, as users of each language do. */
const FETCH = {
  python: `import urllib.request, urllib.error
def Run(engine):
    try:
        with urllib.request.urlopen(engine.body) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode()}"
`,
  javascript: `export async function Run(engine) {
  const answer = await fetch(engine.body);
  return answer.text();
}
`,
  typescript: `import { get, type IncomingMessage } from "node:http";
export function Run(engine: any): Promise<string> {
  return new Promise((resolve, reject) => {
    get(engine.body, (answer: IncomingMessage) => {
      let text = "";
      answer.on("data", (chunk) => (text += chunk)).on("end", () => resolve(text));
    }).on("error", reject);
  });
}
`,
  go: `package action

import (
	"io"
	"net/http"

	"codeactions/engine"
)

func Run(e *engine.Engine) error {
	answer, err := http.Get(e.Body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	e.Result.Set(string(text), answer.StatusCode, "text")
	return err
}
`,
} as const;

let origin: Server;
let names: Awaited<ReturnType<typeof startNameServer>>;
let here: string;
let service: Service;
let clients: Clients;
let projectId: string;
beforeAll(async () => {
  origin = createServer((request, response) => response.end(`hello from ${request.url}`));
  await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
  here = `api.example.org:${(origin.address() as AddressInfo).port}`;
  names = await startNameServer("127.0.0.1");
  service = await startService({
    CODEACTIONS_EGRESS_RANGES: "127.0.0.1/32",
    CODEACTIONS_EGRESS_NAME_SERVERS: names.address,
  });
  clients = service.clients();
  projectId = await newProject(clients);
}, 300_000);
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  names[Symbol.dispose]();
  origin.close();
  origin.closeAllConnections();
});

async function call(codeId: string, url: string): Promise<Run> {
  const { run } = await clients.runs.runCode({ codeId, input: { body: Buffer.from(url) } });
  return run!;
}

async function systemEntries(runId: string) {
  const { entries } = await clients.logs.listLogEntries({ scope: { case: "runId", value: runId } });
  return entries.filter(({ stream }) => stream === LogStream.SYSTEM);
}

test.each(["python", "javascript", "typescript", "go"] as const)(
  "a %s code reaches the hosts that it names, also warm, and each connection is in its log",
  async (language) => {
    const { id } = await newCode(clients, projectId, FETCH[language], {
      language: LANGUAGE_NUMBERS[language],
      egressHosts: [here],
    });
    for (const path of ["/first", "/second"]) {
      const run = await call(id, `http://${here}${path}`);
      expect([run.error?.message, textOf(run.result?.body)]).toEqual([undefined, `hello from ${path}`]);
      const [entry, ...others] = await systemEntries(run.id);
      expect(others).toEqual([]);
      expect(entry).toMatchObject({ level: LogLevel.INFO });
      expect(entry?.text).toMatch(
        new RegExp(
          `^egress to ${here} \\(127.0.0.1\\) (closed|cut): \\d+ bytes sent, \\d+ received in \\d+ ms`,
        ),
      );
    }
  },
);

test("what a code does not name it does not reach, and its log says what to do", async () => {
  const { id } = await newCode(clients, projectId, FETCH.python, {
    egressHosts: ["api.example.org", "example.org"],
  });
  const run = await call(id, `http://${here}/`);
  const why = `${here} is not among this code's egress_hosts: add it there to reach it`;
  expect(textOf(run.result?.body)).toBe(`403 ${why}\n`);
  expect(await systemEntries(run.id)).toMatchObject([
    { level: LogLevel.WARNING, text: `egress to ${here} refused: ${why}` },
  ]);
});

test("an address that is not public is not reached, whoever names it", async () => {
  const { id } = await newCode(clients, projectId, FETCH.python, { egressHosts: ["*", "*:8080"] });
  for (const host of ["127.0.0.2", "10.0.0.1", "169.254.169.254", "[::ffff:10.0.0.1]", "[fe80::1]"]) {
    const run = await call(id, `http://${host}/`);
    expect(textOf(run.result?.body)).toContain("which no code may reach");
  }
});

test("a code without hosts has those of its project, and then those of the service; none is the default", async () => {
  const { id } = await newCode(clients, projectId, FETCH.python);
  expect((await call(id, `http://${here}/`)).error?.kind).toBe("URLError");
  await clients.projects.updateProject({ projectId, defaultEgressHosts: { egressHosts: [here] } });
  expect(textOf((await call(id, `http://${here}/project`)).result?.body)).toBe("hello from /project");
  const { project } = await clients.projects.updateProject({
    projectId,
    defaultEgressHosts: { egressHosts: [] },
  });
  expect(project?.defaultEgressHosts).toEqual([]);
  expect((await call(id, `http://${here}/`)).error?.kind).toBe("URLError");
});

test("a try reaches the hosts that it names", async () => {
  const source = FETCH.python.replaceAll("engine.body", `"http://${here}/try"`);
  const ask = { projectId, language: Language.PYTHON, source, egressHosts: [here] };
  for await (const { event } of clients.runs.runSource(ask)) {
    if (event?.event.case === "finished")
      expect(textOf(event.event.value.result?.body)).toBe("hello from /try");
  }
});

test.each([
  ["a URL", "https://api.example.org"],
  ["a path", "api.example.org/v1"],
  ["a star in the middle", "api.*.org"],
  ["another spelling of an address", "0177.0.0.1"],
  ["a port beyond all ports", "api.example.org:70000"],
  ["nothing", " "],
])("%s is no host, and the field's place is named", async (_, host) => {
  const refusal = await refusalOf(
    newCode(clients, projectId, FETCH.python, { egressHosts: ["example.org", host] }),
  );
  expect(refusal).toMatchObject({ reason: "FIELD_INVALID", fields: ["egress_hosts[1]"] });
});

test("only an operator gives a project hosts", async () => {
  const { secret } = await clients.projects.createToken({ projectId, name: "admin", role: 4 });
  const admin = service.clients("connect", secret);
  expect(
    await refusalOf(
      admin.projects.updateProject({ projectId, defaultEgressHosts: { egressHosts: ["example.org"] } }),
    ),
  ).toMatchObject({ code: "PermissionDenied" });
});

test("an operator's ceiling holds for codes, tries and projects", async () => {
  await using narrow = await startService({
    CODEACTIONS_EGRESS_HOSTS_CEILING: "*.example.org, example.net:8443",
  });
  const theirs = narrow.clients("connect", OPERATOR_TOKEN);
  const project = await newProject(theirs);
  for (const host of ["api.example.org", "*.api.example.org", "*.example.org", "example.net:8443"]) {
    await newCode(theirs, project, FETCH.python, { egressHosts: [host] });
  }
  const beyond = { reason: "ABOVE_CEILING", metadata: { setting: "CODEACTIONS_EGRESS_HOSTS_CEILING" } };
  for (const host of ["example.org", "*", "api.example.org:8443", "example.net", "example.com"]) {
    const asked = { egressHosts: [host] };
    const source = { projectId: project, language: Language.PYTHON, source: FETCH.python };
    expect(await refusalOf(newCode(theirs, project, FETCH.python, asked))).toMatchObject(beyond);
    expect(await refusalOf(theirs.runs.runSource({ ...source, ...asked }))).toMatchObject(beyond);
    expect(
      await refusalOf(theirs.projects.updateProject({ projectId: project, defaultEgressHosts: asked })),
    ).toMatchObject(beyond);
  }
});

test("wrong lists of an operator end the start with the variable's name", async () => {
  await expect(startService({ CODEACTIONS_EGRESS_HOSTS: "https://x" })).rejects.toThrow(
    "CODEACTIONS_EGRESS_HOSTS",
  );
  await expect(
    startService({ CODEACTIONS_EGRESS_HOSTS: "a.org", CODEACTIONS_EGRESS_HOSTS_CEILING: "b.org" }),
  ).rejects.toThrow("CODEACTIONS_EGRESS_HOSTS_CEILING");
  await expect(startService({ CODEACTIONS_EGRESS_RANGES: "10.0.0.0/99" })).rejects.toThrow("10.0.0.0/99");
});
