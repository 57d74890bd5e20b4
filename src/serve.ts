import color from "picocolors";
import { type App, type Shape, startApp } from "./app.ts";
import { type Config, readConfig } from "./core/config.ts";
import { migrateAt } from "./core/db/orm.ts";
import type { Logger } from "./core/logger.ts";
import { createDemo, type DemoRun, runSamples } from "./demo.ts";
import { languageLines, openProcess, print } from "./process.ts";
import type { Call } from "./services/access.ts";
import { TakenForGone } from "./services/journal-batch.ts";

/** Starts the service, tells a person what there is to try, and runs until it is told to stop. */
export async function serve(shape: Shape = { localNode: true }): Promise<number> {
  const config = readConfig();
  // A person who starts the service reads what it prints; its log is for when something is worth a warning.
  const level = config.demo && config.logLevel === "info" ? "warn" : config.logLevel;
  const { log, stopped } = openProcess({ ...config, logLevel: level }, shape.localNode);
  const startedMs = performance.now();
  await using app = await startApp(config, log, shape);
  print(welcome(app, config, performance.now() - startedMs));
  const demo = config.demo ? showDemo(app, config, stopped.signal) : Promise.resolve();
  const reason = await Promise.race([stopped.promise, app.failed.then((error) => endAtOnce(error, log))]);
  print(`\n${color.dim(`stopping (${reason}): waiting for runs under way; once more to stop at once`)}`);
  await demo;
  return reason.startsWith("another") ? 1 : 0;
}

/** A service whose runs are others' has nothing to wait for: whatever it still did would be done twice. */
function endAtOnce(error: Error, log: Logger): string {
  if (!(error instanceof TakenForGone)) return error.message;
  log.error({ error }, "this service was taken for gone, and ends");
  process.exit(1);
}

/** Brings the database at DATABASE_URL to the newest schema. */
export async function migrateOnly(): Promise<number> {
  const config = readConfig();
  if (config.databaseUrl === "")
    throw new Error("DATABASE_URL is not set; the embedded database migrates itself at every start");
  const done = await migrateAt(config.databaseUrl);
  print(done.length === 0 ? "the database is at the newest schema already" : `migrated: ${done.join(", ")}`);
  return 0;
}

function welcome(app: App, config: Config, tookMs: number): string {
  const lines = [
    "",
    `${color.bold("Code Actions")} answers at ${color.cyan(app.url)}  ${color.dim(`(ready in ${(tookMs / 1000).toFixed(1)} s, data in ${config.dataDir})`)}`,
  ];
  lines.push(...languageLines(app.languages()));
  if (app.newToken !== undefined) {
    lines.push("", `The operator's token, shown this once:  ${color.yellow(app.newToken)}`);
  }
  return lines.join("\n");
}

/** On an empty database: the project `demo`, a sample per language, each run once, and what to try next. */
async function showDemo(app: App, config: Config, stopping: AbortSignal): Promise<void> {
  const caller = { kind: "operator", tokenId: "demo", name: "demo" } as const;
  const call: Call = { caller, signal: stopping, deadlineMs: undefined, correlationId: "demo" };
  try {
    const project = await createDemo(app, call);
    if (project === undefined) return print(toTry(app, config, undefined));
    print(`\nThe project ${color.bold("demo")} has a sample code for each language. Their first runs:`);
    let first: DemoRun | undefined;
    const told = {
      skipped: (language: string, why: string) =>
        print(`\n  ${color.bold(language)}  ${color.dim("skipped:")} ${why}`),
      preparing: (language: DemoRun["language"]) => showPreparation(app, language, stopping),
    };
    for await (const run of runSamples(app, call, project.id, told)) {
      first ??= run;
      print(shownRun(run));
      // The commands come before the one language that may take a minute to be made ready.
      if (run.language === "typescript") print(toTry(app, config, first));
    }
  } catch (error) {
    if (!stopping.aborted)
      print(
        `\n${color.red("the demo could not be made:")} ${error instanceof Error ? error.message : error}`,
      );
  }
}

/** Shows on one line how far a language is, until it is ready. */
async function showPreparation(
  app: App,
  language: DemoRun["language"],
  stopping: AbortSignal,
): Promise<void> {
  const progress = () => {
    const state = app.languages().find((candidate) => candidate.language === language);
    return state?.state === "preparing" ? state.progress : undefined;
  };
  if (progress() === undefined) return;
  const onOneLine = process.stdout.isTTY;
  if (!onOneLine) print(`\n${language} is being made ready, once: ${progress()}`);
  const timer = setInterval(() => {
    if (onOneLine)
      process.stdout.write(`\r\x1b[K  ${language} is being made ready, once: ${progress() ?? ""}`);
  }, 500);
  try {
    await app.languageSettled(language, stopping);
  } finally {
    clearInterval(timer);
    if (onOneLine) process.stdout.write("\r\x1b[K");
  }
}

function shownRun({ language, view, lines }: DemoRun): string {
  const { run, payload } = view;
  const ms = ((run.wallUs ?? 0) / 1000).toFixed(1);
  const start = run.cold ? `, worker started in ${((run.startUs ?? 0) / 1000).toFixed(0)} ms` : "";
  const status =
    run.status === "SUCCEEDED" ? color.green(run.status) : color.red(`${run.status}: ${run.errorMessage}`);
  const body = payload?.result === undefined ? "" : Buffer.from(payload.result.body).toString("utf8");
  return [
    `\n  ${color.bold(language)}  ${status} in ${ms} ms${color.dim(start)}  ${color.dim("→")} ${body}`,
    ...lines.map(
      (line) => `    ${color.dim(`${line.stream.padEnd(6)} ${line.level.padEnd(7)}`)} ${line.text}`,
    ),
  ].join("\n");
}

function toTry(app: App, config: Config, first: DemoRun | undefined): string {
  const token = app.newToken ?? (config.bootstrapToken === "" ? "$TOKEN" : "$CODEACTIONS_BOOTSTRAP_TOKEN");
  const auth = `-H 'Authorization: Bearer ${token}'`;
  const code = first?.codeId ?? "$CODE_ID";
  const slug = first?.slug ?? "hello-python";
  const plainHttp2 = app.url.startsWith("http://") ? " --http2-prior-knowledge" : "";
  return `
Try it:
  ${color.dim("# from another terminal: log in once, run a code, watch what it logs")}
  npx codeactions login --address ${app.url} --token ${token}
  npx codeactions run ${slug} --project demo --param name=you && npx codeactions logs --project demo
  ${color.dim("# run it by reflection, with nothing but this address")}
  npx buf curl${plainHttp2} --protocol grpc ${auth} -d '{"code_id":"${code}"}' ${app.url}/codeactions.v1.RunnerService/RunCode
  ${color.dim("# what there is, the way grpcurl asks")}
  grpcurl -plaintext ${new URL(app.url).host} list codeactions.v1.RunnerService
  ${color.dim("# as a plain HTTP endpoint")}
  curl '${app.url}/e/demo/${slug}?name=you'
  ${color.dim("# follow its log while you call it from another terminal")}
  npx buf curl${plainHttp2} --protocol grpc ${auth} -d '{"code_id":"${code}"}' ${app.url}/codeactions.v1.LogService/TailLogs`;
}
