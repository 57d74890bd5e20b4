import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Isolation, Language } from "../../gen/codeactions/v1/code_pb.ts";
import { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";
import {
  type Clients,
  newCode,
  newProject,
  refusalOf,
  type Service,
  startService,
  textOf,
} from "../support/service.ts";

const MIB = 1024 * 1024;
const CEILINGS = {
  CODEACTIONS_TIMEOUT_MS_CEILING: "100000",
  CODEACTIONS_CONCURRENCY_CEILING: "20",
  CODEACTIONS_CPU_MILLIS_CEILING: "2000",
  CODEACTIONS_CPU_TIME_MS_CEILING: "90000",
  CODEACTIONS_OUTPUT_BYTES_CEILING: String(8 * MIB),
  CODEACTIONS_PROCESSES_CEILING: "128",
  CODEACTIONS_TMP_BYTES_CEILING: String(128 * MIB),
  CODEACTIONS_OPEN_FILES_CEILING: "512",
};
const ANSWER = "def Run(engine):\n  return 'here'";

let service: Service;
let clients: Clients;
let projectId: string;
beforeAll(async () => {
  service = await startService(CEILINGS);
  clients = service.clients();
  projectId = await newProject(clients);
});
afterAll(() => service[Symbol.asyncDispose]());

test("a code that asks for nothing shows the limits it has", async () => {
  const { id } = await newCode(clients, projectId, ANSWER);
  const { code } = await clients.codes.getCode({ codeId: id });
  expect(code).toMatchObject({
    memoryLimitBytes: BigInt(256 * MIB),
    maxConcurrency: 16,
    isolation: Isolation.WARM,
    egressHosts: [],
    limits: {
      cpuMillis: 1000,
      outputBytes: BigInt(4 * MIB),
      processes: 64,
      tmpBytes: BigInt(64 * MIB),
      openFiles: 256,
    },
  });
  expect([durationMs(code!.timeout!), durationMs(code!.limits!.cpuTime!)]).toEqual([60_000, 60_000]);
});

test("a change of one limit leaves the others as they are", async () => {
  const { id } = await newCode(clients, projectId, ANSWER, { limits: { processes: 100, openFiles: 300 } });
  const { code } = await clients.codes.updateCode({ codeId: id, limits: { openFiles: 400 } });
  expect(code?.limits).toMatchObject({ processes: 100, openFiles: 400, cpuMillis: 1000 });
});

test.each([
  ["timeout", "TIMEOUT_MS", { timeout: durationFromMs(100_001) }],
  ["memory_limit_bytes", "MEMORY_BYTES", { memoryLimitBytes: 4096n * BigInt(MIB) }],
  ["max_concurrency", "CONCURRENCY", { maxConcurrency: 21 }],
  ["limits.cpu_millis", "CPU_MILLIS", { limits: { cpuMillis: 2001 } }],
  ["limits.cpu_time", "CPU_TIME_MS", { limits: { cpuTime: durationFromMs(90_001) } }],
  ["limits.output_bytes", "OUTPUT_BYTES", { limits: { outputBytes: BigInt(8 * MIB + 1) } }],
  ["limits.processes", "PROCESSES", { limits: { processes: 129 } }],
  ["limits.tmp_bytes", "TMP_BYTES", { limits: { tmpBytes: BigInt(128 * MIB + 1) } }],
  ["limits.open_files", "OPEN_FILES", { limits: { openFiles: 513 } }],
])(
  "%s above the operator's ceiling is refused, with the setting's name, wherever it is asked for",
  async (field, name, fields) => {
    const expected = {
      code: "InvalidArgument",
      reason: "ABOVE_CEILING",
      fields: [field],
      metadata: { setting: `CODEACTIONS_${name}_CEILING` },
    };
    expect(await refusalOf(newCode(clients, projectId, ANSWER, fields))).toMatchObject(expected);
    const { id } = await newCode(clients, projectId, ANSWER);
    expect(await refusalOf(clients.codes.updateCode({ codeId: id, ...fields }))).toMatchObject(expected);
    if (field !== "max_concurrency") {
      const source = { projectId, language: Language.PYTHON, source: ANSWER };
      expect(await refusalOf(clients.runs.runSource({ ...source, ...fields }))).toMatchObject(expected);
    }
  },
);

test.each([
  ["limits.cpu_millis", { cpuMillis: 0 }],
  ["limits.cpu_millis", { cpuMillis: -1000 }],
  ["limits.cpu_time", { cpuTime: durationFromMs(0) }],
  ["limits.cpu_time", { cpuTime: durationFromMs(-1) }],
  ["limits.output_bytes", { outputBytes: 0n }],
  ["limits.output_bytes", { outputBytes: 2n ** 63n - 1n }],
  ["limits.processes", { processes: 0 }],
  ["limits.processes", { processes: 2 ** 31 - 1 }],
  ["limits.tmp_bytes", { tmpBytes: -1n }],
  ["limits.open_files", { openFiles: 3 }],
])("a value of %s that no operator could allow is refused by the contract", async (field, limits) => {
  expect(await refusalOf(newCode(clients, projectId, ANSWER, { limits }))).toMatchObject({
    code: "InvalidArgument",
    reason: "FIELD_INVALID",
    fields: [field],
  });
});

test("a limit that was stored before its ceiling was lowered is refused, not lowered", async () => {
  const { id } = await newCode(clients, projectId, ANSWER, { limits: { processes: 128 } });
  expect((await clients.runs.runCode({ codeId: id })).run?.status).toBe(RunStatus.SUCCEEDED);
  await service[Symbol.asyncDispose]();
  service = await startService({
    ...CEILINGS,
    DATABASE_URL: service.databaseUrl,
    CODEACTIONS_PROCESSES_CEILING: "127",
  });
  clients = service.clients();
  expect(await refusalOf(clients.runs.runCode({ codeId: id }))).toMatchObject({
    reason: "ABOVE_CEILING",
    fields: ["limits.processes"],
  });
});

test("the limits of a code are those its runs meet, each with a status and a word in the log", async () => {
  const endings: [string, object, RunStatus, string, string][] = [
    [
      "while True: pass",
      { cpuTime: durationFromMs(50) },
      RunStatus.TIMED_OUT,
      "ProcessorTime",
      "processor time",
    ],
    ["while True: print('x' * 999)", { outputBytes: 4096n }, RunStatus.OUTPUT_LIMIT, "Output", "more log"],
    [
      "open('/tmp/x', 'wb').write(b'x' * (2 << 20))",
      { tmpBytes: BigInt(MIB) },
      RunStatus.FAILED,
      "OSError",
      "OSError",
    ],
  ];
  for (const [body, limits, status, kind, word] of endings) {
    const { id } = await newCode(clients, projectId, `def Run(engine):\n  ${body}`, { limits });
    const { run } = await clients.runs.runCode({ codeId: id });
    expect([run?.status, run?.error?.kind]).toEqual([status, kind]);
    const { entries } = await clients.logs.listLogEntries({
      scope: { case: "runId", value: run!.id },
      newestFirst: true,
      pageSize: 1,
    });
    expect(entries[0]?.text).toContain(word);
  }
});

test("a code that asks for it gets a new jail for every run, until it asks for warm ones again", async () => {
  const count = "n = 0\ndef Run(engine):\n  global n\n  n += 1\n  return n";
  const { id } = await newCode(clients, projectId, count, { isolation: Isolation.FRESH });
  const answers = async () => {
    const runs = [await clients.runs.runCode({ codeId: id }), await clients.runs.runCode({ codeId: id })];
    return runs.map(({ run }) => textOf(run?.result?.body));
  };
  expect(await answers()).toEqual(["1", "1"]);
  await clients.codes.updateCode({ codeId: id, isolation: Isolation.WARM });
  expect(await answers()).toEqual(["1", "2"]);
});
