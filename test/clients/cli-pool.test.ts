import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Role } from "../../gen/codeactions/v1/project_pb.ts";
import {
  type Clients,
  newCode,
  newProject,
  OPERATOR_TOKEN,
  type Service,
  startService,
} from "../support/service.ts";
import { CommandLine, HELLO } from "./command-line.ts";

/** The pool at the command line. */

/** Takes its worker with it, each time. */
const DEADLY = "import os\ndef Run(engine): os._exit(3)\n";
/** So many deaths in a row bring a version into quarantine. */
const DEATHS = 5;

let service: Service;
let clients: Clients;
let cli: CommandLine;
let projectId: string;

beforeAll(async () => {
  service = await startService({ CODEACTIONS_GO: "/nonexistent/go" });
  clients = service.clients();
});
afterAll(() => service?.[Symbol.asyncDispose]());

beforeEach(async () => {
  cli = await CommandLine.open();
  projectId = await newProject(clients, `Project of ${cli.name}`);
  await cli.keepContext({ address: service.url, token: OPERATOR_TOKEN, project: `project-of-${cli.name}` });
});
afterEach(() => cli[Symbol.asyncDispose]());

test("the pool is shown as a table, its queue and as JSON", async () => {
  const shown = await cli.run("pool");
  expect(shown.stdout).toMatch(/^NODE +STATE +BREAKER +IN FLIGHT .*\nlocal +ready +closed +0\/\d+ /);
  expect(shown.stdout).toMatch(/\n0 of \d+ in flight; 0 of \d+ waiting\n$/);
  expect(JSON.parse((await cli.run("pool", "--json")).stdout)).toMatchObject({
    nodes: [expect.objectContaining({ id: "local", state: "NODE_STATE_READY" })],
  });
});

test("whoever may not see all of it sees the project's share", async () => {
  const { secret } = await clients.projects.createToken({ projectId, name: "viewer", role: Role.VIEWER });
  const environment = { CODEACTIONS_ADDRESS: service.url, CODEACTIONS_TOKEN: secret };
  const { exitCode, stdout } = await cli.start(["pool"], { environment }).ended;
  expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^local /m) });
});

test("a quarantine is shown, told when it happens, and lifted", async () => {
  const { id: codeId } = await newCode(clients, projectId, DEADLY, { slug: "deadly" });
  const watching = cli.start(["pool", "--watch"]);
  await watching.says("waiting");
  for (let death = 0; death < DEATHS; death++) await clients.runs.runCode({ codeId });
  await watching.says("deadly version 1 quarantined: ");
  expect((await cli.run("pool")).stdout).toMatch(/^QUARANTINED.*\ndeadly +1 +in \d+ s +1 +\S/m);
  expect(await cli.run("run", "deadly")).toMatchObject({ exitCode: 1 });
  expect((await cli.run("pool", "lift", "deadly", "1")).stderr).toContain("✓ deadly version 1 runs again");
  await watching.says("deadly version 1 no longer quarantined");
  watching.signal("SIGINT");
  expect(await watching.ended).toMatchObject({ exitCode: 130, stderr: "" });
  expect(await cli.run("pool", "lift", "deadly", "1")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("see codeactions pool"),
  });
});

test("a run that is said to be idempotent is a run like any other where nothing is lost", async () => {
  await newCode(clients, projectId, HELLO, { slug: "one" });
  expect(await cli.run("run", "one", "--idempotent")).toMatchObject({ exitCode: 0, stdout: "hello world" });
});
