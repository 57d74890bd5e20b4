import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Pool } from "pg";
import { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";
import { choosePlace } from "../../src/core/db/embedded-postgres-place.ts";
import { type Bench, type Figure, notMeasured, type Row } from "./figure.ts";
import { inTurn, quantile, ratioOf } from "./rounds.ts";
import { type BenchLanguage, BODY, ECHO } from "./service.ts";

/** Callers that start runs at once. */
const CALLERS = 32;
/** Runs that are queued and then completed. */
const QUEUED = 1_000;
/** Starts whose way to the code is timed, one after the other. */
const TIMED = 100;
const CONNECTIONS = 10;

export const queue: Figure = {
  id: "Q1",
  what: "durable runs: queued, completed, and on their way to the code",
  async measure(bench) {
    const language = (["python", "javascript"] as const).find(
      (one) => bench.service.whyNot(one) === undefined,
    );
    if (language === undefined) return [notMeasured("Q1", "durable runs", "a table", "no language works")];
    const pool = new Pool({ connectionString: await databaseOf(bench), max: CONNECTIONS });
    bench.open.defer(() => pool.end());
    await pool.query("drop table if exists bench_jobs");
    await pool.query(
      "create table bench_jobs (id bigserial primary key, body bytea not null, done boolean not null)",
    );
    await pool.query("create index on bench_jobs (id) where not done");
    bench.open.defer(async () => void (await pool.query("drop table bench_jobs")));
    return [
      await measureStarts(bench, pool, language),
      await measureCompleted(bench, pool, language),
      await measureLatency(bench),
    ];
  },
};

async function measureStarts(bench: Bench, pool: Pool, language: BenchLanguage): Promise<Row> {
  bench.say("Q1 starts");
  // They are to begin later, so that none of them takes time from the others' starts.
  const notBefore = timestampFromDate(new Date(Date.now() + 86_400_000));
  const codeId = await bench.service.code(language, ECHO[language]);
  const ask = { codeId, input: { body: BODY }, notBefore };
  const insert = { name: "bench-insert", text: "insert into bench_jobs (body, done) values ($1, false)" };
  const start = () => bench.service.clients.runs.startRun(ask);
  const put = () => pool.query({ ...insert, values: [BODY] });
  const measured = await inTurn(
    [
      { name: "ours", measure: () => perSecond(bench.seconds, start) },
      { name: "theirs", measure: () => perSecond(bench.seconds, put) },
    ],
    bench.rounds,
  );
  await bench.service.clients.codes.deleteCode({ codeId });
  await drained(pool);
  return rowOf(`StartRun, ${CALLERS} callers`, "a row and a commit each", "starts/s", measured);
}

/** As many as can be by callers that each do one after the other. */
async function perSecond(seconds: number, once: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  let done = 0;
  const caller = async () => {
    for (; performance.now() < endMs; done += 1) await once();
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return done / ((performance.now() - startMs) / 1000);
}

async function measureCompleted(bench: Bench, pool: Pool, language: BenchLanguage): Promise<Row> {
  bench.say("Q1 completed");
  const ask = { codeId: bench.service.echo(language), input: { body: BODY } };
  const measured = await inTurn(
    [
      {
        name: "ours",
        measure: async () => {
          const startMs = performance.now();
          await many(QUEUED, () => bench.service.clients.runs.startRun(ask));
          await drained(pool);
          return QUEUED / ((performance.now() - startMs) / 1000);
        },
      },
      { name: "theirs", measure: () => bareQueue(pool) },
    ],
    bench.rounds,
  );
  const row = rowOf(`${QUEUED} runs of an echo, completed`, "one job at a time", "runs/s", measured);
  return { ...row, note: "theirs: a table with SKIP LOCKED, nothing done with a job, no log, no result" };
}

/** Jobs a second of a queue as one would write it: insert, take one, mark it, each with a commit. */
async function bareQueue(pool: Pool): Promise<number> {
  await pool.query("truncate bench_jobs");
  const startMs = performance.now();
  await many(QUEUED, () => pool.query("insert into bench_jobs (body, done) values ($1, false)", [BODY]));
  const client = await pool.connect();
  for (;;) {
    await client.query("begin");
    const { rows } = await client.query(
      "select id, body from bench_jobs where not done order by id limit 1 for update skip locked",
    );
    if (rows.length > 0) await client.query("update bench_jobs set done = true where id = $1", [rows[0].id]);
    await client.query("commit");
    if (rows.length === 0) break;
  }
  client.release();
  return QUEUED / ((performance.now() - startMs) / 1000);
}

/** How long a run that was acknowledged takes until its code begins. */
async function measureLatency(bench: Bench): Promise<Row> {
  bench.say("Q1 on the way");
  const { service } = bench;
  const codeId = await service.code("python", "import time\ndef Run(engine): return repr(time.time())\n");
  await service.clients.runs.runCode({ codeId });
  const latencies: number[] = [];
  for (let count = 0; count < TIMED; count += 1) {
    const { run } = await service.clients.runs.startRun({ codeId });
    const answeredMs = Date.now();
    for await (const { event } of service.clients.runs.watchRun({ runId: run!.id })) {
      if (event?.event.case !== "finished") continue;
      const { status, result } = event.event.value;
      if (status !== RunStatus.SUCCEEDED) throw new Error("the run did not succeed");
      latencies.push(Number(Buffer.from(result!.body).toString()) * 1000 - answeredMs);
    }
  }
  const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
  return {
    figure: "Q1",
    what: "from StartRun's answer to the code's first line",
    against: "–",
    ours: `${p50.toFixed(1)} ms / ${p99.toFixed(1)} ms`,
    theirs: "–",
    ratio: undefined,
    target: undefined,
    errors: 0,
    note: `${TIMED} starts, one after the other`,
  };
}

async function many(count: number, once: () => Promise<unknown>): Promise<void> {
  let left = count;
  const caller = async () => {
    while (left > 0) {
      left -= 1;
      await once();
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

/** Waits until no run is queued or under way. */
async function drained(pool: Pool): Promise<void> {
  const open =
    "select 1 from runs where due_time is not null or (status in ('QUEUED', 'RUNNING') and owner is not null) limit 1";
  while ((await pool.query(open)).rowCount !== 0) await new Promise((resolve) => setTimeout(resolve, 10));
}

function rowOf(what: string, against: string, unit: string, measured: Map<string, number[]>): Row {
  const [ours, theirs] = [measured.get("ours")!, measured.get("theirs")!];
  const rate = (values: number[]) => `${Math.round(quantile(values, 0.5))} ${unit}`;
  return {
    figure: "Q1",
    what,
    against,
    ours: rate(ours),
    theirs: rate(theirs),
    ratio: ratioOf(ours, theirs, (value) => value),
    target: undefined,
    errors: 0,
  };
}

/** The service's embedded database, by what its server has written down: its fifth line is where it listens. */
async function databaseOf({ folder }: Bench): Promise<string> {
  const { place } = await choosePlace(await realpath(join(folder, "service")));
  const file = await readFile(join(place, "data/postmaster.pid"), "utf8");
  const [, , , port, socketFolder] = file.split("\n");
  return `postgresql://codeactions@${encodeURIComponent(socketFolder!)}:${port}/postgres`;
}
