import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { TailLogsRequestSchema } from "../../gen/codeactions/v1/log_service_pb.ts";
import { startBaseline } from "./baselines/start.ts";
import { type Bench, type Figure, notMeasured, type Row } from "./figure.ts";
import { startFile } from "./processes.ts";
import { inTurn, quantile, ratioOf } from "./rounds.ts";
import { type BenchLanguage, LANGUAGES } from "./service.ts";
import { TICKS } from "./ticks.ts";

const PATH = "/codeactions.v1.LogService/TailLogs";
const AGAINST = "a message on a stream of stock connect-node";

export const logTail: Figure = {
  id: "P7",
  what: "from print in a running code to the line at a client",
  async measure(bench) {
    const { service } = bench;
    const echoUrl = await startBaseline(bench, "connect-node.ts", new Uint8Array());
    const rows: Row[] = [];
    for (const language of LANGUAGES) {
      const what = `log tail, ${language}`;
      const why = service.whyNot(language);
      rows.push(
        why === undefined
          ? await measureLanguage(bench, language, what, echoUrl)
          : notMeasured("P7", what, AGAINST, why),
      );
    }
    return rows;
  },
};

/** What the following process is told, in a file. */
export interface TailOrder {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How long lines were under way, and whether all of them came, once and in order. */
export interface Tail {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lost: number;
  readonly twice: number;
  readonly outOfOrder: number;
}

async function measureLanguage(
  bench: Bench,
  language: BenchLanguage,
  what: string,
  echoUrl: string,
): Promise<Row> {
  const { service } = bench;
  const codeId = await service.code(language, TICKING[language]);
  await service.clients.runs.runCode({ codeId }); // Warm from here on.
  bench.say(`P7 ${what}`);
  const run = async () => void (await service.clients.runs.runCode({ codeId }));
  const measured = await inTurn(
    [
      { name: "ours", measure: () => tail(bench, service.url, codeId, run) },
      { name: "theirs", measure: () => tail(bench, echoUrl, codeId, async () => {}) },
    ],
    bench.rounds,
  );
  const [ours, theirs] = [measured.get("ours")!, measured.get("theirs")!];
  const sum = (value: (tail: Tail) => number) => ours.map(value).reduce((all, one) => all + one, 0);
  const [lost, twice, outOfOrder] = [sum((t) => t.lost), sum((t) => t.twice), sum((t) => t.outOfOrder)];
  return {
    figure: "P7",
    what,
    against: AGAINST,
    ours: describe(ours),
    theirs: describe(theirs),
    ratio: ratioOf(ours, theirs, ({ p50Ms }) => p50Ms),
    target: { most: 3 },
    errors: lost + twice + outOfOrder,
    note: `${bench.rounds * TICKS.count} lines: ${lost} lost, ${twice} twice, ${outOfOrder} out of order`,
  };
}

/** Has a process of its own follow the code's log while it runs once. */
async function tail(bench: Bench, url: string, codeId: string, run: () => Promise<void>): Promise<Tail> {
  const request = create(TailLogsRequestSchema, { scope: { case: "codeId", value: codeId } });
  const order: TailOrder = {
    url: `${url}${PATH}`,
    headers: { authorization: `Bearer ${bench.service.token}` },
    body: Buffer.from(toBinary(TailLogsRequestSchema, request)).toString("base64"),
  };
  const file = join(bench.folder, "tail-order.json");
  await writeFile(file, JSON.stringify(order));
  await using child = startFile("load-tail.ts", [file]);
  await child.printed(/^following$/m);
  const [output] = await Promise.all([child.finished(), run()]);
  return JSON.parse(output.slice(output.indexOf("{"))) as Tail;
}

/** Codes that print as `tickText` does. */
const TICKING: Record<BenchLanguage, string> = {
  python: `import time
def Run(engine):
    for index in range(${TICKS.count}):
        time.sleep(${TICKS.everyMs / 1000})
        print(index, time.time_ns() // 1000)
`,
  javascript: `export async function Run() {
  let lead = Infinity;
  for (let look = 0; look < 5; look += 1) {
    const before = Date.now();
    let now = before;
    while (now === before) now = Date.now();
    lead = Math.min(lead, performance.timeOrigin + performance.now() - now);
  }
  for (let index = 0; index < ${TICKS.count}; index += 1) {
    await new Promise((resolve) => setTimeout(resolve, ${TICKS.everyMs}));
    console.log(\`\${index} \${Math.round((performance.timeOrigin + performance.now() - lead) * 1000)}\`);
  }
}
`,
};

function describe(tails: readonly Tail[]): string {
  const median = (value: (tail: Tail) => number) => quantile(tails.map(value), 0.5).toFixed(2);
  return `${median((t) => t.p50Ms)} / ${median((t) => t.p99Ms)} ms`;
}
