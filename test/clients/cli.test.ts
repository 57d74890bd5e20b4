import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type Clients,
  newCode,
  newProject,
  OPERATOR_TOKEN,
  type Service,
  startService,
} from "../support/service.ts";
import { CommandLine, HELLO } from "./command-line.ts";

/** The command line as a person meets it: the real command, a process each time, against a real service. */

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

describe("a first session", () => {
  test("leads from login over init, deploy, run and change to rollback", async () => {
    expect(
      await cli.run("init", "work", "--language", "python", "javascript", "--project", project),
    ).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("Next: cd work && codeactions deploy"),
    });
    const first = await cli.run("deploy", "work");
    expect(first.exitCode).toBe(0);
    expect(first.stderr).toMatch(
      /\+ create {2}hello-javascript {2}javascript, endpoint\n.*\+ create {2}hello-python/s,
    );
    expect(first.stderr).toContain("2 to create, 0 to update, 0 to delete, 0 unchanged");
    expect(first.stderr).toMatch(/✓ hello-python {2}created, http:/);
    expect(await cli.run("deploy", "work")).toMatchObject({
      stderr: expect.stringContaining("0 to create, 0 to update, 0 to delete, 2 unchanged"),
    });

    const run = await cli.run("run", "hello-python", "--param", "name=you");
    expect(run).toMatchObject({ exitCode: 0, stdout: '{"hello": "you"}' });
    expect(run.stderr).toMatch(/INFO {5}greeting you\n.*INFO {5}the body has 0 bytes\nSUCCEEDED 200 in /);

    await cli.write("work/hello-python.py", HELLO);
    const second = await cli.run("deploy", "work");
    expect(second.stderr).toContain("~ update  hello-python  source, as version 2");
    expect((await cli.run("run", "hello-python")).stdout).toBe("hello world");
    expect((await cli.run("versions", "hello-python")).stdout).toMatch(/^\* {2}2 .*\n {3}1 /m);

    expect((await cli.run("rollback", "hello-python")).stderr).toContain("version 2 → 1");
    expect((await cli.run("run", "hello-python")).stdout).toBe('{"hello": "world"}');
    expect((await cli.run("run", "hello-python", "--version", "2")).stdout).toBe("hello world");
    expect((await cli.run("versions", "hello-python", "2")).stdout).toBe(HELLO);
    // What the folder has is a version that is there already.
    expect((await cli.run("deploy", "work")).stderr).toContain(
      "~ update  hello-python  version 2 active again",
    );
    expect((await cli.run("run", "hello-python")).stdout).toBe("hello world");
  });

  test("keeps address and token where nobody else can read them", async () => {
    await rm(join(cli.folder, ".config"), { recursive: true });
    await login();
    const folder = join(cli.folder, ".config", "codeactions");
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, "contexts.json"))).mode & 0o777).toBe(0o600);
  });

  test("does not keep a token that the service does not take", async () => {
    const refused = await cli.runWith(
      "wrong",
      "login",
      "--context",
      "other",
      "--address",
      service.url,
      "--token-stdin",
    );
    expect(refused).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("log in with another token"),
    });
    expect((await cli.run("contexts")).stdout).not.toContain("other");
  });

  test("asks for what login needs on a terminal, and shows nothing of the token", async () => {
    const login = cli.onTerminal("codeactions login --context asked");
    await login.says("Address of the service");
    login.type(`\x15${service.url}\r`);
    await login.says("Token");
    login.type(`${OPERATOR_TOKEN}\r`);
    await login.says("Project that is meant");
    login.type("\r");
    const { exitCode, stdout } = await login.ended;
    expect(exitCode).toBe(0);
    expect(stdout).not.toContain(OPERATOR_TOKEN);
    expect((await cli.run("contexts")).stdout).toMatch(/^\* {2}asked {4}http/m);
  });
});

describe("for programs", () => {
  test("--json is JSON, wherever it is offered", async () => {
    const { id: codeId } = await newCode(clients, projectId, HELLO, { slug: "one" });
    const { run } = await clients.runs.runCode({ codeId });
    await clients.codes.putSecret({ projectId, name: "KEY", value: "a value that is secret" });
    await cli.write("work/codeactions.yaml", "");
    await cli.write("work/one.py", HELLO);
    const commands: [words: string[], expected: unknown][] = [
      [["codes"], [expect.objectContaining({ slug: "one", type: "CODE_TYPE_ENDPOINT" })]],
      [["contexts"], [{ name: "default", address: service.url, isCurrent: true, project }]],
      [["deploy", "work", "--dry-run"], expect.objectContaining({ project, isApplied: false, failed: [] })],
      [["projects"], expect.arrayContaining([expect.objectContaining({ slug: project })])],
      [["run", "one"], expect.objectContaining({ status: "RUN_STATUS_SUCCEEDED" })],
      [["runs", "one"], expect.arrayContaining([expect.objectContaining({ id: run!.id })])],
      [["runs", "show", run!.id], expect.objectContaining({ id: run!.id })],
      [["secrets"], [expect.objectContaining({ name: "KEY" })]],
      [["tokens"], []],
      [
        ["tokens", "create", "ci", "--role", "viewer"],
        { token: expect.anything(), secret: expect.stringMatching(/^ca_/) },
      ],
      [["versions", "one"], [expect.objectContaining({ number: 1 })]],
      [["versions", "one", "1"], expect.objectContaining({ source: HELLO })],
      [["projects", "create", `${project} again`], expect.objectContaining({ slug: `${project}-again` })],
    ];
    for (const [words, expected] of commands)
      expect([words, JSON.parse((await cli.run(...words, "--json")).stdout)]).toEqual([words, expected]);
    const lines = (await cli.run("logs", "--run", run!.id, "--json")).stdout.trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { text: string }).text)).toEqual([
      "greeting world",
      "careful",
    ]);
  });

  test("there are colors on a terminal, and none in a pipe or with NO_COLOR", async () => {
    await newCode(clients, projectId, HELLO, { slug: "one" });
    const sign = "\x1b";
    const pipe = await cli.start(["run", "one"], { environment: { CI: "true", TERM: "xterm" } }).ended;
    expect(pipe.stdout + pipe.stderr).not.toContain(sign);
    expect((await cli.onTerminal("codeactions run one").ended).stdout).toContain(`${sign}[32mSUCCEEDED`);
    const plain = await cli.onTerminal("NO_COLOR=1 codeactions logs").ended;
    expect(plain.stdout).toContain("WARNING  one  careful");
    expect(plain.stdout).not.toContain(sign);
  });

  test.each([
    [2, ["deply"], "unknown command 'deply'"],
    [2, ["run"], "missing required argument 'code'"],
    [2, ["run", "one", "--param", "x"], "Write it as name=value."],
    [2, ["logs", "--level", "loud"], "Allowed choices are debug, info, warning, error."],
    [2, ["logs", "-f", "--until", "1h"], "do not go together"],
    [1, ["run", "nope"], 'has no code "nope"'],
    [1, ["codes", "--project", "nope"], 'there is no project "nope"'],
    [1, ["codes", "--context", "nope"], 'there is no context "nope"; there are default'],
    [1, ["runs", "show", "0199a0b0-0000-7000-8000-000000000000"], "see codeactions runs"],
    [1, ["deploy", "nowhere"], "codeactions init nowhere"],
    [
      3,
      ["login", "--address", "http://127.0.0.1:9", "--token", "x"],
      "no service answers at 127.0.0.1:9; start one",
    ],
  ])("ends with %i and says what to do: %j", async (exitCode, words, said) => {
    await newCode(clients, projectId, HELLO, { slug: "one" });
    expect(await cli.run(...words)).toMatchObject({
      exitCode,
      stdout: "",
      stderr: expect.stringContaining(said),
    });
  });
});

describe("contexts, secrets and tokens", () => {
  test("contexts are chosen by use, by --context and by the environment, and forgotten by logout", async () => {
    await login("second");
    expect((await cli.run("use", "default")).exitCode).toBe(0);
    expect((await cli.run("contexts")).stdout).toMatch(/^\* {2}default .*\n {3}second /m);
    const elsewhere = { CODEACTIONS_ADDRESS: "http://127.0.0.1:9" };
    expect((await cli.start(["codes"], { environment: elsewhere }).ended).exitCode).toBe(3);
    expect(
      (await cli.start(["codes", "--context", "second"], { environment: elsewhere }).ended).exitCode,
    ).toBe(0);
    // A kept token goes to its own address only.
    const here = { CODEACTIONS_ADDRESS: service.url };
    expect((await cli.start(["codes"], { environment: here }).ended).stderr).toContain("log in");
    expect((await cli.run("logout", "second")).exitCode).toBe(0);
    expect((await cli.run("logout")).exitCode).toBe(0);
    expect((await cli.run("contexts")).stderr).toContain("not logged in");
  });

  test("a secret is read from stdin, seen by runs and by nobody else, and deleted", async () => {
    await newCode(clients, projectId, "def Run(engine): return str(len(engine.secrets.get('KEY', '')))\n", {
      slug: "one",
    });
    expect((await cli.runWith("s3cret-value\n", "secrets", "set", "KEY")).exitCode).toBe(0);
    expect((await cli.run("run", "one")).stdout).toBe("12");
    const list = await cli.run("secrets");
    expect(list.stdout).toMatch(/^KEY /m);
    expect(list.stdout).not.toContain("s3cret");
    expect((await cli.run("secrets", "delete", "KEY")).exitCode).toBe(0);
    expect((await cli.run("run", "one")).stdout).toBe("0");
  });

  test("a token is worth its role until it is revoked", async () => {
    await newCode(clients, projectId, HELLO, { slug: "one" });
    const { stdout: secret } = await cli.run(
      "tokens",
      "create",
      "reader",
      "--role",
      "viewer",
      "--expires",
      "1h",
    );
    const reader = { CODEACTIONS_ADDRESS: service.url, CODEACTIONS_TOKEN: secret.trim() };
    const asReader = (...words: string[]) => cli.start(words, { environment: reader }).ended;
    expect((await asReader("codes")).stdout).toMatch(/^one /m);
    expect(await asReader("run", "one")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("CONTRIBUTOR"),
    });
    const [{ id } = { id: "" }] = JSON.parse((await cli.run("tokens", "--json")).stdout) as { id: string }[];
    expect((await cli.run("tokens", "revoke", id)).exitCode).toBe(0);
    expect((await asReader("codes")).stderr).toContain("codeactions login");
  });
});

/** Logs in as a person would. */
async function login(context = "default"): Promise<void> {
  const words = [
    "login",
    "--context",
    context,
    "--address",
    service.url,
    "--project",
    project,
    "--token-stdin",
  ];
  expect(await cli.runWith(`${OPERATOR_TOKEN}\n`, ...words)).toMatchObject({ exitCode: 0 });
}
