import { execFileSync } from "node:child_process";
import { Agent, request } from "node:http";
import { performance } from "node:perf_hooks";
import { barePython } from "./bare.ts";
import { startBaseline } from "./baselines/start.ts";
import { type Figure, notMeasured, type Row } from "./figure.ts";
import { inTurn, quantile, ratioOf } from "./rounds.ts";

const CALLS = 500;
const LIMIT_MS = 2;
const FIBO = `def fibo(n):
    return n if n < 2 else fibo(n - 1) + fibo(n - 2)
`;

export const fibo: Figure = {
  id: "P6",
  what: `fibo(10) in Python, ${CALLS} calls over HTTP one after the other`,
  async measure(bench) {
    const against = "the function in a bare loop, plus one HTTP hop";
    const why = bench.service.whyNot("python");
    if (why !== undefined) return [notMeasured("P6", "fibo(10)", against, why)];
    bench.say("P6 fibo(10)");
    const codeId = await bench.service.code("python", `${FIBO}def Run(engine):\n    return str(fibo(10))\n`);
    const hop = await startBaseline(bench, "http.ts", Buffer.from("55"), "text/plain");
    const loopMs = bareLoop();
    const ourUrl = `${bench.service.url}/action/endpoint/${codeId}`;
    await callAll(ourUrl);
    const measured = await inTurn(
      [
        { name: "ours", measure: () => callAll(ourUrl) },
        { name: "theirs", measure: async () => (await callAll(hop)).map((ms) => ms + loopMs) },
      ],
      bench.rounds,
    );
    const [ours, theirs] = [measured.get("ours")!, measured.get("theirs")!];
    const p50 = quantile(ours.flat(), 0.5);
    const row: Row = {
      figure: "P6",
      what: "fibo(10), Python, c = 1",
      against,
      ours: describe(ours),
      theirs: describe(theirs),
      ratio: ratioOf(ours, theirs, (tookMs) => quantile(tookMs, 0.5)),
      target: undefined,
      errors: 0,
      note: `p50 ${p50.toFixed(2)} ms: ${p50 <= LIMIT_MS ? "within" : "NOT within"} ${LIMIT_MS} ms; the bare loop alone: ${(loopMs * 1000).toFixed(1)} µs`,
    };
    return [row];
  },
};

async function callAll(url: string): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const tookMs: number[] = [];
  for (let index = 0; index < CALLS; index += 1) {
    const startMs = performance.now();
    const answer = await get(url, agent);
    tookMs.push(performance.now() - startMs);
    if (answer !== "55") throw new Error(`fibo(10) is not ${JSON.stringify(answer)}`);
  }
  agent.destroy();
  return tookMs;
}

function get(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(url, { agent, method: "POST" }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      answer.once("end", () => resolve(text)).once("error", reject);
    });
    call.once("error", reject).end();
  });
}

/** Milliseconds that the function takes by itself. */
function bareLoop(): number {
  const program = `import time
${FIBO}
took = []
for n in range(${CALLS}):
    start = time.perf_counter()
    fibo(10)
    took.append(time.perf_counter() - start)
print(sorted(took)[len(took) // 2] * 1000)
`;
  return Number(execFileSync(barePython(), ["-c", program], { encoding: "utf8" }));
}

function describe(rounds: readonly (readonly number[])[]): string {
  const all = rounds.flat();
  return `${quantile(all, 0.5).toFixed(2)} / ${quantile(all, 0.99).toFixed(2)} ms`;
}
