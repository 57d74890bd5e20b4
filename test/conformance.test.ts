import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CodeType, ProblemKind } from "../gen/codeactions/v1/code_pb.ts";
import { LogLevel, LogStream } from "../gen/codeactions/v1/log_pb.ts";
import { type RunEvent, RunStatus } from "../gen/codeactions/v1/run_pb.ts";
import {
  ECHO,
  LANGUAGE_NUMBERS,
  newCode,
  newProject,
  PROTOCOLS,
  refusalOf,
  type Service,
  startService,
  textOf,
  utf8,
} from "./support/service.ts";

/** One story, played through every protocol and in every language: what holds in one holds in all. */

const LANGUAGES = ["python", "javascript", "typescript", "go"] as const;
const UNKNOWN = "0198c0de-0000-7000-8000-000000000000";
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);

const BROKEN = {
  python: { source: "def Run(engine):\n    return (\n", line: 2 },
  javascript: { source: "export function Run(engine) {\n  return (;\n}\n", line: 2 },
  typescript: { source: "export function Run(engine: any): void {\n  const x: = 1;\n}\n", line: 2 },
  go: {
    source:
      'package action\n\nimport "codeactions/engine"\n\nfunc Run(e *engine.Engine) error {\n\treturn (\n}\n',
    line: 6,
  },
} as const;

let service: Service;
let projectId: string;
const codeIds = {} as Record<(typeof LANGUAGES)[number], string>;

beforeAll(async () => {
  service = await startService();
  await service.app.languageSettled("go", AbortSignal.timeout(300_000));
  const clients = service.clients();
  projectId = await newProject(clients);
  for (const language of LANGUAGES) {
    const code = await newCode(clients, projectId, ECHO[language], {
      language: LANGUAGE_NUMBERS[language],
      name: language,
    });
    codeIds[language] = code.id;
  }
}, 600_000);

afterAll(() => service?.[Symbol.asyncDispose]());

describe.each(PROTOCOLS)("over %s", (protocol) => {
  describe.each(LANGUAGES)("a code in %s", (language) => {
    test("gets its input and answers with any bytes, a status and headers", async () => {
      const { runs } = service.clients(protocol);
      const input = { method: "PUT", path: "/x", query: [{ name: "q", value: "a b&c=d" }], body: EVERY_BYTE };
      const { run } = await runs.runCode({ codeId: codeIds[language], input });
      expect(run?.status).toBe(RunStatus.SUCCEEDED);
      expect(run?.result).toMatchObject({
        statusCode: 201,
        contentType: "application/x-echo",
        bodyBytes: 256n,
      });
      expect(Buffer.from(run!.result!.body)).toEqual(Buffer.from(EVERY_BYTE));
      const headers = Object.fromEntries(
        run!.result!.headers.map(({ name, value }) => [name.toLowerCase(), value]),
      );
      expect(headers).toMatchObject({ "x-method": "PUT", "x-q": "a b&c=d" });
      expect(run?.request).toBeUndefined();
      expect(run?.usage?.logEntries).toBe(2n);
    });

    test("shows its run while it happens: started, its log in order, its end with the result", async () => {
      const { runs } = service.clients(protocol);
      const events: RunEvent[] = [];
      for await (const { event } of runs.runCodeStream({
        codeId: codeIds[language],
        input: { body: utf8("hello") },
      })) {
        events.push(event!);
      }
      expect(events[0]?.event.case).toBe("started");
      const last = events.at(-1)!;
      expect(last.event.case === "finished" && textOf(last.event.value.result?.body)).toBe("hello");
      const entries = events.flatMap((event) =>
        event.event.case === "log" ? event.event.value.entries : [],
      );
      expect(entries.map(({ sequence, level, stream, text }) => ({ sequence, level, stream, text }))).toEqual(
        [
          { sequence: 1n, level: LogLevel.INFO, stream: LogStream.STDOUT, text: "printed" },
          { sequence: 2n, level: LogLevel.WARNING, stream: LogStream.ENGINE, text: "logged" },
        ],
      );
    });

    test("is refused with the position when it does not parse", async () => {
      const { codes } = service.clients(protocol);
      const { source, line } = BROKEN[language];
      const ask = {
        projectId,
        name: "broken",
        type: CodeType.FLOW,
        language: LANGUAGE_NUMBERS[language],
        source,
      };
      const refusal = await refusalOf(codes.createCode(ask));
      expect(refusal).toMatchObject({ code: "InvalidArgument", reason: "SOURCE_INVALID" });
      const { problems } = await codes.checkCode({ projectId, language: LANGUAGE_NUMBERS[language], source });
      expect(problems[0]).toMatchObject({ kind: ProblemKind.SYNTAX });
      expect(Math.abs(problems[0]!.line - line)).toBeLessThanOrEqual(1);
    });
  });

  test("a call without a token is refused", async () => {
    const refusal = await refusalOf(
      service.clients(protocol, null).codes.getCode({ codeId: codeIds.python }),
    );
    expect(refusal).toMatchObject({ code: "Unauthenticated", reason: "TOKEN_MISSING" });
  });

  test("a call with a wrong token is refused", async () => {
    const refusal = await refusalOf(
      service.clients(protocol, "ca_wrong").runs.runCode({ codeId: codeIds.python }),
    );
    expect(refusal).toMatchObject({ code: "Unauthenticated", reason: "TOKEN_INVALID" });
  });

  test("an unknown code is not found, in a unary call and in a stream", async () => {
    const { runs, logs } = service.clients(protocol);
    expect(await refusalOf(runs.runCode({ codeId: UNKNOWN }))).toMatchObject({
      code: "NotFound",
      reason: "CODE_NOT_FOUND",
    });
    expect(await refusalOf(logs.tailLogs({ scope: { case: "codeId", value: UNKNOWN } }))).toMatchObject({
      code: "NotFound",
      reason: "CODE_NOT_FOUND",
    });
  });

  test("a malformed id is refused by the name of its field", async () => {
    const refusal = await refusalOf(service.clients(protocol).runs.getRun({ runId: "seven" }));
    expect(refusal).toMatchObject({ code: "InvalidArgument", reason: "FIELD_INVALID", fields: ["run_id"] });
  });

  test("a body at the limit arrives, one above it is refused", async () => {
    const { runs } = service.clients(protocol);
    const body = new Uint8Array(3 * 1024 * 1024).fill(7);
    const { run } = await runs.runCode({ codeId: codeIds.javascript, input: { body } });
    expect(run?.result?.body.byteLength).toBe(body.byteLength);
    expect(run?.result?.body.every((byte) => byte === 7)).toBe(true);
    const above = refusalOf(
      runs.runCode({ codeId: codeIds.javascript, input: { body: new Uint8Array(body.byteLength + 1) } }),
    );
    expect(await above).toMatchObject({
      code: "InvalidArgument",
      reason: "FIELD_INVALID",
      fields: ["input.body"],
    });
  });

  test("a message above 4 MiB is refused for its size", async () => {
    const { runs } = service.clients(protocol);
    const refusal = await refusalOf(
      runs.runCode({ codeId: codeIds.javascript, input: { body: new Uint8Array(5 * 1024 * 1024) } }),
    );
    expect(refusal.code).toBe("ResourceExhausted");
  });

  test("a deadline ends the wait, and the run with it", async () => {
    const clients = service.clients(protocol);
    const source = "import time\ndef Run(engine):\n    time.sleep(60)\n";
    const { id: codeId } = await newCode(clients, projectId, source, { name: "sleeper" });
    const refusal = await refusalOf(clients.runs.runCode({ codeId }, { timeoutMs: 1500 }));
    expect(refusal.code).toBe("DeadlineExceeded");
    await expect
      .poll(
        async () =>
          (await clients.runs.listRuns({ scope: { case: "codeId", value: codeId } })).runs[0]?.status,
        { timeout: 20_000 },
      )
      .toBe(RunStatus.CANCELLED);
  });
});
