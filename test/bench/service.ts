import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";
import { goFolder } from "../support/go-folder.ts";
import {
  type Clients,
  clientsOver,
  LANGUAGE_NUMBERS,
  newCode,
  newProject,
  OPERATOR_TOKEN,
  transportFor,
} from "../support/service.ts";
import { Child, NODE } from "./processes.ts";

export type BenchLanguage = "python" | "javascript";
export const LANGUAGES: readonly BenchLanguage[] = ["python", "javascript"];

/** The service under measurement: a process of its own, as an operator starts it, with its embedded PostgreSQL. */
export interface Service extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly token: string;
  readonly clients: Clients;
  readonly projectId: string;
  /** Why codes in the language do not work; undefined when they do. */
  whyNot(language: BenchLanguage): string | undefined;
  /** The echo code in a language that works. */
  echo(language: BenchLanguage): string;
  /** One of the echo codes that work. */
  readonly anyEcho: string;
  /** Creates an ENDPOINT code that anyone may call, and answers with its id. */
  code(language: BenchLanguage, source: string): Promise<string>;
}

export const ECHO: Record<BenchLanguage, string> = {
  python: `def Run(engine):
    engine.result.set(engine.raw_body, 200, "application/octet-stream")
`,
  javascript: `export async function Run(engine) {
  engine.result.set(engine.rawBody, 200, "application/octet-stream");
}
`,
};

/** What is sent to be echoed; long enough to be told apart from anything else in an answer. */
export const BODY = Buffer.from("0123456789".repeat(10));

/** Starts the service with its data in the folder and waits until each language has answered, or has not. */
export async function startService(folder: string): Promise<Service> {
  const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const child = new Child("the service", NODE, [...profilingWords(), main, "serve"], {
    CODEACTIONS_PORT: "0",
    CODEACTIONS_DATA_DIR: join(folder, "service"),
    CODEACTIONS_GO_DIR: goFolder,
    CODEACTIONS_BOOTSTRAP_TOKEN: OPERATOR_TOKEN,
    CODEACTIONS_RATE_LIMIT_REQUESTS: "1000000",
    CODEACTIONS_LOG_LEVEL: "warn",
    CODEACTIONS_DEMO: "false",
    DATABASE_URL: "",
    NO_COLOR: "1",
  });
  try {
    const [, url] = await child.printed(/answers at (http:\/\/\S+)/);
    const clients = clientsOver(transportFor("grpc", url!, OPERATOR_TOKEN));
    const projectId = await newProject(clients, "bench");
    const code = async (language: BenchLanguage, source: string) =>
      (await newCode(clients, projectId, source, { language: LANGUAGE_NUMBERS[language] })).id;
    const echoes = new Map<BenchLanguage, string>();
    const broken = new Map<BenchLanguage, string>();
    for (const language of LANGUAGES) {
      try {
        const codeId = await code(language, ECHO[language]);
        await requireEcho(clients, codeId);
        echoes.set(language, codeId);
      } catch (error) {
        broken.set(language, error instanceof Error ? error.message : String(error));
      }
    }
    const [anyEcho] = echoes.values();
    if (anyEcho === undefined) throw new Error([...broken.values()].join("; "));
    return {
      url: url!,
      pid: child.pid,
      token: OPERATOR_TOKEN,
      clients,
      projectId,
      whyNot: (language) => broken.get(language),
      echo: (language) => echoes.get(language)!,
      anyEcho,
      code,
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    };
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

/** Runs an echo code once; throws what is wrong with the answer. */
async function requireEcho(clients: Clients, codeId: string): Promise<void> {
  const { run } = await clients.runs.runCode({ codeId, input: { body: BODY } });
  if (run?.status === RunStatus.SUCCEEDED && BODY.equals(run.result!.body)) return;
  throw new Error(`the echo did not succeed: ${run?.error?.message ?? "another body came back"}`);
}

/** Words that let Node write a profile of the service when it ends, where `BENCH_CPU_PROFILE_DIR` says to. */
function profilingWords(): string[] {
  const folder = process.env.BENCH_CPU_PROFILE_DIR;
  return folder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${folder}`];
}
