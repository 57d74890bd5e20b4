import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { create, toBinary } from "@bufbuild/protobuf";
import { TailLogsRequestSchema } from "../../gen/codeactions/v1/log_service_pb.ts";
import { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";
import { barePython } from "./bare.ts";
import { type Bench, type Figure, notMeasured, type Row } from "./figure.ts";
import { startFile } from "./processes.ts";
import { inTurn, quantile, ratioOf, spreadOf } from "./rounds.ts";

const LINES = 100_000;
/** With many followers every line leaves the service as often as there are followers. */
const FOLLOWED_LINES = 2_000;
const FOLLOWERS = 1_000;
const STORED_PER_SECOND_MIN = 50_000;
const WRITE = `for n in range(count): write(f"line {n} of what a code has to say\\n")`;

export const logVolume: Figure = {
  id: "P8",
  what: "a code that writes as fast as it can; 1,000 tails following at once",
  async measure(bench) {
    const why = bench.service.whyNot("python");
    if (why !== undefined) return [notMeasured("P8", "log volume", "a file", why)];
    return [await measureStored(bench), await measureFollowed(bench)];
  },
};

/** What the following process is told, in a file. */
export interface FollowOrder {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly followers: number;
  readonly lines: number;
}

/** How the followers got on. */
export interface Followed {
  readonly lost: number;
  readonly outOfOrder: number;
}

async function measureStored(bench: Bench): Promise<Row> {
  bench.say("P8 lines stored");
  const codeId = await writing(bench, LINES);
  await runOf(bench, codeId);
  const measured = await inTurn(
    [
      { name: "ours", measure: async () => LINES / (await runOf(bench, codeId)) },
      { name: "theirs", measure: async () => LINES / bareWrite() },
    ],
    bench.rounds,
  );
  const [ours, theirs] = [measured.get("ours")!, measured.get("theirs")!];
  const beside = ratioOf(ours, theirs, (rate) => rate);
  return {
    figure: "P8",
    what: `${LINES} lines of one run, stored`,
    against: `${STORED_PER_SECOND_MIN} lines a second`,
    ours: `${Math.round(quantile(ours, 0.5))} lines/s`,
    theirs: `${STORED_PER_SECOND_MIN} lines/s`,
    ratio: spreadOf(ours.map((rate) => rate / STORED_PER_SECOND_MIN)),
    target: { least: 1 },
    errors: 0,
    note: `beside Python writing the same lines to a file: ${beside.median.toFixed(2)}× of ${Math.round(quantile(theirs, 0.5))} lines/s`,
  };
}

/** What many followers cost the run that they follow, and whether they get all of it. */
async function measureFollowed(bench: Bench): Promise<Row> {
  bench.say(`P8 ${FOLLOWERS} tails`);
  const codeId = await writing(bench, FOLLOWED_LINES);
  await runOf(bench, codeId);
  const followed: Followed[] = [];
  const measured = await inTurn(
    [
      {
        name: "ours",
        measure: async () => {
          await using followers = await follow(bench, codeId);
          const seconds = await runOf(bench, codeId);
          const output = await followers.finished();
          followed.push(JSON.parse(output.slice(output.indexOf("{"))) as Followed);
          return seconds;
        },
      },
      { name: "theirs", measure: () => runOf(bench, codeId) },
    ],
    bench.rounds,
  );
  const [ours, theirs] = [measured.get("ours")!, measured.get("theirs")!];
  const sum = (value: (one: Followed) => number) => followed.map(value).reduce((all, one) => all + one, 0);
  const [lost, outOfOrder] = [sum((one) => one.lost), sum((one) => one.outOfOrder)];
  const milliseconds = (values: number[]) => `${(quantile(values, 0.5) * 1000).toFixed(1)} ms`;
  return {
    figure: "P8",
    what: `a run of ${FOLLOWED_LINES} lines with ${FOLLOWERS} tails`,
    against: "the same run without tails",
    ours: milliseconds(ours),
    theirs: milliseconds(theirs),
    ratio: ratioOf(ours, theirs, (seconds) => seconds),
    target: undefined,
    errors: lost + outOfOrder,
    note: `${bench.rounds * FOLLOWERS * FOLLOWED_LINES} lines: ${lost} lost, ${outOfOrder} out of order`,
  };
}

async function follow(bench: Bench, codeId: string) {
  const request = create(TailLogsRequestSchema, { scope: { case: "codeId", value: codeId } });
  const order: FollowOrder = {
    url: `${bench.service.url}/codeactions.v1.LogService/TailLogs`,
    headers: { authorization: `Bearer ${bench.service.token}` },
    body: Buffer.from(toBinary(TailLogsRequestSchema, request)).toString("base64"),
    followers: FOLLOWERS,
    lines: FOLLOWED_LINES,
  };
  const file = join(bench.folder, "follow-order.json");
  await writeFile(file, JSON.stringify(order));
  const child = startFile("load-followers.ts", [file]);
  await child.printed(/^following$/m);
  return child;
}

function writing({ service }: Bench, lines: number): Promise<string> {
  return service.code(
    "python",
    `import sys\ndef Run(engine):\n    write = sys.stdout.write\n    count = ${lines}\n    ${WRITE}\n`,
  );
}

/** Seconds until the run is on record, with all of its log. */
async function runOf({ service }: Bench, codeId: string): Promise<number> {
  const startMs = performance.now();
  const { run } = await service.clients.runs.runCode({ codeId });
  if (run?.status !== RunStatus.SUCCEEDED) throw new Error(`the run did not succeed: ${run?.error?.message}`);
  return (performance.now() - startMs) / 1000;
}

/** Seconds that the bare interpreter takes to write the lines to a file. */
function bareWrite(): number {
  const program = `import tempfile, time
with tempfile.TemporaryFile("w") as file:
    write = file.write
    count = ${LINES}
    start = time.perf_counter()
    ${WRITE}
    file.flush()
    print(time.perf_counter() - start)
`;
  return Number(execFileSync(barePython(), ["-c", program], { encoding: "utf8" }));
}
