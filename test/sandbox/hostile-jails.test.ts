import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Groups } from "../../src/sandbox/cgroup.ts";
import { openGroups } from "../../src/sandbox/groups.ts";
import { preparePython } from "../../src/sandbox/guests/python/root.ts";
import type { JailSpec } from "../../src/sandbox/jail.ts";
import { type Jail, Jails } from "../../src/sandbox/launch.ts";
import { NotAccepted, type Program } from "../../src/sandbox/program.ts";
import type { Runtime } from "../../src/sandbox/runtime.ts";
import { DEFAULT_SETTINGS } from "../../src/sandbox/settings.ts";
import { WarmPool } from "../../src/sandbox/warm-pool.ts";
import {
  type Event,
  encodeEvent,
  foresee,
  PLACEHOLDER,
  READY,
  realEvent,
  staleFrame,
} from "./hostile-guest.ts";
import { MIB, NEVER, program } from "./stage.ts";
import { Call, newWorker, WatchedWorker } from "./watched-worker.ts";

/** A failure prints the seed and the path to the smallest case. */
const IN_JAILS = { seed: 20_261_123, numRuns: 40, timeout: 30_000 };
const GUEST = readFileSync(join(import.meta.dirname, "hostile-guest.py"), "utf8");
const NO_LENGTH = Buffer.alloc(4);
/** For those of which nothing is to be expected. */
const SHORT_MS = 150;

const held = {} as { folder: string; runtime: Runtime; groups: Groups; jails: Jails };

beforeAll(async () => {
  held.folder = await mkdtemp(join(tmpdir(), "codeactions-hostile-"));
  await chmod(held.folder, 0o755);
  held.runtime = (await preparePython(join(held.folder, "python"), "python3")) as Runtime;
  held.groups = await openGroups();
  const uidBase = 500_000 + (process.pid % 10_000) * 1000;
  held.jails = new Jails({ site: { waivedWalls: [], asRoot: true }, groups: held.groups, uidBase });
});

afterAll(async () => {
  await held.jails[Symbol.asyncDispose]();
  await held.groups[Symbol.asyncDispose]();
  await rm(held.folder, { recursive: true, force: true });
});

const loaded: Event = { do: "frame", what: "loaded", to: 0 };
const answer: Event = { do: "frame", what: "answer", to: 0 };
const events = fc.array(realEvent, { maxLength: 8 }).map(withoutLatePrints);
const session = fc
  .tuple(fc.array(events, { minLength: 1, maxLength: 3 }), fc.nat(9))
  .map(([[first = [], ...rest], luck]) => [luck === 9 ? first : [loaded, ...first], ...rest]);

test("whatever a real guest says, each invocation has its one outcome, and nothing outlives a worker", async () => {
  const property = fc.asyncProperty(session, async (invocations) => {
    const jail = startJail(READY);
    const watched = new WatchedWorker(jail);
    await watched.worker.ready;
    let isReusable = true;
    for (const [index, given] of invocations.entries()) {
      if (!isReusable) break;
      // Without a word on its loading it would be waited for as long as a jail may take to start.
      const foreseen = foresee(given, index === 0);
      const isSilent = foreseen.status === undefined;
      const calls: Event[] = isSilent && !foreseen.isLoaded ? [...given, { do: "signal" }] : [...given];
      const expected = foresee(calls, index === 0);
      const steps = calls.map(toStep);
      const timeoutMs = expected.status === undefined ? SHORT_MS : 20_000;
      const call = new Call(watched.worker, { steps, timeoutMs });
      await call.expectForeseen({ ...expected, status: expected.status ?? "TIMED_OUT" });
      ({ isReusable } = expected);
    }
    if (isReusable) await watched.worker.end();
    await expectGone(watched, jail);
  });
  await fc.assert(property, IN_JAILS);
});

test("what is said too late is no other invocation's answer", async () => {
  const stale = fc.array(fc.array(staleFrame, { minLength: 1, maxLength: 4 }), {
    minLength: 2,
    maxLength: 8,
  });
  const property = fc.asyncProperty(stale, async (sessions) => {
    const jail = startJail(READY);
    const watched = new WatchedWorker(jail);
    await watched.worker.ready;
    for (const [index, frames] of sessions.entries()) {
      if (!watched.worker.canServe) break;
      const honest = (index === 0 ? [loaded, answer] : [answer]).map(toStep);
      const call = new Call(watched.worker, { steps: [...honest, { late: frames.map(toStep) }] });
      await call.expectForeseen({ status: "SUCCEEDED", logs: 0 });
    }
    await expectGone(watched, jail);
  });
  await fc.assert(property, { ...IN_JAILS, numRuns: 15 });
});

test("a guest that does not begin with being ready is no worker", async () => {
  // Half a frame alone would be waited for as long as a jail may take to start.
  const said = realEvent.filter((each) => each.do !== "half");
  const openings = fc
    .array(said, { minLength: 1, maxLength: 3 })
    .map((given) => Buffer.concat([...given.map((each) => encodeEvent(each, 1, PLACEHOLDER)), NO_LENGTH]));
  const property = fc.asyncProperty(openings, async (opening) => {
    const jail = startJail(opening);
    const watched = new WatchedWorker(jail);
    await watched.worker.ready.catch((error: Error) => expect(error.message).toMatch(/could not be built/));
    await expectGone(watched, jail);
  });
  await fc.assert(property, { ...IN_JAILS, numRuns: 8 });
});

test("a pool with hostile workers serves honest programs as if they were alone", async () => {
  const round = fc.array(fc.tuple(fc.nat(2), events), { minLength: 6, maxLength: 6 });
  const property = fc.asyncProperty(round, async (hostiles) => {
    const pool = new WarmPool({ ...DEFAULT_SETTINGS, workersMax: 4, freezeAfterMs: 50 }, () => 0);
    const [honest, other, hostile] = ["honest", "other", "hostile"].map((key) =>
      program("python", "", { key, memoryBytesMax: 256 * MIB }),
    ) as [Program, Program, Program];
    const jails: Jail[] = [];
    const ask = (asked: Program, given: readonly Event[], isExpected: boolean) =>
      askPool(pool, jails, asked, given, isExpected);
    const askHonest = (asked: Program) => ask(asked, [{ do: "frame", what: "log", to: 0 }, answer], true);
    const asking = hostiles.flatMap(([which, given]) => [
      ask(hostile, given, false),
      askHonest(which === 0 ? other : honest),
    ]);
    await Promise.all(asking);
    await expect.poll(() => pool.describe(), { timeout: 10_000 }).toMatchObject({ busy: 0, waiting: 0 });
    // The hostile ones may have had everybody's places; they give them back.
    await askHonest(honest);
    expect(pool.describe().idle).toBeGreaterThan(0);
    await pool[Symbol.asyncDispose]();
    await expect.poll(() => jails.filter(isThere), { timeout: 10_000 }).toEqual([]);
  });
  await fc.assert(property, { ...IN_JAILS, numRuns: 6 });
});

/** Asks as the sandbox does: a worker that has ended meanwhile is passed over. */
async function askPool(
  pool: WarmPool,
  jails: Jail[],
  asked: Program,
  given: readonly Event[],
  isExpected: boolean,
): Promise<void> {
  const start = async () => {
    const jail = startJail(READY);
    jails.push(jail);
    const worker = newWorker(jail);
    await worker.ready;
    return worker;
  };
  for (let attempt = 0; attempt < 20; attempt++) {
    const { worker } = await pool.claim(asked, start, NEVER);
    if (!worker.canServe) continue;
    const said = worker.isBlank ? [loaded, ...given] : given;
    const call = new Call(worker, {
      program: asked,
      steps: said.map(toStep),
      timeoutMs: isExpected ? 20_000 : SHORT_MS,
    });
    if (isExpected) return call.expectForeseen({ status: "SUCCEEDED", logs: 1 });
    expect((await call.outcome).status).toMatch(/^(SUCCEEDED|FAILED|TIMED_OUT|OUTPUT_LIMIT)$/);
    // What it says ahead of time about the next invocation may be among that one's lines: they are one program's.
    return expect(call.late).toEqual([]);
  }
  throw new NotAccepted("full", "no worker lived long enough to be asked");
}

function startJail(opening: Buffer): Jail {
  const { root, command, environment } = held.runtime;
  const spec: JailSpec = {
    name: "hostile",
    root,
    binds: [],
    files: [],
    command: [command[0]!, "-I", "-S", "-c", GUEST, opening.toString("hex")],
    environment,
    limits: {
      ...{ memoryBytesMax: 256 * MIB, pidsMax: 32, cpuMillisMax: 1000 },
      ...{ openFilesMax: 64, tmpBytesMax: MIB },
    },
  };
  return held.jails.start(spec);
}

/** What a real guest is told to do, see hostile-guest.py. */
function toStep(event: Event): object {
  const hex = encodeEvent(event, 0, PLACEHOLDER).toString("hex");
  if (event.do === "frame") return { hex, to: event.to };
  if (event.do === "print") return { hex, fd: event.stream === "stdout" ? 1 : 2 };
  if (event.do === "exit") return { exit: event.code };
  if (event.do === "fork" || event.do === "signal") return { [event.do]: true };
  return { hex };
}

/** What is printed after an answer may come before the host has looked, or when the next invocation runs. */
function withoutLatePrints(given: readonly Event[]): Event[] {
  const end = given.findIndex(
    (each) => foresee([loaded, ...given.slice(0, given.indexOf(each) + 1)], true).status,
  );
  return given.filter((each, index) => end === -1 || index <= end || each.do !== "print");
}

/** Its worker has ended, and nothing of the jail is left: a group that has a process cannot be removed. */
async function expectGone(watched: WatchedWorker, jail: Jail): Promise<void> {
  await watched.dead;
  await jail.kill();
  expect(watched.deaths).toBe(1);
  expect(isThere(jail)).toBe(false);
}

function isThere(jail: Jail): boolean {
  return jail.group.joins.some((file) => existsSync(file));
}
