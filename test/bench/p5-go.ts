import { execFile } from "node:child_process";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";
import { LANGUAGE_NUMBERS, newCode } from "../support/service.ts";
import { type Bench, type Figure, notMeasured, type Row } from "./figure.ts";
import { inTurn, quantile, ratioOf } from "./rounds.ts";
import { BODY } from "./service.ts";

const VERSIONS_PER_ROUND = 6;
const AGAINST = "go build of the same file, its build cache warm";
/** How long compiling Go's standard library may take, once for this host. */
const READY_MS_MAX = 240_000;

export const goFirstRun: Figure = {
  id: "P5",
  what: "Go: a new version stored and run for the first time, and run again",
  async measure(bench) {
    bench.say("P5 first and second runs of Go");
    const why = await whyNot(bench);
    if (why !== undefined) return [notMeasured("P5", "Go, first run", AGAINST, why)];
    const measured = await inTurn<Versions>(
      [
        { name: "ours", measure: () => newVersions(bench) },
        { name: "theirs", measure: () => builds(bench) },
      ],
      bench.rounds,
    );
    const [ours, theirs] = [measured.get("ours")!, measured.get("theirs")!];
    const again = quantile(
      ours.flatMap(({ againMs }) => againMs),
      0.5,
    );
    const row: Row = {
      figure: "P5",
      what: "Go, CreateCode and its first run",
      against: AGAINST,
      ours: describe(ours),
      theirs: describe(theirs),
      ratio: ratioOf(ours, theirs, ({ firstMs }) => quantile(firstMs, 0.5)),
      target: { most: 1.3 },
      errors: ours.reduce((sum, { errors }) => sum + errors, 0),
      note: `its second run, alone: ${again.toFixed(2)} ms`,
    };
    return [row];
  },
};

interface Versions {
  readonly firstMs: readonly number[];
  readonly againMs: readonly number[];
  readonly errors: number;
}

/** Waits for Go to be ready: the service compiles its standard library once per host. */
async function whyNot({ service }: Bench): Promise<string | undefined> {
  for (const untilMs = performance.now() + READY_MS_MAX; ; ) {
    try {
      await goCode(service, 0);
      return undefined;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!message.includes("being compiled") || performance.now() > untilMs) return message;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}

async function newVersions({ service }: Bench): Promise<Versions> {
  const firstMs: number[] = [];
  const againMs: number[] = [];
  let errors = 0;
  for (let index = 0; index < VERSIONS_PER_ROUND; index += 1) {
    const startMs = performance.now();
    const codeId = await goCode(service, performance.now());
    for (const took of [firstMs, againMs]) {
      const fromMs = took === firstMs ? startMs : performance.now();
      const { run } = await service.clients.runs.runCode({ codeId, input: { body: BODY } });
      took.push(performance.now() - fromMs);
      if (run?.status !== RunStatus.SUCCEEDED) errors += 1;
    }
  }
  return { firstMs, againMs, errors };
}

async function builds({ folder }: Bench): Promise<Versions> {
  const place = await mkdtemp(join(folder, "go-build-"));
  const cache = join(folder, "go-build-cache");
  await mkdir(join(place, "engine"), { recursive: true });
  await writeFile(join(place, "go.mod"), "module codeactions\n\ngo 1.19\n");
  await writeFile(join(place, "engine", "engine.go"), ENGINE);
  await writeFile(join(place, "main.go"), MAIN);
  await mkdir(join(place, "action"));
  const env = { ...process.env, GOCACHE: cache, GOFLAGS: "", GOTOOLCHAIN: "local", CGO_ENABLED: "0" };
  const build = async (mark: number) => {
    await writeFile(join(place, "action", "action.go"), goSource(mark));
    const startMs = performance.now();
    await promisify(execFile)("go", ["build", "-o", "program", "."], { cwd: place, env });
    return performance.now() - startMs;
  };
  await build(0);
  const firstMs: number[] = [];
  for (let index = 0; index < VERSIONS_PER_ROUND; index += 1) firstMs.push(await build(performance.now()));
  return { firstMs, againMs: [], errors: 0 };
}

async function goCode(service: Bench["service"], mark: number): Promise<string> {
  const fields = { language: LANGUAGE_NUMBERS.go };
  return (await newCode(service.clients, service.projectId, goSource(mark), fields)).id;
}

/** A source that no cache has seen, with what most codes import. */
function goSource(mark: number): string {
  return `package action

import (
	"encoding/json"
	"fmt"

	"codeactions/engine"
)

func Run(e *engine.Engine) error {
	text, err := json.Marshal(map[string]string{"mark": fmt.Sprint(${mark})})
	if err != nil {
		return err
	}
	e.Result.Set(string(text), 200, "json")
	return nil
}
`;
}

/** What the plain build needs in place of the service's own. */
const ENGINE = `package engine

type Engine struct{ Result Result }
type Result struct{ Value any }

func (r *Result) Set(value any, statusCode int, contentType string) { r.Value = value }
`;
const MAIN = `package main

import (
	"encoding/json"
	"os"

	"codeactions/action"
	"codeactions/engine"
)

func main() {
	e := &engine.Engine{}
	if err := action.Run(e); err != nil {
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(e.Result.Value)
}
`;

function describe(rounds: readonly Versions[]): string {
  const all = rounds.flatMap(({ firstMs }) => firstMs);
  return `${quantile(all, 0.5).toFixed(1)} / ${quantile(all, 0.99).toFixed(1)} ms`;
}
