import { randomUUID } from "node:crypto";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Language } from "../../gen/codeactions/v1/code_pb.ts";
import { CodeService } from "../../gen/codeactions/v1/code_service_pb.ts";
import { LogService } from "../../gen/codeactions/v1/log_service_pb.ts";
import { Role } from "../../gen/codeactions/v1/project_pb.ts";
import { ProjectService } from "../../gen/codeactions/v1/project_service_pb.ts";
import { RunnerService } from "../../gen/codeactions/v1/runner_service_pb.ts";
import {
  type Clients,
  newCode,
  newProject,
  refusalOf,
  type Service,
  startService,
  textOf,
} from "../support/service.ts";

const SOURCE = "def Run(engine):\n    return engine.secrets.get('KEY', 'none')\n";

let service: Service;
let operator: Clients;
let projectId: string;
let codeId: string;

beforeAll(async () => {
  service = await startService();
  operator = service.clients();
  projectId = await newProject(operator);
  codeId = (await newCode(operator, projectId, SOURCE)).id;
});

afterAll(() => service?.[Symbol.asyncDispose]());

async function as(role: Role, project = projectId): Promise<Clients> {
  const { secret } = await operator.projects.createToken({ projectId: project, name: `role ${role}`, role });
  return service.clients("connect", secret);
}

describe("what each role may do, each one what those before it may", () => {
  const deeds = {
    read: (clients: Clients) => clients.codes.getCode({ codeId }),
    tail: async (clients: Clients) => {
      const stop = new AbortController();
      const tail = clients.logs.tailLogs(
        { scope: { case: "codeId", value: codeId } },
        { signal: stop.signal },
      );
      for await (const _ of tail) break;
      stop.abort();
    },
    run: (clients: Clients) => clients.runs.runCode({ codeId }),
    write: (clients: Clients) => clients.codes.updateCode({ codeId, description: "words" }),
    "put a secret": (clients: Clients) =>
      clients.codes.putSecret({ projectId, name: "OTHER", value: "value" }),
    "make a token": (clients: Clients) =>
      clients.projects.createToken({ projectId, name: "t", role: Role.VIEWER }),
    "delete the project": (clients: Clients) => clients.projects.deleteProject({ projectId: randomUUID() }),
  };
  const mayFrom = {
    read: 1,
    tail: 1,
    run: 2,
    write: 3,
    "put a secret": 3,
    "make a token": 4,
    "delete the project": 5,
  };
  describe.each([Role.VIEWER, Role.CONTRIBUTOR, Role.EDITOR, Role.ADMIN])("role %i", (role) => {
    test.each(Object.keys(deeds) as (keyof typeof deeds)[])("%s", async (deed) => {
      const clients = await as(role);
      if (role >= mayFrom[deed]) return void (await deeds[deed](clients));
      expect(await refusalOf(Promise.resolve(deeds[deed](clients)))).toMatchObject({
        code: "PermissionDenied",
        reason: "ROLE_INSUFFICIENT",
      });
    });
  });
});

test("another project's ids tell nothing: they are not found, like ids that never were", async () => {
  const other = await as(Role.ADMIN, await newProject(operator, "other"));
  const { run } = await operator.runs.runCode({ codeId });
  const runId = run!.id;
  const attempts: [string, () => Promise<unknown> | AsyncIterable<unknown>][] = [
    ["CODE_NOT_FOUND", () => other.codes.getCode({ codeId })],
    ["CODE_NOT_FOUND", () => other.codes.updateCode({ codeId, name: "mine" })],
    ["CODE_NOT_FOUND", () => other.codes.deleteCode({ codeId })],
    ["CODE_NOT_FOUND", () => other.codes.listCodeVersions({ codeId })],
    ["CODE_NOT_FOUND", () => other.codes.activateCodeVersion({ codeId, number: 1 })],
    ["CODE_NOT_FOUND", () => other.runs.runCode({ codeId })],
    ["CODE_NOT_FOUND", () => other.runs.runCodeStream({ codeId })],
    ["CODE_NOT_FOUND", () => other.runs.listRuns({ scope: { case: "codeId", value: codeId } })],
    ["CODE_NOT_FOUND", () => other.logs.listLogEntries({ scope: { case: "codeId", value: codeId } })],
    ["CODE_NOT_FOUND", () => other.logs.tailLogs({ scope: { case: "codeId", value: codeId } })],
    ["RUN_NOT_FOUND", () => other.runs.getRun({ runId })],
    ["RUN_NOT_FOUND", () => other.runs.watchRun({ runId })],
    ["RUN_NOT_FOUND", () => other.runs.cancelRun({ runId })],
    ["RUN_NOT_FOUND", () => other.logs.tailLogs({ scope: { case: "runId", value: runId } })],
    ["PROJECT_NOT_FOUND", () => other.projects.getProject({ projectId })],
    ["PROJECT_NOT_FOUND", () => other.projects.createToken({ projectId, name: "x", role: Role.ADMIN })],
    ["PROJECT_NOT_FOUND", () => other.projects.listTokens({ projectId })],
    ["PROJECT_NOT_FOUND", () => other.codes.listCodes({ projectId })],
    ["PROJECT_NOT_FOUND", () => other.codes.listSecrets({ projectId })],
    ["PROJECT_NOT_FOUND", () => other.codes.putSecret({ projectId, name: "A", value: "b" })],
    ["PROJECT_NOT_FOUND", () => other.runs.listRuns({ scope: { case: "projectId", value: projectId } })],
    ["PROJECT_NOT_FOUND", () => other.logs.tailLogs({ scope: { case: "projectId", value: projectId } })],
  ];
  const source = "def Run(engine): pass";
  const language = Language.PYTHON;
  const cron = "0 6 * * *";
  const { schedule } = await operator.runs.createSchedule({ codeId, name: "theirs", cron, paused: true });
  const scheduleId = schedule!.id;
  attempts.push(
    ["PROJECT_NOT_FOUND", () => newCode(other, projectId, source)],
    ["PROJECT_NOT_FOUND", () => other.codes.checkCode({ projectId, language, source })],
    ["PROJECT_NOT_FOUND", () => other.codes.deleteSecret({ projectId, name: "A" })],
    ["PROJECT_NOT_FOUND", () => other.runs.runSource({ projectId, language, source })],
    ["PROJECT_NOT_FOUND", () => other.projects.updateProject({ projectId, name: "mine" })],
    ["PROJECT_NOT_FOUND", () => other.projects.revokeToken({ projectId, tokenId: codeId })],
    ["CODE_NOT_FOUND", () => other.codes.getCodeVersion({ codeId, number: 1 })],
    ["CODE_NOT_FOUND", () => other.codes.undeleteCode({ codeId })],
    ["CODE_NOT_FOUND", () => other.runs.startRun({ codeId })],
    ["RUN_NOT_FOUND", () => other.runs.replayRun({ runId })],
    ["CODE_NOT_FOUND", () => other.runs.createSchedule({ codeId, name: "mine", cron })],
    ["CODE_NOT_FOUND", () => other.runs.listSchedules({ scope: { case: "codeId", value: codeId } })],
    ["SCHEDULE_NOT_FOUND", () => other.runs.getSchedule({ scheduleId })],
    ["SCHEDULE_NOT_FOUND", () => other.runs.updateSchedule({ scheduleId, paused: true })],
    ["SCHEDULE_NOT_FOUND", () => other.runs.deleteSchedule({ scheduleId })],
    ["PROJECT_NOT_FOUND", () => other.runs.getPool({ projectId })],
    ["PROJECT_NOT_FOUND", () => other.runs.watchPool({ projectId })],
    ["CODE_NOT_FOUND", () => other.runs.liftQuarantine({ codeId, version: 1 })],
  );
  for (const [reason, attempt] of attempts)
    expect(await refusalOf(attempt())).toMatchObject({ code: "NotFound", reason });
  // The list is whole: every method is in it but those that ask for no id, and the operator's own.
  const tried = attempts.map(([, attempt]) => /\.(\w+)\(\{/.exec(String(attempt))?.[1] ?? "createCode");
  const methods = [CodeService, RunnerService, LogService, ProjectService].flatMap((one) =>
    one.methods.map(({ localName }) => localName),
  );
  expect(methods.filter((name) => !tried.includes(name)).sort()).toEqual([
    "createProject",
    "deleteProject",
    "listProjects",
  ]);
});

test("a revoked token is worth nothing from the answer on", async () => {
  const { token, secret } = await operator.projects.createToken({
    projectId,
    name: "short",
    role: Role.VIEWER,
  });
  const clients = service.clients("grpc", secret);
  await clients.codes.getCode({ codeId });
  await operator.projects.revokeToken({ projectId, tokenId: token!.id });
  expect(await refusalOf(clients.codes.getCode({ codeId }))).toMatchObject({
    code: "Unauthenticated",
    reason: "TOKEN_INVALID",
  });
});

test("a token ends when it said it would", async () => {
  const expireTime = timestampFromDate(new Date(Date.now() + 1500));
  const { secret } = await operator.projects.createToken({
    projectId,
    name: "brief",
    role: Role.VIEWER,
    expireTime,
  });
  const clients = service.clients("connect", secret);
  await clients.codes.getCode({ codeId });
  const worth = async () =>
    clients.codes.getCode({ codeId }).then(
      () => "something",
      () => "nothing",
    );
  await expect.poll(worth, { timeout: 10_000 }).toBe("nothing");
  const past = timestampFromDate(new Date(Date.now() - 1000));
  const refusal = refusalOf(
    operator.projects.createToken({ projectId, name: "late", role: Role.VIEWER, expireTime: past }),
  );
  expect(await refusal).toMatchObject({ code: "InvalidArgument", fields: ["expire_time"] });
});

test("a repeated CreateToken shows the same secret; ListTokens shows none", async () => {
  const ask = { projectId, name: "repeated", role: Role.VIEWER, requestId: randomUUID() };
  const [first, second] = [
    await operator.projects.createToken(ask),
    await operator.projects.createToken(ask),
  ];
  expect(second).toEqual(first);
  const { tokens } = await operator.projects.listTokens({ projectId, pageSize: 100 });
  expect(
    JSON.stringify(tokens, (_, value) => (typeof value === "bigint" ? String(value) : value)),
  ).not.toContain(first.secret);
});

test("a deleted project is gone with all it owns, and so is the worth of its tokens", async () => {
  const doomed = await newProject(operator, "doomed");
  const code = await newCode(operator, doomed, SOURCE);
  const { secret } = await operator.projects.createToken({ projectId: doomed, name: "t", role: Role.ADMIN });
  const clients = service.clients("connect", secret);
  await clients.runs.runCode({ codeId: code.id });
  await operator.projects.deleteProject({ projectId: doomed });
  expect(await refusalOf(clients.codes.getCode({ codeId: code.id }))).toMatchObject({
    reason: "TOKEN_INVALID",
  });
  expect(await refusalOf(operator.runs.runCode({ codeId: code.id }))).toMatchObject({
    reason: "CODE_NOT_FOUND",
  });
  expect((await fetch(`${service.url}/action/endpoint/${code.id}`)).status).toBe(404);
});

test("a secret reaches the next run, is hidden in its log, and is never read back", async () => {
  const source =
    "def Run(engine):\n    print('the key is ' + engine.secrets['KEY'])\n    return engine.secrets['KEY']\n";
  const { id } = await newCode(operator, projectId, source);
  for (const value of ["first-secret", "second-secret"]) {
    await operator.codes.putSecret({ projectId, name: "KEY", value });
    const { run } = await operator.runs.runCode({ codeId: id });
    expect(textOf(run?.result?.body)).toBe(value);
    const { entries } = await operator.logs.listLogEntries({ scope: { case: "runId", value: run!.id } });
    expect(entries.map(({ text }) => text)).toEqual(["the key is ***"]);
  }
  const { secrets } = await operator.codes.listSecrets({ projectId });
  expect(secrets.map(({ name }) => name)).toContain("KEY");
  await operator.codes.deleteSecret({ projectId, name: "KEY" });
  expect(textOf((await operator.runs.runCode({ codeId })).run?.result?.body)).toBe("none");
  expect(await refusalOf(operator.codes.deleteSecret({ projectId, name: "KEY" }))).toMatchObject({
    reason: "SECRET_NOT_FOUND",
  });
});
