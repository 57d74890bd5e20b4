import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { RecordPayloads } from "../../gen/codeactions/v1/code_pb.ts";
import { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";
import {
  type Clients,
  newCode,
  newProject,
  OPERATOR_TOKEN,
  type Service,
  startService,
} from "../support/service.ts";
import { CommandLine, HELLO, SLEEPER } from "./command-line.ts";

/** Runs that nobody waits for, and what starts them, at the command line. */

/** Fails at its first attempt. */
const PATIENT = `def Run(engine):
    print("trying")
    if engine.context.attempt == 1: raise RuntimeError("not yet")
    return "at last"
`;

let service: Service;
let clients: Clients;
let cli: CommandLine;
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
  await cli.keepContext({ address: service.url, token: OPERATOR_TOKEN, project: `project-of-${cli.name}` });
});
afterEach(() => cli[Symbol.asyncDispose]());

describe("start", () => {
  test("prints the id of a run that is queued, and the service sees to the rest", async () => {
    await newCode(clients, projectId, PATIENT, { slug: "one" });
    const started = await cli.run("start", "one", "--max-attempts", "2", "--backoff", "0s");
    expect(started).toMatchObject({ exitCode: 0, stderr: "✓ queued one, due at once\n" });
    const id = started.stdout.trim();
    const log = await cli.run("logs", "-f", "--run", id);
    expect(log.stderr).toMatch(/^SUCCEEDED in .*attempt 2/m);
    const shown = (await cli.run("runs", "show", id)).stdout;
    expect(shown).toMatch(/^trigger {3}async$/m);
    expect(shown).toMatch(/^attempt {3}2 of 2, after FAILED, .* or LOST; at once$/m);
    expect(shown).toMatch(/^ {10}1 {2}FAILED {2}.*RuntimeError: not yet$/m);
    expect((await cli.run("runs", "one")).stdout).toContain("SUCCEEDED (attempt 2)");
  });

  test("--follow shows every attempt, and ends as the run does", async () => {
    await newCode(clients, projectId, PATIENT, { slug: "one" });
    const followed = await cli.run("start", "one", "--max-attempts", "2", "--backoff", "0s", "--follow");
    expect(followed).toMatchObject({ exitCode: 0, stdout: "at last" });
    expect(followed.stderr).toMatch(/trying\n.*\nattempt 2\n.*trying\n.*SUCCEEDED 200 .*attempt 2/s);
    expect(await cli.run("start", "one", "-f")).toMatchObject({
      exitCode: 10,
      stderr: expect.stringContaining("RuntimeError: not yet"),
    });
  });

  test("--follow leaves its run to itself at Ctrl-C, and says what ends it", async () => {
    await newCode(clients, projectId, SLEEPER, { slug: "one" });
    const following = cli.start(["start", "one", "--follow"]);
    await following.says("begun");
    following.signal("SIGINT");
    const { exitCode, stderr } = await following.ended;
    expect(exitCode).toBe(130);
    const [, id] = /codeactions runs cancel (\S+) ends it/.exec(stderr)!;
    const { run } = await clients.runs.getRun({ runId: id! });
    expect(run?.status).toBe(RunStatus.RUNNING);
    expect((await cli.run("runs", "cancel", id!)).stderr).toContain("CANCELLED");
  });

  test("lets a run wait until it is due, and it can be cancelled while it waits", async () => {
    await newCode(clients, projectId, HELLO, { slug: "one" });
    const started = await cli.run("start", "one", "--not-before", "2h");
    expect(started.stderr).toMatch(/^✓ queued one, due .* \(in 2 h\)$/m);
    const id = started.stdout.trim();
    expect((await cli.run("runs", "--status", "queued")).stdout).toContain(id);
    expect((await cli.run("runs", "show", id)).stdout).toMatch(/^due {7}.* \(in (2 h|1 h 59 min)\)$/m);
    expect((await cli.run("runs", "cancel", id)).stderr).toContain("CANCELLED");
    expect(await cli.run("runs", "cancel", id)).toMatchObject({ exitCode: 1 });
  });

  test("shows who is told of the end, and how far that is", async () => {
    await newCode(clients, projectId, HELLO, { slug: "one" });
    await clients.codes.putSecret({ projectId, name: "SIGNING", value: "a secret of some length" });
    const callback = ["--callback", "https://example.org/done", "--callback-secret", "SIGNING"];
    const { stdout } = await cli.run("start", "one", "--not-before", "1h", ...callback);
    expect((await cli.run("runs", "show", stdout.trim())).stdout).toMatch(
      /^callback {2}WAITING: https:\/\/example\.org\/done$/m,
    );
  });

  test.each([
    [
      1,
      ["--max-attempts", "3", "--backoff", "10s", "--max-backoff", "1s"],
      "--max-backoff (retry_policy.max_",
    ],
    [1, ["--not-before", "30d"], "--not-before (not_before): "],
    [1, ["--max-attempts", "101"], "--max-attempts (retry_policy.max_attempts): "],
    [2, ["--callback", "https://example.org"], "--callback and --callback-secret go together"],
    [
      2,
      ["--retry-on", "succeeded"],
      "Allowed choices are failed, timed_out, out_of_memory, output_limit, lost.",
    ],
  ])("ends with %i and names the option that is wrong: %j", async (exitCode, options, said) => {
    await newCode(clients, projectId, HELLO, { slug: "one" });
    expect(await cli.run("start", "one", ...options)).toMatchObject({
      exitCode,
      stdout: "",
      stderr: expect.stringContaining(said),
    });
  });
});

test("replay runs another version with the input of an earlier run, where that was kept", async () => {
  const { id: codeId } = await newCode(clients, projectId, HELLO, { slug: "one" });
  const input = { query: [{ name: "name", value: "again" }] };
  const { run } = await clients.runs.runCode({ codeId, input });
  await clients.codes.updateCode({ codeId, source: HELLO.replace("hello {name}", "bye {name}") });
  const replayed = await cli.run("replay", run!.id, "--follow");
  expect(replayed).toMatchObject({ exitCode: 0, stdout: "bye again" });
  expect((await cli.run("replay", run!.id, "--version", "1", "-f")).stdout).toBe("hello again");
  const id = (await cli.run("replay", run!.id)).stdout.trim();
  expect((await cli.run("runs", "show", id)).stdout).toContain(`replay of  ${run!.id}`);
  await clients.codes.updateCode({ codeId, recordPayloads: RecordPayloads.METADATA });
  const { run: secret } = await clients.runs.runCode({ codeId, input });
  expect(await cli.run("replay", secret!.id)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("codeactions start <code>"),
  });
});

describe("schedules", () => {
  const MORNING = ["--name", "Morning", "--cron", "0 6 * * MON-FRI", "--time-zone", "Europe/Berlin"];

  test("are created, listed, shown, changed, paused, resumed and deleted by their names", async () => {
    await newCode(clients, projectId, HELLO, { slug: "one" });
    const options = ["--overlap", "queue", "--max-attempts", "3", "--param", "name=you"];
    const created = await cli.run("schedules", "create", "one", ...MORNING, ...options);
    expect(created.stderr).toMatch(
      /^✓ created schedule Morning \(\S+\), next \w{3} [\d-]+ 06:00 \(in .*\)$/m,
    );
    expect((await cli.run("schedules")).stdout).toMatch(
      /^Morning {3}one {3}0 6 \* \* MON-FRI {2}Europe\/Berlin {2}\w{3} [\d-]+ 06:00 \(in .*\) +queue +\S+$/m,
    );
    const shown = (await cli.run("schedules", "show", "Morning")).stdout;
    expect(shown).toMatch(/^attempts {2}3, after FAILED, .* or LOST; wait 1s, ×2 each time, 5m at most$/m);
    expect(shown).toMatch(/^asks {6}POST \/\?name=you, 0 B$/m);
    expect(shown).toMatch(/^last {6}not yet$/m);
    // What is not mentioned stays: parts of the retry policy and of the input, too.
    const change = ["--cron", "30 7 * * *", "--backoff", "5s", "--body", "text"];
    expect((await cli.run("schedules", "update", "Morning", ...change)).stderr).toMatch(/next .* 07:30 /);
    const changed = JSON.parse((await cli.run("schedules", "show", "Morning", "--json")).stdout);
    expect(changed).toMatchObject({
      timeZone: "Europe/Berlin",
      overlap: "OVERLAP_QUEUE",
      retryPolicy: { maxAttempts: 3, backoff: "5s" },
      input: { query: [{ name: "name", value: "you" }], body: Buffer.from("text").toString("base64") },
    });
    expect((await cli.run("schedules", "pause", "Morning")).stderr).toContain("✓ paused schedule Morning");
    expect((await cli.run("schedules", "list", "one")).stdout).toMatch(/ paused +queue /);
    expect((await cli.run("schedules", "resume", "Morning")).stderr).toMatch(/resumed .* next .* 07:30/);
    expect((await cli.run("runs", "--schedule", "Morning")).stdout.trim().split("\n")).toHaveLength(1);
    expect((await cli.run("schedules", "delete", "Morning")).stderr).toContain("its runs go on");
    expect(await cli.run("schedules", "show", "Morning")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("has no schedules yet"),
    });
  });

  test.each([
    ["61 * * * *", 1],
    ["0 25 * * *", 3],
    ["0 6 * * MON-FRY", 13],
  ])("show where the expression %s is wrong", async (cron, position) => {
    await newCode(clients, projectId, HELLO, { slug: "one" });
    const refused = await cli.run("schedules", "create", "one", "--name", "Wrong", "--cron", cron);
    expect(refused.exitCode).toBe(1);
    const [, expression, caret] = /\n( {2}\S.*)\n( +\^)\n/.exec(refused.stderr)!;
    expect(expression).toBe(`  ${cron}`);
    expect(caret!.length - 2).toBe(position);
  });

  test("of one name are told apart by their ids", async () => {
    await newCode(clients, projectId, HELLO, { slug: "one" });
    for (const _ of [1, 2]) await cli.run("schedules", "create", "one", ...MORNING);
    const refused = await cli.run("schedules", "pause", "Morning");
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("2 schedules are called") });
    const [, id] = /say which: (\S+),/.exec(refused.stderr)!;
    expect((await cli.run("schedules", "pause", id!)).exitCode).toBe(0);
    expect((await cli.run("__complete", "--", "schedules", "pause", "Mor")).stdout).toContain("Morning\t");
  });
});
