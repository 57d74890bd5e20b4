import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";
import {
  type Clients,
  newCode,
  newProject,
  OPERATOR_TOKEN,
  type Service,
  startService,
} from "../support/service.ts";
import { CommandLine, type Ended, HELLO, SLEEPER } from "./command-line.ts";

/** Runs and logs at the command line. */

let service: Service;
let clients: Clients;
let cli: CommandLine;
let project: string;
let projectId: string;

beforeAll(async () => {
  service = await startService({ CODEACTIONS_GO: "/nonexistent/go" });
  clients = service.clients();
});
afterAll(() => service?.[Symbol.asyncDispose]());

/** Every test has a home folder and a project of its own. */
beforeEach(async () => {
  cli = await CommandLine.open();
  projectId = await newProject(clients, `Project of ${cli.name}`);
  project = `project-of-${cli.name}`;
  await cli.keepContext({ address: service.url, token: OPERATOR_TOKEN, project });
});
afterEach(() => cli[Symbol.asyncDispose]());

describe("run", () => {
  test.each([
    [0, "SUCCEEDED", "def Run(engine): return 1\n", []],
    [10, "FAILED", "def Run(engine): raise ValueError('no')\n", []],
    [11, "TIMED_OUT", SLEEPER, ["--timeout", "1s"]],
    [12, "OUT_OF_MEMORY", "def Run(engine): return len(bytearray(400_000_000))\n", []],
    [13, "OUTPUT_LIMIT", "def Run(engine):\n    for _ in range(9999): print('x' * 99)\n", []],
  ])("ends with %i when the run is %s", async (exitCode, status, source, options) => {
    await newCode(clients, projectId, source, {
      slug: "one",
      memoryLimitBytes: 64n * 1024n * 1024n,
      limits: { outputBytes: 1024n } as never,
    });
    const ended = await cli.run("run", "one", ...options);
    expect(ended).toMatchObject({ exitCode, stderr: expect.stringContaining(status) });
  });

  test("ends with 14 when somebody else cancels the run", async () => {
    await newCode(clients, projectId, SLEEPER, { slug: "one" });
    const run = cli.start(["run", "one"]);
    await run.says("begun");
    const [{ id } = { id: "" }] = JSON.parse((await cli.run("runs", "one", "--json")).stdout) as {
      id: string;
    }[];
    expect((await cli.run("runs", "cancel", id)).stderr).toContain("CANCELLED");
    expect(await run.ended).toMatchObject({ exitCode: 14, stderr: expect.stringContaining("CANCELLED") });
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("cancels its run at %s, and ends with %i", async (signal, exitCode) => {
    await newCode(clients, projectId, SLEEPER, { slug: "one" });
    const run = cli.start(["run", "one"]);
    await run.says("begun");
    run.signal(signal);
    expect((await run.ended).exitCode).toBe(exitCode);
    const { runs } = await clients.runs.listRuns({ scope: { case: "projectId", value: projectId } });
    expect(runs.map(({ status }) => status)).toEqual([RunStatus.CANCELLED]);
  });

  test("hands over parameters, headers and any bytes, and writes the answer byte for byte", async () => {
    const source = `def Run(engine):
    assert engine.params.get("a") == "1=2" and engine.header.get("x-b") == "c: d"
    assert engine.request.method == "PUT" and engine.request.path == "/p"
    engine.result.set(engine.raw_body, 201, "application/x")
`;
    await newCode(clients, projectId, source, { slug: "echo" });
    const given = "-p a=1=2 -H 'X-B: c: d' --method PUT --path /p";
    const { exitCode, stdout, stderr } = await cli.shell(`
      set -e
      head -c 100000 /dev/urandom > bytes
      codeactions run echo ${given} --body @bytes | cmp - bytes
      codeactions run echo ${given} --body - < bytes | cmp - bytes
      codeactions run echo ${given} --body text`);
    expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0, stdout: "text" });
    expect(stderr).toContain("SUCCEEDED 201");
  });

  test("shows a hostile log without obeying it", async () => {
    await newCode(clients, projectId, "def Run(engine): print('\\x1b[2Jgone\\x07')\n", { slug: "one" });
    expect((await cli.run("run", "one")).stderr).toContain("␛[2Jgone␇");
  });
});

describe("logs", () => {
  test("-f shows a line while its run is still under way, and a run's log ends with it", async () => {
    const { id: codeId } = await newCode(clients, projectId, SLEEPER, { slug: "one" });
    const ofCode = cli.start(["logs", "-f", "one"]);
    const ofProject = cli.start(["logs", "--follow"]);
    const run = cli.start(["run", "one"]);
    await Promise.all([
      ofCode.says("INFO     begun"),
      ofProject.says("INFO     one  begun"),
      run.says("begun"),
    ]);
    const scope = { case: "codeId", value: codeId } as const;
    const [running] = (await clients.runs.listRuns({ scope })).runs;
    expect(running?.status).toBe(RunStatus.RUNNING);
    const ofRun = cli.start(["logs", "-f", "--run", running!.id]);
    await ofRun.says("begun");
    run.signal("SIGINT");
    expect(await ofRun.ended).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("CANCELLED") });
    for (const follower of [ofCode, ofProject]) {
      follower.signal("SIGINT");
      expect(await follower.ended).toMatchObject({ exitCode: 130, stderr: "" });
    }
    await run.ended;
  });

  test("are filtered by level, stream, text, time and number, as history and when followed", async () => {
    const { id: codeId } = await newCode(clients, projectId, HELLO, { slug: "one" });
    for (const name of ["a", "b", "c"])
      await clients.runs.runCode({ codeId, input: { query: [{ name: "name", value: name }] } });
    const texts = ({ stdout }: Ended) =>
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split(/\s{2,}/).at(-1));
    const all = ["greeting a", "careful", "greeting b", "careful", "greeting c", "careful"];
    expect(texts(await cli.run("logs", "one"))).toEqual(all);
    expect(texts(await cli.run("logs", "one", "-n", "3"))).toEqual(all.slice(3));
    expect(texts(await cli.run("logs", "--since", "1h"))).toEqual(all);
    expect(texts(await cli.run("logs", "--until", "1h"))).toEqual([""]);
    expect(texts(await cli.run("logs", "--level", "warning"))).toEqual(["careful", "careful", "careful"]);
    expect(texts(await cli.run("logs", "--stream", "stdout", "--grep", "GREETING B"))).toEqual([
      "greeting b",
    ]);
    for (const options of [
      ["--since", "1h"],
      ["-n", "8"],
    ]) {
      const follower = cli.start(["logs", "-f", "--grep", "greeting", ...options]);
      await follower.says("greeting c");
      await clients.runs.runCode({ codeId, input: { query: [{ name: "name", value: options[1]! }] } });
      await follower.says(`greeting ${options[1]}`);
      follower.signal("SIGINT");
      expect(texts(await follower.ended).slice(0, 3)).toEqual(["greeting a", "greeting b", "greeting c"]);
    }
  });

  test("-f goes on where a moment without any entry ended", async () => {
    const { id: codeId } = await newCode(clients, projectId, HELLO, { slug: "one" });
    const empty = cli.start(["logs", "-f", "one", "--since", "1h"]);
    await clients.runs.runCode({ codeId });
    await empty.says("careful");
    empty.signal("SIGINT");
    expect((await empty.ended).stdout.match(/greeting world/g)).toHaveLength(1);
  });

  test("into a pipe that is closed early end quietly", async () => {
    const source = "def Run(engine):\n    for i in range(3000): print('line', i)\n";
    const { id: codeId } = await newCode(clients, projectId, source, { slug: "one" });
    await clients.runs.runCode({ codeId });
    const { stdout, stderr } = await cli.shell(
      "set -o pipefail; codeactions logs -n 3000 | head -n 1; echo $?",
    );
    expect(stdout).toMatch(/line 0\n0\n$/);
    expect(stderr).toBe("");
  });
});

test("runs are listed, filtered and shown", async () => {
  const { id: codeId } = await newCode(
    clients,
    projectId,
    "def Run(engine): return 1 / int(engine.params.get('by'))\n",
    { slug: "one" },
  );
  for (const by of ["1", "0"])
    await clients.runs.runCode({ codeId, input: { query: [{ name: "by", value: by }] } });
  expect((await cli.run("runs")).stdout.trim().split("\n")).toHaveLength(3);
  const failed = (await cli.run("runs", "one", "--status", "failed", "--trigger", "rpc", "--since", "1h"))
    .stdout;
  expect(failed.trim().split("\n")).toHaveLength(2);
  const id = failed.trim().split(/\s+/).at(-1)!;
  expect((await cli.run("runs", "show", id)).stdout).toMatch(
    /code {6}one, version 1\n.*status {4}FAILED\n.*asked {5}POST \/\?by=0, 0 B\n.*ZeroDivisionError/s,
  );
});
