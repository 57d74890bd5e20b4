import { create, toBinary } from "@bufbuild/protobuf";
import { RunCodeRequestSchema } from "../../gen/codeactions/v1/runner_service_pb.ts";
import { LANGUAGE_NUMBERS, newCode } from "../support/service.ts";
import type { Bench, Figure, Row } from "./figure.ts";
import { LoadGenerator } from "./load.ts";
import type { Overload, OverloadOrder } from "./load-overload.ts";
import { residentBytes, startFile } from "./processes.ts";
import { spreadOf } from "./rounds.ts";

const PATH = "/codeactions.v1.RunnerService/RunCode";
const TIMES = 10;
const OVERLOAD_SECONDS = 30;
const REFUSED_MS_MAX = 50;
const SAMPLE_MS = 250;
const MIB = 1024 ** 2;
/** Long beside what a run costs the service, so that the workers are what there is too little of. */
const SOURCE = "import time\ndef Run(engine):\n  time.sleep(0.1)\n  return 'well'\n";

interface Round {
  readonly capacityPerSecond: number;
  readonly overload: Overload;
  readonly memoryBefore: number;
  readonly memoryPeak: number;
  /** What was still there when it was over. */
  readonly stuck: string;
}

export const overload: Figure = {
  id: "P9",
  what: "ten times the capacity offered for 30 s",
  async measure(bench) {
    const why = bench.service.whyNot("python");
    if (why !== undefined) throw new Error(why);
    const { clients, projectId } = bench.service;
    const { pool } = await clients.runs.getPool({});
    const slots = pool!.capacity;
    const { id: codeId } = await newCode(clients, projectId, SOURCE, {
      language: LANGUAGE_NUMBERS.python,
      maxConcurrency: 1_000,
    });
    const rounds: Round[] = [];
    for (let n = 0; n < bench.rounds; n += 1) rounds.push(await measureRound(bench, codeId, slots));
    return rowsOf(rounds, slots);
  },
};

async function measureRound(bench: Bench, codeId: string, slots: number): Promise<Round> {
  const { service } = bench;
  const call = {
    url: `${service.url}${PATH}`,
    headers: { authorization: `Bearer ${service.token}` },
    body: Buffer.from(toBinary(RunCodeRequestSchema, create(RunCodeRequestSchema, { codeId }))).toString(
      "base64",
    ),
  };
  await using steady = new LoadGenerator("load-grpc.ts");
  const order = { ...call, expect: "well", concurrency: 2 * slots };
  bench.say("P9: starting workers");
  await steady.measure({ ...order, seconds: 2 });
  bench.say("P9: capacity");
  const capacity = await steady.measure({ ...order, seconds: 5 });
  const memoryBefore = residentBytes(service.pid);
  let memoryPeak = memoryBefore;
  const sampling = setInterval(() => {
    memoryPeak = Math.max(memoryPeak, residentBytes(service.pid));
  }, SAMPLE_MS);
  const perSecond = TIMES * capacity.perSecond;
  bench.say(`P9: ${Math.round(perSecond)} calls a second for ${OVERLOAD_SECONDS} s`);
  try {
    await using generator = startFile("load-overload.ts", []);
    const offered: OverloadOrder = { ...call, perSecond, seconds: OVERLOAD_SECONDS };
    const seen = JSON.parse(await generator.ask(JSON.stringify(offered))) as Overload;
    return {
      capacityPerSecond: capacity.perSecond,
      overload: seen,
      memoryBefore,
      memoryPeak,
      stuck: await stuckIn(bench, codeId),
    };
  } finally {
    clearInterval(sampling);
  }
}

/** What is left of the flood once all of it is answered; empty when nothing is, and the next run goes as ever. */
async function stuckIn({ service }: Bench, codeId: string): Promise<string> {
  const { pool } = await service.clients.runs.getPool({});
  const { run } = await service.clients.runs.runCode({ codeId });
  const left = [
    ...(pool!.inFlight > 0 ? [`${pool!.inFlight} runs under way`] : []),
    ...(pool!.queue!.depth > 0 ? [`${pool!.queue!.depth} runs waiting`] : []),
    ...(Buffer.from(run?.result?.body ?? []).toString() === "well" ? [] : ["the next run failed"]),
  ];
  return left.join(", ");
}

function rowsOf(rounds: readonly Round[], slots: number): Row[] {
  const median = (value: (round: Round) => number) => spreadOf(rounds.map(value)).median;
  const offered = Math.round(median(({ overload: seen }) => seen.offeredPerSecond));
  const stuck = rounds.map((round) => round.stuck).filter((left) => left !== "");
  const errors = rounds.reduce((sum, { overload: seen }) => sum + seen.errors, 0) + stuck.length;
  const statuses = rounds
    .map(({ overload: seen }) => JSON.stringify(seen.statuses))
    .filter((text) => text !== "{}");
  const what = `${offered} calls/s of 0.1 s each on ${slots} workers`;
  const note = [...stuck, ...statuses].join("; ");
  return [
    {
      figure: "P9",
      what: `${what}: answered`,
      against: "capacity: as many calls as keep all workers busy",
      ours: `${Math.round(median(({ overload: seen }) => seen.goodPerSecond))}/s`,
      theirs: `${Math.round(median(({ capacityPerSecond }) => capacityPerSecond))}/s`,
      ratio: spreadOf(rounds.map((round) => round.overload.goodPerSecond / round.capacityPerSecond)),
      target: { least: 0.9 },
      errors,
      note,
    },
    {
      figure: "P9",
      what: `${what}: refused with a time to come back, p99`,
      against: `${REFUSED_MS_MAX} ms`,
      ours: `${median(({ overload: seen }) => seen.refusedP50Ms).toFixed(1)} / ${median(({ overload: seen }) => seen.refusedP99Ms).toFixed(1)} ms`,
      theirs: `${REFUSED_MS_MAX} ms`,
      ratio: spreadOf(rounds.map(({ overload: seen }) => seen.refusedP99Ms / REFUSED_MS_MAX)),
      target: { most: 1 },
      errors,
    },
    {
      figure: "P9",
      what: `${what}: memory of the service at most`,
      against: "before the overload",
      ours: `${Math.round(median((round) => round.memoryPeak) / MIB)} MiB`,
      theirs: `${Math.round(median((round) => round.memoryBefore) / MIB)} MiB`,
      ratio: spreadOf(rounds.map((round) => round.memoryPeak / round.memoryBefore)),
      target: undefined,
      errors: 0,
    },
  ];
}
