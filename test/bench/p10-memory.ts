import { readdirSync, readFileSync } from "node:fs";
import { barePython } from "./bare.ts";
import { type Bench, type Figure, notMeasured, type Row } from "./figure.ts";
import { LoadGenerator } from "./load.ts";
import { atRest, Child, NODE, residentBytes } from "./processes.ts";
import { spreadOf } from "./rounds.ts";
import { type BenchLanguage, BODY, LANGUAGES } from "./service.ts";

const WORKERS = 4;
/** Seconds of load in one step while the service's memory is looked at, and the calls under way. */
const STEP_SECONDS = 5;
const STEPS = 4;
/** Until V8 has found the size that it works with. */
const WARM_UP_STEPS = 2;
const CONCURRENCY = 64;

export const memory: Figure = {
  id: "P10",
  what: "memory of an idle warm worker; of the service under load",
  async measure(bench) {
    const rows: Row[] = [];
    for (const language of LANGUAGES) rows.push(await measureWorker(bench, language));
    rows.push(await measureService(bench));
    return rows;
  },
};

/** Codes that answer with the modules that were imported for them, so that a bare interpreter can do the same. */
const IMPORTED: Record<BenchLanguage, string> = {
  python:
    "import sys\ndef Run(engine):\n  return sorted(name for name in sys.modules if name in sys.stdlib_module_names)",
  javascript: `import { builtinModules } from "node:module";
export const Run = () => process.moduleLoadList.map((name) => name.replace("NativeModule ", "")).filter((name) => builtinModules.includes(name));`,
};

async function measureWorker(bench: Bench, language: BenchLanguage): Promise<Row> {
  const what = `idle worker, ${language}`;
  const against = "a bare interpreter with the same imports";
  const why = bench.service.whyNot(language);
  if (why !== undefined) return notMeasured("P10", what, against, why);
  bench.say(`P10 ${what}`);
  let modules: string[] = [];
  for (let index = 0; index < WORKERS; index += 1) {
    const codeId = await bench.service.code(language, `${comment(language)} ${index}\n${IMPORTED[language]}`);
    const { run } = await bench.service.clients.runs.runCode({ codeId });
    modules = JSON.parse(Buffer.from(run!.result!.body).toString()) as string[];
  }
  await atRest(bench.service.pid);
  const ours = guests(bench.service.pid, language).map(pss);
  // As many at once as there are of ours: pages that several processes share count less in each.
  const theirs = await bareInterpreters(language, modules, ours.length);
  const ratio = spreadOf(ours.map((bytes, index) => bytes / theirs[index]!));
  return {
    figure: "P10",
    what,
    against,
    ours: mebibytes(ours),
    theirs: mebibytes(theirs),
    ratio,
    target: { most: 1.2 },
    errors: 0,
    note: "PSS of the guest's process; bubblewrap adds two of about 0.3 MiB",
  };
}

/** The service's memory after each step of the load; what counts is that the last is not more than the first. */
async function measureService(bench: Bench): Promise<Row> {
  const what = "service under load";
  bench.say(`P10 ${what}`);
  await using generator = new LoadGenerator("load-http.ts");
  const url = `${bench.service.url}/action/endpoint/${bench.service.anyEcho}`;
  const order = {
    url,
    headers: { "content-type": "application/octet-stream" },
    body: BODY.toString("base64"),
    expect: BODY.toString(),
    concurrency: CONCURRENCY,
    seconds: STEP_SECONDS,
  };
  const sizes: number[] = [];
  let runs = 0;
  let errors = 0;
  for (let step = 0; step < WARM_UP_STEPS + STEPS; step += 1) {
    const load = await generator.measure(order);
    runs += load.perSecond * STEP_SECONDS;
    errors += load.errors;
    sizes.push(residentBytes(bench.service.pid));
  }
  const [first, last] = [sizes[WARM_UP_STEPS - 1]!, sizes.at(-1)!];
  return {
    figure: "P10",
    what: `${what}, ${Math.round(runs / 1000)} thousand runs`,
    against: "itself after the first third of them",
    ours: mebibytes([last]),
    theirs: mebibytes([first]),
    ratio: spreadOf([last / first]),
    target: { most: 1.2 },
    errors,
  };
}

async function bareInterpreters(
  language: BenchLanguage,
  modules: readonly string[],
  count: number,
): Promise<number[]> {
  await using running = new AsyncDisposableStack();
  const bare: Child[] = [];
  for (let index = 0; index < count; index += 1) {
    const child = running.use(new Child(`a bare ${language}`, ...bareInterpreter(language, modules)));
    await child.printed(/ready/);
    bare.push(child);
  }
  return bare.map(({ pid }) => pss(pid));
}

/** Processes under the service that run a language's guest. */
function guests(service: number, language: BenchLanguage): number[] {
  const pids = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => isLanguage(pid, language) && isBelow(pid, service));
}

function isLanguage(pid: number, language: BenchLanguage): boolean {
  const words = read(pid, "cmdline").split("\0");
  // Bubblewrap's own arguments name the guest too.
  return (
    !words[0]!.endsWith("bwrap") &&
    words.includes(language === "python" ? "/guest/guest.pyc" : "/guest/guest.mjs")
  );
}

function isBelow(pid: number, ancestor: number): boolean {
  for (let at = pid; at > 1; at = Number(/^PPid:\s+(\d+)/m.exec(read(at, "status"))?.[1] ?? 0)) {
    if (at === ancestor) return true;
  }
  return false;
}

function bareInterpreter(language: BenchLanguage, modules: readonly string[]): [string, string[]] {
  if (language === "javascript") {
    const imports = modules.map((name) => `import("node:${name.replace(/^node:/, "")}")`).join(",");
    return [
      NODE,
      [
        "--no-warnings",
        "-e",
        `Promise.allSettled([${imports}]).then(() => { console.log("ready"); setInterval(() => {}, 1e6); })`,
      ],
    ];
  }
  return [
    barePython(),
    ["-I", "-c", `import ${modules.join(",")}, time\nprint("ready", flush=True)\ntime.sleep(1e6)`],
  ];
}

function pss(pid: number): number {
  return 1024 * Number(/^Pss:\s+(\d+)/m.exec(read(pid, "smaps_rollup"))![1]);
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return ""; // It has ended.
  }
}

function mebibytes(sizes: readonly number[]): string {
  return `${(spreadOf(sizes).median / 1024 ** 2).toFixed(1)} MiB`;
}

function comment(language: BenchLanguage): string {
  return language === "python" ? "#" : "//";
}
