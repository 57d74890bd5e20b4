import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NodeService } from "../gen/codeactions/node/v1/node_service_pb.ts";
import { Language } from "../gen/codeactions/v1/code_pb.ts";
import { RunStatus } from "../gen/codeactions/v1/run_pb.ts";
import { NEVER } from "./sandbox/stage.ts";
import { newDatabase } from "./support/database.ts";
import { NODE_KEY, type NodeProcess, startNodeProcess, until } from "./support/nodes.ts";
import { launch, newDataFolder, start } from "./support/processes.ts";
import {
  type Clients,
  ECHO,
  newCode,
  newProject,
  refusalOf,
  type Service,
  startService,
  textOf,
  utf8,
} from "./support/service.ts";

/** A service with doors only, and nodes in processes of their own: what callers see of that, and what they do not. */

const SLEEPS = "import time\ndef Run(engine):\n    print('begun')\n    time.sleep(600)\n";
const QUICK = "def Run(engine): return 'quick'\n";

let nodes: NodeProcess[];
let service: Service;
let clients: Clients;
let projectId: string;

beforeAll(async () => {
  nodes = await Promise.all([startNodeProcess(), startNodeProcess(), startNodeProcess()]);
  service = await apiOver(nodes.map(({ address }) => address));
  clients = service.clients();
  projectId = await newProject(clients);
});

afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  for (const node of nodes ?? []) await node[Symbol.asyncDispose]();
});

test("a service with doors only is ready by its nodes, and its languages are theirs", async () => {
  await allReady(service, 3);
  const { checks } = await readiness(service);
  expect(checks.find(({ name }) => name === "python")).toMatchObject({
    ok: true,
    detail: expect.stringMatching(/^Python 3/),
  });
});

test("a code runs on all nodes when one is not enough", async () => {
  await allReady(service, 3);
  const { id: codeId } = await newCode(clients, projectId, SLEEPS);
  const runs = Array.from({ length: 12 }, () => begin(clients, codeId));
  await Promise.all(nodes.map((node) => until(node.line, ({ busy }) => busy === 4)));
  for (const { runId } of await Promise.all(runs)) await clients.runs.cancelRun({ runId });
  await Promise.all(nodes.map((node) => until(node.line, ({ busy }) => busy === 0)));
});

test.each(["python", "javascript", "typescript", "go"] as const)(
  "%s: created, checked and run on nodes",
  async (language) => {
    await expect
      .poll(async () => (await readiness(service)).checks.find(({ name }) => name === language)?.detail, {
        timeout: 120_000,
      })
      .not.toMatch(/being made ready/);
    const fields = { language: Language[language.toUpperCase() as keyof typeof Language] };
    const refused = newCode(clients, projectId, "this is no source in any language {", fields);
    expect((await refusalOf(refused)).reason).toBe("SOURCE_INVALID");
    const { id: codeId } = await newCode(clients, projectId, ECHO[language], fields);
    const { run } = await clients.runs.runCode({ codeId, input: { method: "PUT", body: utf8("ü") } });
    expect(run).toMatchObject({ status: RunStatus.SUCCEEDED, result: { statusCode: 201 } });
    expect(textOf(run?.result?.body)).toBe("ü");
  },
  150_000,
);

test("bodies of 8 MiB pass through the HTTP door to a node and back", async () => {
  const source = "def Run(engine): engine.result.set(engine.raw_body, 200, 'application/x-big')\n";
  const { id } = await newCode(clients, projectId, source);
  const body = Buffer.alloc(8 * 1024 * 1024, "x");
  const answer = await fetch(`${service.url}/action/endpoint/${id}`, { method: "POST", body });
  expect(answer.status).toBe(200);
  expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
});

test("a log comes from a node while its run goes on: live, in order, without a hole", async () => {
  const source =
    "import time\ndef Run(engine):\n    for n in range(5000): print(n)\n    engine.log.info('all')\n    time.sleep(600)\n";
  const { id: codeId } = await newCode(clients, projectId, source);
  const { runId, texts } = await begin(clients, codeId, "all");
  expect(texts).toEqual([...Array.from({ length: 5000 }, (_, n) => String(n)), "all"]);
  const { run } = await clients.runs.cancelRun({ runId });
  expect(run?.status).toBe(RunStatus.CANCELLED);
});

test("secrets reach the runs of their project and no other, and are hidden in logs that come from nodes", async () => {
  await clients.codes.putSecret({ projectId, name: "KEY", value: "open-sesame" });
  const source =
    "def Run(engine):\n    print(engine.secrets.get('KEY'))\n    return engine.secrets.get('KEY') or 'none'\n";
  const otherProject = await newProject(clients, "others");
  const { id: ours } = await newCode(clients, projectId, source);
  const { id: theirs } = await newCode(clients, otherProject, source);
  const { run } = await clients.runs.runCode({ codeId: ours });
  expect(textOf(run?.result?.body)).toBe("open-sesame");
  expect(textOf((await clients.runs.runCode({ codeId: theirs })).run?.result?.body)).toBe("none");
  const { entries } = await clients.logs.listLogEntries({ scope: { case: "runId", value: run!.id } });
  expect(entries.map(({ text }) => text)).toEqual(["***"]);
});

test("a killed node: its runs are LOST, unless callers say that they may run twice, and no call is refused", async () => {
  const [victim, other] = await Promise.all([startNodeProcess(), startNodeProcess()]);
  await using _victim = victim;
  await using _other = other;
  await using own = await apiOver([victim.address, other.address]);
  await allReady(own, 2);
  const { clients: callers, codeId, quickId } = await twoCodes(own);
  const sleepers = await Promise.all(Array.from({ length: 4 }, () => begin(callers, codeId)));
  const onVictim = (await victim.line.describe(NEVER)).busy;
  expect(onVictim).toBeGreaterThan(0);
  const [load, twice] = [underLoad(callers, quickId), underLoad(callers, quickId, true)];
  await Promise.all([load.has(20), twice.has(20)]);
  await victim.end("SIGKILL");
  await Promise.all([load.has(20), twice.has(20)]);
  const statuses = await load.end();
  expect(statuses.every((status) => status === RunStatus.SUCCEEDED || status === RunStatus.LOST)).toBe(true);
  expect(new Set(await twice.end())).toEqual(new Set([RunStatus.SUCCEEDED]));
  const ends = await Promise.all(sleepers.map(({ runId }) => callers.runs.getRun({ runId })));
  const lost = ends.filter(({ run }) => run?.status === RunStatus.LOST);
  expect(lost.length).toBe(onVictim);
  for (const { run } of lost) expect(run?.error?.kind).toBe("NodeLost");
  const { entries } = await callers.logs.listLogEntries({
    scope: { case: "runId", value: lost[0]!.run!.id },
  });
  expect(entries.map(({ text }) => text)).toEqual([
    "begun",
    expect.stringContaining(`${victim.address} was lost while it ran this`),
  ]);
}, 60_000);

test("a node that stands still is left alone, and gets runs again once it goes on", async () => {
  const [frozen, other] = await Promise.all([startNodeProcess(), startNodeProcess()]);
  await using _frozen = frozen;
  await using _other = other;
  await using own = await apiOver([frozen.address, other.address]);
  await allReady(own, 2);
  const { clients: callers, quickId } = await twoCodes(own);
  frozen.process.kill("SIGSTOP");
  const load = underLoad(callers, quickId, true);
  await expect
    .poll(() => poolOf(own), { timeout: 20_000 })
    .toMatch(/^1 of 2 nodes take runs; .* not been heard of/);
  await load.has(10);
  frozen.process.kill("SIGCONT");
  await allReady(own, 2);
  expect(new Set(await load.end())).toEqual(new Set([RunStatus.SUCCEEDED]));
}, 90_000);

test("a node that drains finishes what it has and takes nothing new", async () => {
  const [leaving, staying] = await Promise.all([startNodeProcess(), startNodeProcess()]);
  await using _leaving = leaving;
  await using _staying = staying;
  await using own = await apiOver([leaving.address, staying.address]);
  await allReady(own, 2);
  const { clients: callers, codeId, quickId } = await twoCodes(own);
  const sleepers = await Promise.all(Array.from({ length: 4 }, () => begin(callers, codeId)));
  const ended = leaving.end("SIGTERM");
  await expect.poll(() => poolOf(own), { timeout: 10_000 }).toContain("it is draining");
  const load = underLoad(callers, quickId);
  await load.has(20);
  expect(new Set(await load.end())).toEqual(new Set([RunStatus.SUCCEEDED]));
  for (const { runId } of sleepers) {
    const { run } = await callers.runs.cancelRun({ runId });
    expect(run?.status).toBe(RunStatus.CANCELLED);
  }
  expect(await ended).toBe(0);
}, 60_000);

test("nodes with another key or of another version are named, and the others go on without them", async () => {
  await using stranger = await startNodeProcess({ CODEACTIONS_NODE_KEY: "a-key-that-nobody-has" });
  await using older = await olderNode();
  await using own = await apiOver([stranger.address, older.address, nodes[0]!.address]);
  await expect.poll(() => poolOf(own), { timeout: 10_000 }).toMatch(/^1 of 3 nodes take runs/);
  const told = await poolOf(own);
  expect(told).toContain(`${stranger.address} refuses our key; set CODEACTIONS_NODE_KEY to the same on both`);
  expect(told).toContain(`${older.address} speaks version 7 of the contract between nodes`);
  const { clients: callers, quickId } = await twoCodes(own);
  expect((await callers.runs.runCode({ codeId: quickId })).run?.status).toBe(RunStatus.SUCCEEDED);
});

test("without any node every run is refused with a time to come back, until one comes", async () => {
  const first = await startNodeProcess();
  await using _first = first;
  await using own = await apiOver([first.address]);
  await allReady(own, 1);
  const { clients: callers, quickId } = await twoCodes(own);
  await first.end("SIGKILL");
  await expect.poll(() => poolOf(own), { timeout: 10_000 }).toMatch(/^0 of 1/);
  const refusal = await refusalOf(callers.runs.runCode({ codeId: quickId }));
  expect(refusal).toMatchObject({ reason: "POOL_UNAVAILABLE", retry: true });
  await using _second = await startNodeProcess({ CODEACTIONS_PORT: String(first.port) });
  await allReady(own, 1);
  expect((await callers.runs.runCode({ codeId: quickId })).run?.status).toBe(RunStatus.SUCCEEDED);
}, 60_000);

test("a name stands for the nodes behind it, and a whole service has them beside its own", async () => {
  const [node] = nodes as [NodeProcess];
  await using own = await startService({
    CODEACTIONS_NODE_KEY: NODE_KEY,
    CODEACTIONS_NODES: `dns:localhost:${node.port}`,
  });
  // What localhost means besides 127.0.0.1 is the host's matter, and nobody listens there.
  await expect.poll(() => poolOf(own), { timeout: 10_000 }).toMatch(/^2 of/);
});

test("api starts without a sandbox's tools, runs codes on a node, and ends when it is told to", async () => {
  const folder = await newDataFolder();
  const api = await start(["api"], {
    CODEACTIONS_DATA_DIR: folder,
    CODEACTIONS_NODES: nodes[0]!.address,
    CODEACTIONS_NODE_KEY: NODE_KEY,
    DATABASE_URL: await newDatabase(),
    PATH: "/nowhere",
  });
  const ready = async () => (await fetch(`${api.url}/readyz`)).status;
  await expect.poll(ready, { timeout: 10_000 }).toBe(200);
  const project = await newProject(api.clients);
  const { id: codeId } = await newCode(api.clients, project, QUICK);
  expect((await api.clients.runs.runCode({ codeId })).run?.status).toBe(RunStatus.SUCCEEDED);
  expect(await api.end("SIGTERM")).toBe(0);
  await rm(folder, { recursive: true, force: true });
}, 30_000);

test.each([
  ["api", {}, "CODEACTIONS_NODES"],
  ["api", { CODEACTIONS_NODES: "10.0.0.3:8051" }, "CODEACTIONS_NODE_KEY"],
  ["node", {}, "CODEACTIONS_NODE_KEY"],
])("%s with %o does not start, and says what is missing", async (command, settings, missing) => {
  const launched = launch([command], { CODEACTIONS_PORT: "0", ...settings } as Record<string, string>);
  expect(await launched.code).toBe(1);
  expect(await launched.errors).toContain(missing);
});

function apiOver(addresses: readonly string[]): Promise<Service> {
  return startService(
    { CODEACTIONS_NODES: addresses.join(","), CODEACTIONS_NODE_KEY: NODE_KEY },
    { localNode: false },
  );
}

async function readiness(of: Service): Promise<{ checks: { name: string; ok: boolean; detail: string }[] }> {
  return (await fetch(`${of.url}/readyz`)).json() as never;
}

/** What is told of the pool. */
async function poolOf(of: Service): Promise<string> {
  return (await readiness(of)).checks.find(({ name }) => name === "pool")!.detail;
}

async function allReady(of: Service, count: number): Promise<void> {
  await expect.poll(() => poolOf(of), { timeout: 30_000 }).toBe(`${count} of ${count} nodes take runs`);
}

/** A code that goes on for ever and one that does not, of a project of their own. */
async function twoCodes(of: Service) {
  const own = of.clients();
  const project = await newProject(own);
  const [sleeping, quick] = await Promise.all([
    newCode(own, project, SLEEPS),
    newCode(own, project, QUICK, { name: "quick" }),
  ]);
  return { clients: own, codeId: sleeping.id, quickId: quick.id };
}

/** A run that has written a line; it goes on without its follower. */
async function begin(by: Clients, codeId: string, last = "begun") {
  let runId = "";
  const texts: string[] = [];
  const leave = new AbortController();
  for await (const { event } of by.runs.runCodeStream({ codeId }, { signal: leave.signal })) {
    if (event?.event.case === "started") runId = event.event.value.id;
    if (event?.event.case === "log") texts.push(...event.event.value.entries.map(({ text }) => text));
    if (event?.event.case === "finished") throw new Error(`the run ended: ${event.event.value.status}`);
    if (texts.includes(last)) break;
  }
  leave.abort();
  return { runId, texts };
}

/** Callers who call without a pause; a refusal ends the test. */
function underLoad(by: Clients, codeId: string, idempotent = false) {
  const statuses: RunStatus[] = [];
  let stopped = false;
  let waits: { count: number; done: () => void } | undefined;
  const caller = async () => {
    while (!stopped) {
      const { run } = await by.runs.runCode({ codeId, idempotent });
      statuses.push(run!.status);
      if (waits !== undefined && statuses.length >= waits.count) waits.done();
    }
  };
  const callers = Promise.all([caller(), caller(), caller()]);
  callers.catch(() => {});
  return {
    /** Resolves when there are so many answers more. */
    async has(more: number): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      waits = { count: statuses.length + more, done: resolve };
      await Promise.race([promise, callers]);
    },
    async end(): Promise<readonly RunStatus[]> {
      stopped = true;
      await callers;
      return statuses;
    },
  };
}

/** What answers as a node of another release would. */
async function olderNode(): Promise<AsyncDisposable & { address: string }> {
  const description = { protocolVersion: 7 };
  const server: Http2Server = createServer(
    connectNodeAdapter({
      routes: (router) =>
        router.service(NodeService, {
          describe: () => ({ description }),
          watch: async function* () {
            yield { description };
          },
        }),
    }),
  );
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}
