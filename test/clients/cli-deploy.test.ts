import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  CodeType,
  EndpointAuth,
  Isolation,
  Language,
  RecordPayloads,
} from "../../gen/codeactions/v1/code_pb.ts";
import {
  type Clients,
  newCode,
  newProject,
  OPERATOR_TOKEN,
  type Service,
  startService,
} from "../support/service.ts";
import { CommandLine, HELLO, SLEEPER } from "./command-line.ts";

/** Folders and the command line: what `deploy`, `pull` and `dev` do with them. */

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

describe("deploy", () => {
  test("shows the plan of a dry run, and changes nothing", async () => {
    await folder({ "one.py": HELLO });
    const plan = await cli.run("deploy", "work", "--dry-run");
    expect(plan).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("1 to create") });
    expect((await clients.codes.listCodes({ projectId })).codes).toEqual([]);
  });

  test("leaves codes alone that the folder has no file of, and deletes them with --prune", async () => {
    await newCode(clients, projectId, HELLO, { slug: "old" });
    await folder({ "one.py": HELLO });
    expect((await cli.run("deploy", "work")).stderr).toContain("left alone, --prune deletes: old");
    expect(await slugs()).toEqual(["old", "one"]);
    expect((await cli.run("deploy", "work", "--prune")).stderr).toContain("- delete  old");
    expect(await slugs()).toEqual(["one"]);
    expect((await cli.run("codes", "--deleted")).stdout).toMatch(/^old /m);
    expect((await cli.run("codes", "undelete", "old")).exitCode).toBe(0);
    expect(await slugs()).toEqual(["old", "one"]);
  });

  test("tells where each source is wrong, and changes nothing then", async () => {
    await folder({
      "good.py": HELLO,
      "bad.py": "import json\ndef Run(engine:\n    pass\n",
      "worse.js": "export function Run( {\n",
    });
    const { exitCode, stderr } = await cli.run("deploy", "work");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^work\/bad\.py:2:8: '\(' was never closed$/m);
    expect(stderr).toMatch(/^work\/worse\.js:\d+(:\d+)?: /m);
    expect(await slugs()).toEqual([]);
  });

  test("tells where each setting is wrong, whether it stands in the file or in codeactions.yaml", async () => {
    await cli.write("work/a.py", `# ---\n# timeout: soon\n# memory: 1GiB\n# ---\n${HELLO}`);
    await cli.write("work/Not A Slug.js", "export function Run() {}\n");
    await cli.write(
      "work/codeactions.yaml",
      "projekt: x\ndefaults:\n  type: ednpoint\ncodes:\n  b:\n    timeout: 1s\n",
    );
    const { exitCode, stderr } = await cli.run("deploy", "work");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("work/a.py:2:12: timeout accepts a duration");
    expect(stderr).toContain('work/a.py:3:3: there is no setting "memory"; is it memory_limit_bytes?');
    expect(stderr).toContain("work/codeactions.yaml:1:1: expected are project");
    expect(stderr).toContain("work/codeactions.yaml:3:9: type accepts flow or endpoint");
    expect(stderr).toContain('work/codeactions.yaml:5:3: there is no file of a code "b"');
    expect(stderr).toContain("work/Not A Slug.js: a code's file is named with");
  });

  test("stores settings of the folder, of the file and of the code, the nearest one last", async () => {
    await folder(
      {
        "one.py": `# ---\n# timeout: 20s\n# isolation: fresh\n# limits:\n#   processes: 32\n# ---\n${HELLO}`,
      },
      "defaults: { type: endpoint, timeout: 10s, max_concurrency: 3 }\ncodes: { one: { isolation: warm } }",
    );
    await cli.run("deploy", "work");
    const { codes } = await clients.codes.listCodes({ projectId });
    expect(codes[0]).toMatchObject({
      type: CodeType.ENDPOINT,
      timeout: { seconds: 20n },
      maxConcurrency: 3,
      isolation: Isolation.WARM,
      limits: { processes: 32 },
    });
    await folder({ "one.py": HELLO }, "defaults: { timeout: 30s, labels: { team: blue } }");
    const { stderr } = await cli.run("deploy", "work");
    expect(stderr).toContain(
      '~ update  one  source, as version 2, timeout 20s → 30s, labels {} → {"team":"blue"}',
    );
    // What is not mentioned any more stays as it was.
    expect((await clients.codes.listCodes({ projectId })).codes[0]).toMatchObject({
      maxConcurrency: 3,
      labels: { team: "blue" },
      timeout: { seconds: 30n },
    });
  });

  test("refuses another language under the name of a code", async () => {
    await newCode(clients, projectId, HELLO, { slug: "one" });
    await folder({ "one.js": "export function Run() {}\n" });
    expect(await cli.run("deploy", "work")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("work/one.js: one is python on the service"),
    });
  });

  test("goes on after a code that is refused, and ends with 1", async () => {
    await folder({ "a.py": `# ---\n# memory_limit_bytes: 3GiB\n# ---\n${HELLO}`, "b.py": HELLO });
    const { exitCode, stderr } = await cli.run("deploy", "work");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/✗ a: .*CODEACTIONS_MEMORY_BYTES_CEILING/);
    expect(stderr).toContain("✓ b  created");
  });

  test.each([
    ["y", "✓ one", ["one"]],
    ["n", "nothing was changed", []],
    ["\x03", "Change the project so?", []],
  ] as const)("asks on a terminal, and takes %j for an answer", async (key, said, stored) => {
    await folder({ "one.py": HELLO });
    const deploy = cli.onTerminal("NO_COLOR=1 codeactions deploy work");
    await deploy.says("Change the project so?");
    deploy.type(key);
    expect((await deploy.ended).stdout).toContain(said);
    expect(await slugs()).toEqual(stored);
  });
});

describe("pull", () => {
  test("writes a project that deploys unchanged, whatever its settings are", async () => {
    await newCode(clients, projectId, HELLO, { slug: "plain", name: "plain", type: CodeType.FLOW });
    await newCode(clients, projectId, HELLO, {
      slug: "rich",
      name: "Rich and: quoted",
      description: "two\nlines",
      labels: { team: "blue", yes: "no" },
      timeout: { seconds: 90n, nanos: 500_000_000 } as never,
      memoryLimitBytes: 100_000_001n,
      maxConcurrency: 2,
      rateLimit: { requests: 5, window: { seconds: 90n, nanos: 0 } } as never,
      egressHosts: ["*.example.org", "example.com:8443"],
      isolation: Isolation.FRESH,
      environment: { GREETING: "true" },
      endpointAuth: EndpointAuth.TOKEN,
      recordPayloads: RecordPayloads.METADATA,
      limits: { cpuMillis: 500, processes: 32, outputBytes: 2048n } as never,
    });
    await newCode(clients, projectId, "export function Run() { return 1 }\n", {
      slug: "script",
      language: Language.JAVASCRIPT,
    });
    expect((await cli.run("pull", "work")).exitCode).toBe(0);
    expect(await cli.read("work/rich.py")).toBe(HELLO);
    expect(await cli.read("work/codeactions.yaml")).not.toContain("plain:");
    expect((await cli.run("deploy", "work")).stderr).toContain(
      "0 to create, 0 to update, 0 to delete, 3 unchanged",
    );
    const other = await newProject(clients, `${project}-copy`);
    expect((await cli.run("deploy", "work", "--project", `${project}-copy`)).exitCode).toBe(0);
    const copy = (await clients.codes.listCodes({ projectId: other })).codes.find(
      ({ slug }) => slug === "rich",
    );
    const original = (await clients.codes.listCodes({ projectId })).codes.find(({ slug }) => slug === "rich");
    const { id, projectId: _, etag, createTime, updateTime, publicUrl, ...same } = original!;
    expect(copy).toMatchObject(same);
  });

  test("keeps comments, notes what changed on the service, and asks before it overwrites", async () => {
    await folder(
      { "one.py": `# ---\n# timeout: 20s\n# ---\n${HELLO}` },
      "# ours\ndefaults: { type: endpoint }",
    );
    await cli.run("deploy", "work");
    const [code] = (await clients.codes.listCodes({ projectId })).codes;
    const source = `# ---\n# timeout: 20s\n# ---\n${HELLO}# changed\n`;
    await clients.codes.updateCode({ codeId: code!.id, source, timeout: { seconds: 25n } as never });
    expect(await cli.run("pull", "work")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("work/one.py would be overwritten; say --yes"),
    });
    expect((await cli.run("pull", "work", "--yes")).exitCode).toBe(0);
    expect(await cli.read("work/one.py")).toBe(source);
    expect(await cli.read("work/codeactions.yaml")).toMatch(/^# ours\n.*timeout: 25s/s);
    expect((await cli.run("deploy", "work")).stderr).toContain("0 to update, 0 to delete, 1 unchanged");
  });
});

describe("dev", () => {
  test("runs a file at every change, cancels what is still running, and stores no code", async () => {
    await cli.write("one.py", SLEEPER);
    const dev = cli.start(["dev", "one.py", "--param", "name=you"]);
    await dev.says("begun");
    await cli.write("one.py", "def Run(engine:\n");
    await dev.says("CANCELLED");
    await dev.says("one.py:1:8: ");
    await cli.write(
      "one.py",
      `# ---\n# environment: { FRONT: matter }\n# ---\nimport os\n${HELLO}    print(1 / 0)\n`,
    );
    await dev.says("hello you");
    // Editors write beside the file, and put that in its place.
    await cli.write(
      "one.py~",
      "import os\ndef Run(engine): return 'second ' + os.environ.get('FRONT', 'none')\n",
    );
    await cli.shell("mv one.py~ one.py");
    await dev.says("second none");
    dev.signal("SIGINT");
    expect((await dev.ended).exitCode).toBe(130);
    expect(await slugs()).toEqual([]);
  });

  test("gives a try the settings that a deploy would give the code", async () => {
    await folder(
      {
        "one.py": `# ---\n# timeout: 1s\n# environment: { FRONT: matter }\n# ---\nimport os\n${SLEEPER.replace("'begun'", "x")}`,
      },
      "codes: { one: { memory_limit_bytes: 64MiB } }",
    );
    await cli.write("work/one.py", (await cli.read("work/one.py")).replace('"begun"', "os.environ['FRONT']"));
    const dev = cli.start(["dev", "work/one.py"]);
    await dev.says("matter");
    await dev.says("TIMED_OUT");
    dev.signal("SIGINT");
    await dev.ended;
  });
});

/** Makes the folder `work` with these files. */
async function folder(files: Readonly<Record<string, string>>, yaml = ""): Promise<void> {
  await cli.write("work/codeactions.yaml", `${yaml}\n`);
  for (const [name, text] of Object.entries(files)) await cli.write(`work/${name}`, text);
}

async function slugs(): Promise<string[]> {
  return (await clients.codes.listCodes({ projectId })).codes.map(({ slug }) => slug).toSorted();
}
