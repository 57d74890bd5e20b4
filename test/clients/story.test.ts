import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import { Role } from "../../gen/codeactions/v1/project_pb.ts";
import { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";
import { RunView } from "../../gen/codeactions/v1/runner_service_pb.ts";
import { type Clients, newProject, type Service, startService, textOf } from "../support/service.ts";
import { Matrix } from "./matrix.ts";
import { findPlayers, findReleased, findTested, type Outcome, type Player, Workshop } from "./players.ts";
import { startCuttingProxy, startFlakyProxy } from "./proxies.ts";

/**
 * One story, every language: each client is built, installed in an empty folder and played against one real service,
 * as clients/story/README.md tells.
 */

/** The cases of the story in its order, and what each of them promises of a client. */
const PROMISES = {
  create: "creates a code once, however often the same request is sent",
  invalid: "names the reason, the field and the line of a refused source",
  run: "runs a code with query, header and body, and reads its answer and its log",
  bytes: "brings every byte there and back",
  unicode: "brings every script there and back, and into the log",
  stream: "shows a run while it happens",
  tail: "tails a run through cut connections, without a gap and without a duplicate",
  watch: "follows a streamed run through cut connections to its end",
  pages: "pages through everything, each item once, newest first",
  deadline: "gives up at its deadline, and says so",
  cancel: "leaves a run, and cancels it",
  retry: "repeats a reading call that met broken connections",
  noretry: "does not run a code twice because a connection broke",
  unauthenticated: "says that a token is wrong",
  large: "carries what fits and says that more is too large",
  durable: "watches a durable run over two attempts and cut connections to its one end",
  schedule: "keeps a schedule, and says where a cron expression is wrong",
};

const PLAYERS = findPlayers();
const LANGUAGES = [...new Set(PLAYERS.map(({ language }) => language))];
/** Two play at a time: there are as many cores, and most of a story is waiting. */
const AT_ONCE = 2;
/** A first build fetches what it needs from the language's registry. */
const PATIENCE = { timeout: 1_800_000 };

const matrix = new Matrix(
  Object.keys(PROMISES),
  PLAYERS.map(({ name }) => name),
);
const plays = new Map<string, Promise<Outcome>>();
let service: Service;
let clients: Clients;
let workshop: Workshop;

beforeAll(async () => {
  service = await startService({ CODEACTIONS_CORS_ORIGINS: "*" });
  await service.app.languageSettled("go", AbortSignal.timeout(300_000));
  clients = service.clients();
  workshop = await Workshop.open();
  const stages: Promise<unknown>[] = [];
  for (const player of PLAYERS) {
    const before = stages.at(-AT_ONCE) ?? Promise.resolve();
    const outcome = before.then(() => play(player));
    plays.set(player.name, outcome);
    stages.push(outcome.catch(() => undefined));
  }
}, 600_000);

afterAll(async () => {
  await workshop?.[Symbol.asyncDispose]();
  await Promise.allSettled(plays.values());
  await service?.[Symbol.asyncDispose]();
  console.log(matrix.toText());
  if (process.env.STORY_MATRIX) matrix.writeInto("clients/README.md");
});

describe.each(PLAYERS)("the client of $name", ({ name: player }) => {
  test.for(Object.entries(PROMISES))("%s: %s", PATIENCE, async ([name], context) => {
    matrix.note(player, name, "failed");
    const outcome = await plays.get(player)!;
    if (outcome.kind === "missing") {
      matrix.note(player, name, "missing");
      skipOrFail(outcome.advice, context);
    } else {
      expect(tellingOf(name, outcome)).toEqual({ case: name, ok: true });
      matrix.note(player, name, "ok");
    }
  });
});

test.for(LANGUAGES)(
  "the example in the README of %s shows its result and its log",
  PATIENCE,
  async (language, context) => {
    const { projectId, token } = await newStage(`the example of ${language}`);
    const outcome = await workshop.runExample(language, {
      CODEACTIONS_ADDRESS: service.url,
      CODEACTIONS_TOKEN: token,
      CODEACTIONS_PROJECT: projectId,
    });
    if (outcome.kind === "missing") return skipOrFail(outcome.advice, context);
    expect(outcome, JSON.stringify(outcome)).toMatchObject({ status: 0 });
    const { runs } = await clients.runs.listRuns({
      scope: { case: "projectId", value: projectId },
      view: RunView.FULL,
    });
    expect(runs.map(({ status }) => status)).toEqual([RunStatus.SUCCEEDED]);
    const { entries } = await clients.logs.listLogEntries({ scope: { case: "runId", value: runs[0]!.id } });
    expect(entries).not.toEqual([]);
    for (const said of [textOf(runs[0]!.result?.body), ...entries.map(({ text }) => text)])
      expect(outcome.stdout).toContain(said);
  },
);

test.for(findTested())("the unit tests of %s pass", PATIENCE, async (language, context) => {
  const outcome = await workshop.runTests(language);
  if (outcome.kind === "missing") return skipOrFail(outcome.advice, context);
  expect(outcome, JSON.stringify(outcome)).toMatchObject({ status: 0 });
  expect(outcome.stdout.trimEnd().split("\n").at(-1)).toMatch(/^[1-9]\d* passed, 0 failed$/);
});

test.for(findReleased())(
  "what was released as $archive still plays its story ($way)",
  PATIENCE,
  async (released, context) => {
    const outcome = await onStage(`${released.archive} ${released.way}`, (settings) =>
      workshop.playReleased(released.archive, released.way, settings),
    );
    if (outcome.kind === "missing") return skipOrFail(outcome.advice, context);
    expect(outcome, JSON.stringify(outcome)).toMatchObject({ status: 0 });
    const tellings = outcome.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { ok: boolean });
    expect(tellings.length).toBeGreaterThanOrEqual(15);
    expect(tellings.filter(({ ok }) => !ok)).toEqual([]);
  },
);

test("the story's table and the cases that are shown here are the same", () => {
  const table = readFileSync("clients/story/README.md", "utf8").split("| case |")[1]!;
  const cases = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(cases).toEqual(Object.keys(PROMISES));
});

/** A project and a token that edits in it. */
async function newStage(name: string): Promise<{ projectId: string; token: string }> {
  const projectId = await newProject(clients, name);
  const { secret } = await clients.projects.createToken({ projectId, name, role: Role.EDITOR });
  return { projectId, token: secret };
}

function play(player: Player): Promise<Outcome> {
  const story = JSON.parse(readFileSync("clients/story/story.json", "utf8")) as object;
  return onStage(player.name, (settings) => workshop.play(player, { ...settings, story }));
}

/** Gives a player a project, a token and proxies of its own. */
async function onStage(name: string, play: (settings: object) => Promise<Outcome>): Promise<Outcome> {
  const stage = await newStage(name);
  await using cut = await startCuttingProxy(service.url);
  await using flaky = await startFlakyProxy(service.url);
  return await play({ address: service.url, cut: cut.url, flaky: flaky.url, ...stage });
}

/** What a player said about a case; if nothing, what it said at all. */
function tellingOf(name: string, { status, stdout, stderr }: Extract<Outcome, { kind: "done" }>): unknown {
  for (const line of stdout.split("\n")) {
    try {
      const telling = JSON.parse(line) as { case?: unknown };
      if (telling.case === name) return telling;
    } catch {
      // A line that is not JSON is nobody's.
    }
  }
  return {
    case: name,
    ok: false,
    error: `not played; the player ended with ${status}: ${stderr.slice(-2_000)}`,
  };
}

/** A developer's machine need not have every toolchain; the machine that decides about a change needs all. */
function skipOrFail(advice: string, context: TestContext): void {
  if (process.env.CI) expect.fail(advice);
  context.skip(advice);
}
