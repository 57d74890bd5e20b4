import { connect } from "node:http2";
import { connect as connectSocket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";
import {
  type Clients,
  newCode,
  newProject,
  OPERATOR_TOKEN,
  refusalOf,
  type Service,
  startService,
} from "../support/service.ts";

/** What callers can do to the service without any code of theirs: floods, slow readers, streams left behind. */

const LINES = 60_000;
const PATIENCE = { timeout: 30_000 };

let service: Service;
let clients: Clients;
let projectId: string;

beforeAll(async () => {
  service = await startService({
    CODEACTIONS_WORKERS_MAX: "4",
    CODEACTIONS_WAITERS_MAX: "16",
    CODEACTIONS_GO: "/nonexistent/go",
  });
  clients = service.clients("grpc");
  projectId = await newProject(clients);
});

afterAll(() => service?.[Symbol.asyncDispose]());

test("a reader that does not read slows nobody, and misses nothing when it reads at last", async () => {
  const source = `def Run(engine):\n    for n in range(${LINES}): print(n, 'x' * 40)\n`;
  const { id: codeId } = await newCode(clients, projectId, source);
  const leaving = new AbortController();
  const scope = { case: "codeId", value: codeId } as const;
  const slow = clients.logs.tailLogs({ scope }, { signal: leaving.signal })[Symbol.asyncIterator]();
  expect((await slow.next()).value?.event?.event.case).toBe("started");
  const { run } = await clients.runs.runCode({ codeId });
  expect(run).toMatchObject({ status: RunStatus.SUCCEEDED, usage: { logEntries: BigInt(LINES) } });
  let next = 0;
  while (next < LINES) {
    const { value } = await slow.next();
    if (value?.event?.event.case !== "batch") continue;
    for (const { sequence } of value.event.event.value.entries) {
      next += 1;
      expect(sequence).toBe(BigInt(next));
    }
  }
  leaving.abort();
});

test("streams whose callers vanish leave nothing behind", async () => {
  const { id: codeId } = await newCode(clients, projectId, "def Run(engine): pass\n");
  const sockets = await Promise.all(Array.from({ length: 10 }, () => openTails(codeId, 20)));
  await expect.poll(followers, PATIENCE).toBe(200);
  for (const vanish of sockets) vanish();
  await expect.poll(followers, PATIENCE).toBe(0);
});

test("of a flood of runs each is served or refused at once, and afterwards all is as before", async () => {
  const source = "import time\ndef Run(engine): time.sleep(0.02)\n";
  const { id: codeId } = await newCode(clients, projectId, source);
  const flood = Array.from({ length: 400 }, () =>
    clients.runs.runCode({ codeId }).then(
      ({ run }) => (run?.status === RunStatus.SUCCEEDED ? "served" : run),
      (error: unknown) => refusalOf(Promise.reject(error)).then(({ reason, retry }) => `${reason} ${retry}`),
    ),
  );
  const ends = await Promise.all(flood);
  expect(new Set(ends)).toEqual(new Set(["served", "POOL_FULL true"]));
  expect(await clients.runs.runCode({ codeId })).toMatchObject({ run: { status: RunStatus.SUCCEEDED } });
  expect(await figure("codeactions_runs_waiting")).toBe(0);
  expect(await figure("codeactions_runs_under_way")).toBe(0);
});

/** Opens tails of a code over one connection of its own; answers with how to cut it without a word. */
async function openTails(codeId: string, count: number): Promise<() => void> {
  const { hostname, port } = new URL(service.url);
  const socket = connectSocket(Number(port), hostname);
  const session = connect(service.url, { createConnection: () => socket });
  session.on("error", () => {});
  for (let n = 0; n < count; n++) {
    const stream = session.request({
      ":method": "POST",
      ":path": "/codeactions.v1.LogService/TailLogs",
      "content-type": "application/connect+json",
      authorization: `Bearer ${OPERATOR_TOKEN}`,
    });
    stream.on("error", () => {});
    const message = Buffer.from(JSON.stringify({ codeId }));
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.byteLength, 1);
    stream.end(Buffer.concat([head, message]));
  }
  return () => socket.resetAndDestroy();
}

function followers(): Promise<number> {
  return figure("codeactions_log_followers");
}

async function figure(name: string): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
}
