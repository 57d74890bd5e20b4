import fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src/sandbox/settings.ts";
import { WarmPool } from "../../src/sandbox/warm-pool.ts";
import type { Checked, Worker } from "../../src/sandbox/worker.ts";
import { type Event, encodeEvent, event, foresee, READY } from "./hostile-guest.ts";
import { MemoryJail, turns } from "./memory-jail.ts";
import { NEVER, program } from "./stage.ts";
import { Call, newWorker, WatchedWorker } from "./watched-worker.ts";

/** A failure prints the seed and the path to the smallest case. */
const IN_MEMORY = { seed: 20_261_123, numRuns: 3000, timeout: 5000 };

const loaded: Event = { do: "frame", what: "loaded", to: 0 };
const ready: Event = { do: "frame", what: "ready", to: 0 };
/** The events of up to three invocations of one worker, most of which begin by loading the program. */
const session = fc
  .tuple(fc.array(fc.array(event, { maxLength: 8 }), { minLength: 1, maxLength: 3 }), fc.nat(9))
  .map(([[first = [], ...rest], luck]) => [luck === 9 ? first : [loaded, ...first], ...rest]);
const pieceBytes = fc.constantFrom(undefined, 1, 3, 64);

test("whatever a guest says and when, each invocation has the one outcome that may be believed", async () => {
  const property = fc.asyncProperty(session, pieceBytes, async (invocations, size) => {
    const guest = new MemoryJail();
    const watched = new WatchedWorker(guest.jail);
    const { worker } = watched;
    guest.say(READY, size);
    await worker.ready;
    let isReusable = true;
    for (const [index, events] of invocations.entries()) {
      expect(worker.canServe).toBe(isReusable);
      if (!isReusable) break;
      const foreseen = foresee(events, index === 0);
      const calling = new AbortController();
      const call = new Call(worker, { signal: calling.signal });
      const { number } = guest.asked.at(-1)!;
      await act(guest, watched, number, call.nonce, events, calling, size);
      if (foreseen.status === undefined) await worker.end();
      await turns();
      await call.expectForeseen({ ...foreseen, status: foreseen.status ?? "LOST" });
      ({ isReusable } = foreseen);
    }
    await expectNothingLeft(guest, watched, isReusable);
  });
  await fc.assert(property, IN_MEMORY);
});

test("a guest is blank only when it has said that it is ready, and nothing else; what it ends with is told", async () => {
  const opening = fc.array(event, { maxLength: 4 }).map((events) => [ready, ...events]);
  const openings = fc.oneof(opening, fc.array(event, { maxLength: 5 }));
  const property = fc.asyncProperty(openings, pieceBytes, async (events, size) => {
    const guest = new MemoryJail();
    const watched = new WatchedWorker(guest.jail);
    const said = events.filter((each) => isSaid(each) || each.do === "exit" || each.do === "signal");
    await act(guest, watched, 1, "", events, new AbortController(), size);
    const isOver = events.some((each) => each.do === "end");
    const isReady = said.length === 1 && said[0]!.do === "frame" && said[0]!.what === "ready" && !isOver;
    expect(watched.worker.canServe).toBe(isReady);
    await watched.worker.end();
    await watched.dead;
    await watched.worker.ready.catch((error: unknown) => expect(error).toBeInstanceOf(Error));
    expect(guest.isRemoved).toBe(true);
  });
  await fc.assert(property, IN_MEMORY);
});

test("a check is answered by a whole answer or fails, whatever a guest says, and uses the worker up", async () => {
  const checked: fc.Arbitrary<Event> = fc.constant({ do: "frame", what: "checked", to: 0 });
  const checking = fc.array(fc.oneof(event, checked), { maxLength: 5 });
  const property = fc.asyncProperty(checking, pieceBytes, async (events, size) => {
    const guest = new MemoryJail();
    const watched = new WatchedWorker(guest.jail);
    guest.say(READY);
    const answer = watched.worker.check("python", "a.py", READY, NEVER).catch((error: unknown) => error);
    await act(guest, watched, 1, "", events, new AbortController(), size);
    await watched.worker.end();
    const said = await answer;
    if (said instanceof Error) expect(said.message).toMatch(/^a check was not answered/);
    else expect((said as Checked).problems.length).toBeLessThanOrEqual(1);
    await expectNothingLeft(guest, watched, false);
  });
  await fc.assert(property, IN_MEMORY);
});

test("an idle worker that is about to end is not asked for its memory", async () => {
  await using pool = new WarmPool({ ...DEFAULT_SETTINGS, freezeAfterMs: 1 }, () => 0);
  const [dying, healthy] = [new MemoryJail(), new MemoryJail()];
  const workers: Worker[] = [];
  for (const guest of [dying, healthy]) {
    const asked = program("python", "");
    const start = async () => {
      const worker = newWorker(guest.jail);
      guest.say(READY);
      return worker;
    };
    const { worker } = await pool.claim(asked, start, NEVER);
    const call = new Call(worker, { program: asked });
    workers.push(worker);
    for (const what of ["loaded", "answer"] as const)
      guest.say(encodeEvent({ do: "frame", what, to: 0 }, 1, call.nonce));
    await call.expectForeseen({ status: "SUCCEEDED", logs: 0 });
    if (guest !== dying) continue;
    dying.holdsStreams = true;
    dying.print("stdout", Buffer.from("late\n"));
    await expect.poll(() => dying.isRemoved).toBe(true);
  }
  // The pool has looked at both, in the order in which they became idle.
  await expect.poll(() => workers[1]!.isFrozen).toBe(true);
  dying.close();
  await expect.poll(() => pool.describe()).toMatchObject({ idle: 1, busy: 0 });
});

function isSaid(each: Event): boolean {
  return each.do === "frame" || each.do === "break" || each.do === "half";
}

/** Does what the events say. What is said without a turn between comes to the host in one chunk, or in small pieces. */
async function act(
  guest: MemoryJail,
  { worker }: WatchedWorker,
  number: number,
  nonce: string,
  events: readonly Event[],
  calling: AbortController,
  size: number | undefined,
): Promise<void> {
  let saying = Buffer.alloc(0);
  const say = () => {
    guest.say(saying, size);
    saying = Buffer.alloc(0);
  };
  for (const each of events) {
    const bytes = encodeEvent(each, number + (each.do === "frame" ? each.to : 0), nonce);
    if (isSaid(each)) {
      saying = Buffer.concat([saying, bytes]);
      continue;
    }
    say();
    if (each.do === "print") guest.print(each.stream, bytes);
    else if (each.do === "exit") guest.exit({ exitCode: each.code, signal: undefined });
    else if (each.do === "signal") guest.exit({ exitCode: undefined, signal: "SIGABRT" });
    else if (each.do === "abort") calling.abort();
    else if (each.do === "end") void worker.end();
    if (each.do !== "print") await turns();
  }
  say();
  await turns();
}

/** A worker that may not serve again has ended by itself; one that may ends when it is told. Both leave nothing. */
async function expectNothingLeft(guest: MemoryJail, watched: WatchedWorker, isReusable: boolean) {
  const { worker } = watched;
  expect(worker.canServe).toBe(isReusable);
  expect(watched.deaths).toBe(isReusable ? 0 : 1);
  await worker.end();
  await watched.dead;
  expect(watched.deaths).toBe(1);
  expect(guest.isRemoved).toBe(true);
  guest.say(READY);
  guest.print("stdout", READY);
  await turns();
  expect(worker.canServe).toBe(false);
}
