import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Isolation } from "../gen/codeactions/v1/code_pb.ts";
import { RunStatus } from "../gen/codeactions/v1/run_pb.ts";
import {
  EXHIBITS,
  type Exhibit,
  type Host,
  type MuseumLanguage,
  museumTable,
  nameOf,
  sourceOf,
} from "./guests/museum.ts";
import {
  type Clients,
  LANGUAGE_NUMBERS,
  newCode,
  newProject,
  refusalOf,
  type Service,
  startService,
  textOf,
  utf8,
} from "./support/service.ts";

/** Programs that try to harm: each ends as it must, leaves nothing, and its neighbours notice nothing. */

const MIB = 1024 * 1024;
const UID_BASE = 500_000 + (process.pid % 10_000) * 100;
const NEIGHBOURS = ["python", "javascript"] as const;
const BLANK_WORKERS = 2;
/** A blank or idle worker: the interpreter and the two processes of bubblewrap. */
const WORKER_PROCESSES = 3;
const WORKER_MEMORY_MAX = 64 * MIB;

let service: Service;
let clients: Clients;
let host: Host;
let abstract: Server;
let attackers: string;
let neighbours: string[];
let mounts: string;

beforeAll(async () => {
  service = await startService({
    CODEACTIONS_UID_BASE: String(UID_BASE),
    CODEACTIONS_BLANK_WORKERS: String(BLANK_WORKERS),
    CODEACTIONS_BLANK_WORKERS_MAX: String(BLANK_WORKERS),
  });
  clients = service.clients();
  await service.app.languageSettled("go", AbortSignal.timeout(300_000));
  const name = `codeactions-museum-${process.pid}`;
  abstract = createServer().listen(`\0${name}`);
  const database = new URL(service.databaseUrl);
  host = {
    files: [
      import.meta.filename,
      `${process.cwd()}/package.json`,
      process.execPath,
      `/proc/${process.pid}/environ`,
    ],
    doors: [
      ["127.0.0.1", service.app.port],
      ["127.0.0.1", Number(database.port || 5432)],
    ],
    abstractSockets: [name],
  };
  attackers = await newProject(clients, "attackers");
  const theirs = await newProject(clients, "neighbours");
  const sources = {
    python: "def Run(engine):\n    return engine.body[::-1]",
    javascript: "export const Run = (engine) => [...engine.body].reverse().join('')",
  };
  neighbours = await Promise.all(
    NEIGHBOURS.map(async (language) => {
      const fields = { language: LANGUAGE_NUMBERS[language], timeout: durationFromMs(10_000) };
      return (await newCode(clients, theirs, sources[language], fields)).id;
    }),
  );
  await askNeighbours("first");
  await hostIsUnharmed();
  mounts = readFileSync("/proc/self/mountinfo", "utf8");
}, 600_000);

afterAll(async () => {
  abstract.close();
  await service[Symbol.asyncDispose]();
});

const CASES = EXHIBITS.flatMap((exhibit) =>
  exhibit.languages.map((language) => [exhibit.name, language, exhibit] as const),
);

test.each(CASES)(
  "%s in %s ends as it must, and neither the host nor the neighbours are harmed",
  async (_, language, exhibit) => {
    const [seen] = await Promise.all([attack(exhibit, language), askNeighbours(exhibit.name)]);
    const outcomes = [exhibit.outcome].flat().map((outcome) => {
      if (outcome === "refused") return outcome;
      const kind = outcome.kind === undefined ? undefined : expect.stringMatching(outcome.kind);
      return { status: nameOf(outcome.status), kind, answer: outcome.answer };
    });
    expect(outcomes).toContainEqual(seen);
    await askNeighbours("after it");
    await hostIsUnharmed();
  },
  60_000,
);

test("the log of every attack is text, and half a line is in it", async () => {
  const { runs } = await clients.runs.listRuns({
    scope: { case: "projectId", value: attackers },
    pageSize: 100,
  });
  expect(runs.length).toBeGreaterThan(50);
  const { entries } = await clients.logs.listLogEntries({
    scope: { case: "projectId", value: attackers },
    text: "half a line",
  });
  expect(entries.map(({ text }) => text)).toContain("half a line");
});

test("SECURITY.md shows the museum as it is", () => {
  const table = museumTable();
  const shown = /<!-- museum -->\n([\s\S]*?)\n<!-- \/museum -->/.exec(
    readFileSync("SECURITY.md", "utf8"),
  )?.[1];
  expect(shown).toBe(table);
});

test("a service that ends leaves no group behind", async () => {
  await using another = await startService();
  await newProject(another.clients());
  expect(groups().length).toBeGreaterThan(0);
  await another[Symbol.asyncDispose]();
  await vi.waitUntil(() => groups().length === standing(), { timeout: 10_000, interval: 50 });
});

/** Stores and runs a program; what came of it in words that can be compared. */
async function attack({ name, body, outcome, memoryMib = 64 }: Exhibit, language: MuseumLanguage) {
  const isForTime = [outcome].flat().some((end) => end !== "refused" && end.status === RunStatus.TIMED_OUT);
  const stored = newCode(clients, attackers, sourceOf(name, language), {
    language: LANGUAGE_NUMBERS[language],
    name,
    // Only what is to end for its time is given little of it: the others meet their limits on a busy machine too.
    timeout: durationFromMs(isForTime ? 1_500 : 20_000),
    memoryLimitBytes: BigInt(memoryMib * MIB),
    // Its worker ends with it, so that what is left can be told from what is kept.
    isolation: Isolation.FRESH,
  });
  const code = await stored.catch(async () => {
    expect(await refusalOf(stored)).toMatchObject({ reason: "SOURCE_INVALID" });
    return undefined;
  });
  if (code === undefined) return "refused";
  const { run } = await clients.runs.runCode({ codeId: code.id, input: { body: utf8(body?.(host) ?? "") } });
  const answer = textOf(run?.result?.body);
  return {
    status: nameOf(run!.status),
    kind: run?.status === RunStatus.FAILED ? run.error?.kind : undefined,
    answer: run?.status === RunStatus.SUCCEEDED ? parsed(answer) : undefined,
  };
}

function parsed(answer: string): unknown {
  try {
    return JSON.parse(answer);
  } catch {
    return answer;
  }
}

/** Their time-out is ten seconds: a neighbour that is starved fails. */
async function askNeighbours(question: string): Promise<void> {
  const asked = neighbours.map((codeId) => clients.runs.runCode({ codeId, input: { body: utf8(question) } }));
  for (const { run } of await Promise.all(asked)) {
    expect(nameOf(run!.status)).toBe("SUCCEEDED");
    expect(textOf(run?.result?.body)).toBe([...question].reverse().join(""));
  }
}

/** Workers that are there when nothing is going on: the neighbours', and those in stock. */
function standing(): number {
  return NEIGHBOURS.length + 2 * BLANK_WORKERS;
}

async function hostIsUnharmed(): Promise<void> {
  const state = () => {
    const jailed = processes();
    return {
      processes: jailed.length,
      groups: groups().length,
      memory: jailed.every(({ memoryBytes }) => memoryBytes < WORKER_MEMORY_MAX),
      planted: readdirSync("/tmp").filter((name) => name.includes("planted")),
      mounts: mounts === undefined || readFileSync("/proc/self/mountinfo", "utf8") === mounts,
    };
  };
  const expected = {
    processes: standing() * WORKER_PROCESSES,
    groups: standing(),
    memory: true,
    planted: [],
    mounts: true,
  };
  await vi.waitFor(() => expect(state()).toEqual(expected), { timeout: 20_000, interval: 50 });
}

/** Processes of this service's jails. */
function processes(): { pid: number; memoryBytes: number }[] {
  const found = [];
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const status = readStatus(name);
    const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
    if (!(uid >= UID_BASE && uid < UID_BASE + 100) || /^State:\s+Z/m.test(status)) continue;
    found.push({
      pid: Number(name),
      memoryBytes: 1024 * Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0),
    });
  }
  return found;
}

function readStatus(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return ""; // It has ended.
  }
}

/** Control groups of this process's jails, by their names. */
function groups(): string[] {
  const pattern = `*/codeactions/${process.pid}-*/*`;
  const words = ["/sys/fs/cgroup", "-mindepth", "3", "-type", "d", "-path", pattern, "-printf", "%f\n"];
  return [...new Set(execFileSync("find", words, { encoding: "utf8" }).split("\n").filter(Boolean))];
}
