import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LogStream } from "../gen/codeactions/v1/log_pb.ts";
import { RunStatus } from "../gen/codeactions/v1/run_pb.ts";
import {
  type Launched,
  launch as launchProcess,
  newDataFolder,
  type Started,
  start as startProcess,
} from "./support/processes.ts";
import { clientsOver, newCode, newProject, textOf, transportFor } from "./support/service.ts";

/** The service as a process of its own, on its embedded database: started, killed and started again. */

/** Sleeps under a name by which it can be found among the host's processes. */
const SLOW = [
  "import ctypes, time",
  "def Run(engine):",
  "    PR_SET_NAME = 15",
  "    ctypes.CDLL(None).prctl(PR_SET_NAME, b'fast-asleep', 0, 0, 0)",
  "    print('begun')",
  "    time.sleep(600)",
  "",
].join("\n");

let folder: string;
const running: Started[] = [];

beforeEach(async () => {
  folder = await newDataFolder();
});

afterEach(async () => {
  for (const service of running.splice(0)) await service.end("SIGKILL");
  // The database of a killed service may still be writing its last words.
  await rm(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

test("a run that was under way when the service was killed is LOST once the lease has run out, and its log goes on without a hole", async () => {
  const first = await start();
  const projectId = await newProject(first.clients);
  const { id: codeId } = await newCode(first.clients, projectId, SLOW);
  let runId = "";
  for await (const { event } of first.clients.runs.runCodeStream({ codeId })) {
    if (event?.event.case === "started") runId = event.event.value.id;
    if (event?.event.case === "log") break;
  }
  await first.end("SIGKILL");
  const second = await start();
  const before = await second.clients.runs.getRun({ runId });
  expect([RunStatus.RUNNING, RunStatus.LOST]).toContain(before.run?.status);
  for await (const { event } of second.clients.runs.watchRun({ runId })) {
    if (event?.event.case === "finished") expect(event.event.value.status).toBe(RunStatus.LOST);
  }
  const { entries } = await second.clients.logs.listLogEntries({ scope: { case: "runId", value: runId } });
  expect(entries.map(({ sequence, stream }) => [sequence, stream])).toEqual([
    [1n, LogStream.STDOUT],
    [2n, LogStream.SYSTEM],
  ]);
});

test("what was answered before a kill is on record after it", async () => {
  const first = await start();
  const projectId = await newProject(first.clients);
  const { id: codeId } = await newCode(first.clients, projectId, "def Run(engine): return 'kept'\n");
  const runs = await Promise.all(Array.from({ length: 20 }, () => first.clients.runs.runCode({ codeId })));
  await first.end("SIGKILL");
  const second = await start();
  for (const { run } of runs) {
    const kept = await second.clients.runs.getRun({ runId: run!.id });
    expect(kept.run?.status).toBe(RunStatus.SUCCEEDED);
    expect(textOf(kept.run?.result?.body)).toBe("kept");
  }
});

test("a service that is killed leaves no worker behind, not even one that is idle and stopped", async () => {
  const service = await start({ CODEACTIONS_FREEZE_AFTER_MS: "100" });
  const projectId = await newProject(service.clients);
  const { id: codeId } = await newCode(service.clients, projectId, "def Run(engine): return 'idle'\n");
  await service.clients.runs.runCode({ codeId });
  const family = descendantsOf(service.process.pid!);
  await vi.waitUntil(() => family.some(isStopped), { timeout: 10_000, interval: 20 });
  const guests = family.filter(isStopped);
  await service.end("SIGKILL");
  await vi.waitUntil(() => !guests.some((pid) => existsSync(`/proc/${pid}`)), {
    timeout: 10_000,
    interval: 20,
  });
});

test("a killed worker ends its run, and the next run has another worker", async () => {
  const service = await start();
  const projectId = await newProject(service.clients);
  const { id: codeId } = await newCode(service.clients, projectId, SLOW);
  let status: RunStatus | undefined;
  for await (const { event } of service.clients.runs.runCodeStream({ codeId })) {
    const said = event?.event.case === "log" ? event.event.value.entries[0]?.text : undefined;
    if (said === "begun") process.kill(await guestOf(service), "SIGKILL");
    if (event?.event.case === "finished") status = event.event.value.status;
  }
  expect(status).toBe(RunStatus.FAILED);
  const well = await newCode(service.clients, projectId, "def Run(engine): return 'well'\n");
  expect((await service.clients.runs.runCode({ codeId: well.id })).run?.status).toBe(RunStatus.SUCCEEDED);
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s lets runs under way finish, then leaves no process behind",
  async (signal) => {
    const service = await start();
    const projectId = await newProject(service.clients);
    const source =
      "import time\ndef Run(engine):\n    print('begun')\n    time.sleep(1)\n    return 'finished'\n";
    const { id: codeId } = await newCode(service.clients, projectId, source);
    const tail = service.clients.logs
      .tailLogs({ scope: { case: "codeId", value: codeId } })
      [Symbol.asyncIterator]();
    await tail.next();
    const call = service.clients.runs.runCode({ codeId });
    await tail.next();
    const family = descendantsOf(service.process.pid!);
    expect(family.length).toBeGreaterThan(1);
    const ended = service.end(signal);
    expect(textOf((await call).run?.result?.body)).toBe("finished");
    expect(await ended).toBe(0);
    // What has ended is there until the host's init has taken note.
    await expect.poll(() => family.filter(isAlive), { timeout: 10_000 }).toEqual([]);
    await tail.next().catch(() => {});
  },
);

test("a second service on the same folder, or a used port, says so and ends", async () => {
  await start();
  const sameFolder = launch({ CODEACTIONS_PORT: "0" });
  expect(await sameFolder.code).not.toBe(0);
  expect(await sameFolder.errors).toContain(folder);
  const occupied = createServer().listen(0, "127.0.0.1");
  await once(occupied, "listening");
  const { port } = occupied.address() as { port: number };
  const other = await newDataFolder();
  try {
    const samePort = launch({ CODEACTIONS_PORT: String(port), CODEACTIONS_DATA_DIR: other });
    expect(await samePort.code).not.toBe(0);
    expect(await samePort.errors).toMatch(new RegExp(`${port}.*CODEACTIONS_PORT`, "s"));
  } finally {
    occupied.close();
    await rm(other, { recursive: true, force: true });
  }
});

test("a wrong setting ends the start with its name and what is accepted", async () => {
  const wrong = launch({ CODEACTIONS_PORT: "many", CODEACTIONS_RETENTION_DAYS: "0" });
  expect(await wrong.code).not.toBe(0);
  expect(await wrong.errors).toMatch(/CODEACTIONS_PORT is "many"; accepted: a whole number from 0 to 65535/);
  expect(await wrong.errors).toMatch(/CODEACTIONS_RETENTION_DAYS/);
});

test("the first start shows the operator's token once, and makes a demo that runs", async () => {
  const environment = { CODEACTIONS_DEMO: "true", CODEACTIONS_BOOTSTRAP_TOKEN: "" };
  const first = launch({ CODEACTIONS_PORT: "0", ...environment });
  const shown = await first.output((text) => text.includes("TailLogs"));
  const token = /ca_[\w-]{40,}/.exec(shown)?.[0];
  expect(token).toBeDefined();
  expect(shown).toContain("printing from Python");
  expect(shown.match(/SUCCEEDED/g)?.length).toBeGreaterThanOrEqual(3);
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(shown)![0];
  const { projects } = await clientsOver(transportFor("grpc", url, token)).projects.listProjects({});
  expect(projects.map(({ slug }) => slug)).toEqual(["demo"]);
  expect(await (await fetch(`${url}/e/demo/hello-javascript?name=you`)).json()).toEqual({ hello: "you" });
  first.process.kill("SIGTERM");
  expect(await first.code).toBe(0);
  const second = launch({ CODEACTIONS_PORT: "0", ...environment });
  const again = await second.output((text) => text.includes("TailLogs"));
  expect(again).not.toMatch(/ca_[\w-]{40,}/);
  second.process.kill("SIGTERM");
  await second.code;
});

async function start(settings: Record<string, string> = {}): Promise<Started> {
  const environment = { CODEACTIONS_DATA_DIR: folder, CODEACTIONS_LEASE_MS: "2000", ...settings };
  const service = await startProcess(["serve"], environment);
  running.push(service);
  return service;
}

function launch(environment: Record<string, string>): Launched {
  return launchProcess(["serve"], { CODEACTIONS_DATA_DIR: folder, ...environment });
}

/** The process of a code under a service that runs `SLOW`. */
async function guestOf(service: Started): Promise<number> {
  for (const pid of descendantsOf(service.process.pid!)) {
    if ((await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).trim() === "fast-asleep") return pid;
  }
  throw new Error("no guest is asleep under the service");
}

function isStopped(pid: number): boolean {
  try {
    return /^State:\s+D/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

function descendantsOf(pid: number): number[] {
  const children = Map.groupBy(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number),
    parentOf,
  );
  const found: number[] = [];
  for (const pending = [pid]; pending.length > 0; ) {
    for (const child of children.get(pending.pop()!) ?? []) {
      found.push(child);
      pending.push(child);
    }
  }
  return found;
}

/** 0 for a process that has ended meanwhile. */
function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
