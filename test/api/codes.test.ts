import { randomUUID } from "node:crypto";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CodeType, EndpointAuth, Language } from "../../gen/codeactions/v1/code_pb.ts";
import { CodeVersionView } from "../../gen/codeactions/v1/code_service_pb.ts";
import {
  type Clients,
  newCode,
  newProject,
  refusalOf,
  type Service,
  startService,
  textOf,
} from "../support/service.ts";

const ANSWER = (value: string) => `def Run(engine):\n    return ${JSON.stringify(value)}\n`;

let service: Service;
let clients: Clients;
let projectId: string;

beforeAll(async () => {
  service = await startService();
  clients = service.clients();
  projectId = await newProject(clients);
});

afterAll(() => service?.[Symbol.asyncDispose]());

test("a new code has the defaults the contract names", async () => {
  const { code } = await clients.codes.createCode({
    projectId,
    name: "Überweisung Nr. 1",
    type: CodeType.ENDPOINT,
    language: Language.PYTHON,
    source: ANSWER("x"),
  });
  expect(code).toMatchObject({
    slug: "uberweisung-nr-1",
    activeVersion: 1,
    timeout: { seconds: 60n },
    memoryLimitBytes: 268435456n,
    maxConcurrency: 16,
    rateLimit: { requests: 600, window: { seconds: 60n } },
    endpointAuth: EndpointAuth.PUBLIC,
  });
  expect(code?.publicUrl).toBe(`${service.url}/action/endpoint/${code?.id}`);
  expect(code?.etag).not.toBe("");
});

test("a second code of the same name gets a slug of its own; a slug that is asked for and taken is refused", async () => {
  const ask = {
    projectId,
    name: "twice",
    type: CodeType.FLOW,
    language: Language.PYTHON,
    source: ANSWER("x"),
  };
  const first = await clients.codes.createCode(ask);
  const second = await clients.codes.createCode(ask);
  expect([first.code?.slug, second.code?.slug]).toEqual(["twice", "twice-2"]);
  const refusal = await refusalOf(clients.codes.createCode({ ...ask, slug: "twice" }));
  expect(refusal).toMatchObject({ code: "AlreadyExists", reason: "SLUG_TAKEN", fields: ["slug"] });
});

test("the same request id makes one code; with another body it is refused", async () => {
  const ask = {
    projectId,
    name: "once",
    type: CodeType.FLOW,
    language: Language.PYTHON,
    source: ANSWER("x"),
    requestId: randomUUID(),
  };
  const answers = await Promise.all([1, 2, 3].map(() => clients.codes.createCode(ask)));
  expect(new Set(answers.map(({ code }) => code?.id)).size).toBe(1);
  const refusal = await refusalOf(clients.codes.createCode({ ...ask, name: "other" }));
  expect(refusal).toMatchObject({ code: "AlreadyExists", reason: "REQUEST_ID_REUSED" });
});

test("a changed source is the next version and runs at once; an unchanged one makes none", async () => {
  const { id: codeId } = await newCode(clients, projectId, ANSWER("one"));
  expect(await answerOf(codeId)).toBe("one");
  const changed = await clients.codes.updateCode({ codeId, source: ANSWER("two") });
  expect(changed).toMatchObject({ code: { activeVersion: 2 }, version: { number: 2 } });
  expect(await answerOf(codeId)).toBe("two");
  const same = await clients.codes.updateCode({ codeId, source: ANSWER("two") });
  expect(same.version).toBeUndefined();
});

test("a draft waits until it is activated, and an older version comes back the same way", async () => {
  const { id: codeId } = await newCode(clients, projectId, ANSWER("one"));
  await clients.codes.updateCode({ codeId, source: ANSWER("two"), draft: true });
  expect(await answerOf(codeId)).toBe("one");
  expect(await answerOf(codeId, 2)).toBe("two");
  await clients.codes.activateCodeVersion({ codeId, number: 2 });
  expect(await answerOf(codeId)).toBe("two");
  await clients.codes.activateCodeVersion({ codeId, number: 1 });
  expect(await answerOf(codeId)).toBe("one");
  const refusal = await refusalOf(clients.codes.activateCodeVersion({ codeId, number: 9 }));
  expect(refusal).toMatchObject({ code: "NotFound", reason: "VERSION_NOT_FOUND" });
});

test("versions are listed newest first, with sources only when they are asked for", async () => {
  const { id: codeId } = await newCode(clients, projectId, ANSWER("1"));
  for (const value of ["2", "3"]) await clients.codes.updateCode({ codeId, source: ANSWER(value) });
  const basic = await clients.codes.listCodeVersions({ codeId });
  expect(basic.versions.map(({ number, source }) => [number, source])).toEqual([
    [3, ""],
    [2, ""],
    [1, ""],
  ]);
  const full = await clients.codes.listCodeVersions({ codeId, view: CodeVersionView.FULL, pageSize: 2 });
  expect(full.versions.map(({ source }) => source)).toEqual([ANSWER("3"), ANSWER("2")]);
  const rest = await clients.codes.listCodeVersions({
    codeId,
    view: CodeVersionView.FULL,
    pageSize: 2,
    pageToken: full.nextPageToken,
  });
  expect(rest).toMatchObject({ versions: [{ number: 1 }], nextPageToken: "" });
  const { version } = await clients.codes.getCodeVersion({ codeId, number: 2 });
  expect(version?.source).toBe(ANSWER("2"));
  expect(version?.createdBy).toBe("operator");
});

test("an update from an older state is refused by its etag", async () => {
  const { id: codeId } = await newCode(clients, projectId, ANSWER("x"));
  const { code } = await clients.codes.getCode({ codeId });
  await clients.codes.updateCode({ codeId, etag: code!.etag, name: "first" });
  const refusal = await refusalOf(clients.codes.updateCode({ codeId, etag: code!.etag, name: "second" }));
  expect(refusal).toMatchObject({ code: "Aborted", reason: "ETAG_MISMATCH" });
});

test("an update changes only the fields that are present", async () => {
  const { id: codeId } = await newCode(clients, projectId, ANSWER("x"), {
    labels: { a: "1" },
    description: "words",
  });
  const { code } = await clients.codes.updateCode({
    codeId,
    timeout: durationFromMs(5000),
    labels: { labels: {} },
  });
  expect(code).toMatchObject({ timeout: { seconds: 5n }, labels: {}, description: "words", name: "a code" });
});

test.each([
  ["a code", "codes", (codeId: string) => clients.codes.updateCode({ codeId, name: "second" })],
  [
    "a project's secrets",
    "projects",
    () => clients.codes.putSecret({ projectId, name: "SECOND", value: "a secret" }),
  ],
])("a change of %s waits for another one that is under way", async (_, table, change) => {
  const { id: codeId } = await newCode(clients, projectId, ANSWER("first"));
  const earlier = new Client({ connectionString: service.databaseUrl });
  await earlier.connect();
  try {
    await earlier.query("begin");
    await earlier.query(`select 1 from ${table} where id = $1 for update`, [
      table === "codes" ? codeId : projectId,
    ]);
    let settled = false;
    const later = change(codeId).finally(() => {
      settled = true;
    });
    later.catch(() => {});
    await expect.poll(async () => settled || (await waitingFor(earlier)) > 0, { timeout: 20_000 }).toBe(true);
    expect(settled).toBe(false);
    await earlier.query("commit");
    await later;
  } finally {
    await earlier.end();
  }
});

/** How many connections wait for a lock of another one. */
async function waitingFor(client: Client): Promise<number> {
  const { rows } = await client.query(
    "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  return rows.length;
}

test("a deleted code is gone everywhere at once, and comes back whole", async () => {
  const { id: codeId, slug } = await newCode(clients, projectId, ANSWER("x"), { name: "to be deleted" });
  expect(await answerOf(codeId)).toBe("x");
  await clients.codes.deleteCode({ codeId });
  expect(await refusalOf(clients.runs.runCode({ codeId }))).toMatchObject({
    code: "NotFound",
    reason: "CODE_NOT_FOUND",
  });
  expect((await fetch(`${service.url}/action/endpoint/${codeId}`)).status).toBe(404);
  expect((await fetch(`${service.url}/e/tests/${slug}`)).status).toBe(404);
  expect((await clients.codes.getCode({ codeId })).code?.deleteTime).toBeDefined();
  const { codes } = await clients.codes.listCodes({ projectId, pageSize: 100 });
  expect(codes.map(({ id }) => id)).not.toContain(codeId);
  await clients.codes.undeleteCode({ codeId });
  expect(await answerOf(codeId)).toBe("x");
  expect(await refusalOf(clients.codes.undeleteCode({ codeId }))).toMatchObject({
    code: "FailedPrecondition",
  });
});

test("a deleted code whose slug was taken meanwhile cannot come back", async () => {
  const first = await newCode(clients, projectId, ANSWER("x"), { name: "contested" });
  await clients.codes.deleteCode({ codeId: first.id });
  await newCode(clients, projectId, ANSWER("x"), { name: "contested" });
  const refusal = await refusalOf(clients.codes.undeleteCode({ codeId: first.id }));
  expect(refusal).toMatchObject({ code: "AlreadyExists", reason: "SLUG_TAKEN" });
});

test("codes are paged newest first, without a hole or a double while new ones come in", async () => {
  const project = await newProject(clients, "paged");
  const made: string[] = [];
  for (let number = 0; number < 25; number++) made.push((await newCode(clients, project, ANSWER("x"))).id);
  const seen: string[] = [];
  let pageToken = "";
  do {
    const page = await clients.codes.listCodes({ projectId: project, pageSize: 7, pageToken });
    seen.push(...page.codes.map(({ id }) => id));
    await newCode(clients, project, ANSWER("new"));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(seen).toEqual(made.toReversed());
});

test("a page token of another question, or none of ours, is refused", async () => {
  const { nextPageToken } = await clients.codes.listCodes({ projectId, pageSize: 1 });
  for (const pageToken of [nextPageToken, "nonsense", "a".repeat(2000)]) {
    const refusal = await refusalOf(
      clients.codes.listCodes({ projectId, pageSize: 1, pageToken, type: CodeType.FLOW }),
    );
    expect(refusal).toMatchObject({
      code: "InvalidArgument",
      reason: "PAGE_TOKEN_INVALID",
      fields: ["page_token"],
    });
  }
});

test("codes are found by type, language and labels", async () => {
  const project = await newProject(clients, "filtered");
  const labelled = await newCode(clients, project, ANSWER("x"), { labels: { team: "a", tier: "1" } });
  await newCode(clients, project, ANSWER("x"), { labels: { team: "b" }, type: CodeType.FLOW });
  const found = async (filter: object) =>
    (await clients.codes.listCodes({ projectId: project, ...filter })).codes.map(({ id }) => id);
  expect(await found({ labels: { team: "a" } })).toEqual([labelled.id]);
  expect(await found({ type: CodeType.ENDPOINT })).toEqual([labelled.id]);
  expect(await found({ language: Language.GO })).toEqual([]);
});

test.each([
  ["an empty source", { source: "" }, ["source"]],
  ["a source above 1 MiB", { source: `x = "${"a".repeat(1024 * 1024)}"` }, ["source"]],
  ["an empty name", { name: "" }, ["name"]],
  ["a name over 255", { name: "n".repeat(256) }, ["name"]],
  ["an unknown language", { language: 99 as Language }, ["language"]],
  ["no language", { language: Language.UNSPECIFIED }, ["language"]],
  ["a time-out of 0", { timeout: durationFromMs(0) }, ["timeout"]],
  ["a time-out above 900 s", { timeout: durationFromMs(901_000) }, ["timeout"]],
  ["a negative time-out", { timeout: durationFromMs(-5000) }, ["timeout"]],
  ["a memory limit of 1 byte", { memoryLimitBytes: 1n }, ["memory_limit_bytes"]],
  ["a negative memory limit", { memoryLimitBytes: -1n }, ["memory_limit_bytes"]],
  ["a slug with a slash", { slug: "a/b" }, ["slug"]],
  ["a request id that is no UUID", { requestId: "again" }, ["request_id"]],
  ["a concurrency of 0", { maxConcurrency: 0 }, ["max_concurrency"]],
  ["an environment name with a space", { environment: { "A B": "x" } }, ['environment["A B"]']],
])("%s is refused by the name of its field", async (_, fields, named) => {
  const refusal = await refusalOf(newCode(clients, projectId, ANSWER("x"), fields));
  expect(refusal).toMatchObject({ code: "InvalidArgument", reason: "FIELD_INVALID", fields: named });
});

async function answerOf(codeId: string, version = 0): Promise<string> {
  const { run } = await clients.runs.runCode({ codeId, version });
  return textOf(run?.result?.body);
}

test("codes of one name that are created at once get a slug each", async () => {
  const made = await Promise.all(
    Array.from({ length: 12 }, () => newCode(clients, projectId, ANSWER("x"), { name: "All at once" })),
  );
  expect(new Set(made.map(({ slug }) => slug)).size).toBe(12);
  expect(made.map(({ slug }) => slug)).toContain("all-at-once");
});
