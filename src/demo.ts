import { readFile } from "node:fs/promises";
import type { Language } from "./core/db/entities/codes.ts";
import type { Project } from "./core/db/entities/projects.ts";
import { Refusal } from "./core/errors.ts";
import type { Call } from "./services/access.ts";
import type { Codes } from "./services/codes.ts";
import type { RunView } from "./services/live-run.ts";
import type { Logs } from "./services/logs.ts";
import type { Projects } from "./services/projects.ts";
import type { Runs } from "./services/runs.ts";

/** One sample code per language: each greets, prints, logs and answers with JSON. */
const SAMPLES: readonly { language: Language; name: string; file: string }[] = [
  { language: "python", name: "Hello Python", file: "hello.py" },
  { language: "javascript", name: "Hello JavaScript", file: "hello.js" },
  { language: "typescript", name: "Hello TypeScript", file: "hello.ts" },
  { language: "go", name: "Hello Go", file: "hello.go" },
];

export interface DemoRun {
  readonly language: Language;
  readonly codeId: string;
  readonly slug: string;
  readonly view: RunView;
  readonly lines: readonly { readonly level: string; readonly stream: string; readonly text: string }[];
}

interface Parts {
  readonly projects: Projects;
  readonly codes: Codes;
  readonly runs: Runs;
  readonly logs: Logs;
}

/** Makes the project `demo` with its codes on an empty database; undefined when there are projects already. */
export async function createDemo({ projects }: Parts, call: Call): Promise<Project | undefined> {
  const existing = await projects.list(call, { size: 1, token: "" });
  if (existing.items.length > 0) return undefined;
  return projects.create(call, { name: "demo", slug: "demo", requestId: "" });
}

/**
 * Stores and runs the sample of each language, one after the other; a language that is missing here is told to
 * `skipped` with the reason. `preparing` is awaited before a language that is still being made ready.
 */
export async function* runSamples(
  parts: Parts,
  call: Call,
  projectId: string,
  told: { skipped(language: Language, why: string): void; preparing(language: Language): Promise<void> },
): AsyncGenerator<DemoRun> {
  for (const sample of SAMPLES) {
    try {
      await told.preparing(sample.language);
      yield await runSample(parts, call, projectId, sample);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      told.skipped(sample.language, error.message);
    }
  }
}

async function runSample(
  { codes, runs, logs }: Parts,
  call: Call,
  projectId: string,
  sample: (typeof SAMPLES)[number],
): Promise<DemoRun> {
  const source = await readFile(new URL(`../deploy/demo/${sample.file}`, import.meta.url), "utf8");
  const { language, name } = sample;
  const code = await codes.create(call, {
    projectId,
    name,
    slug: "",
    type: "ENDPOINT",
    language,
    source,
    requestId: "",
  });
  const input = {
    method: "POST",
    path: `/e/demo/${code.slug}`,
    query: [["name", "world"]] as const,
    headers: [],
    body: new TextEncoder().encode("a body"),
  };
  const view = await runs.runCode(call, {
    codeId: code.id,
    version: 0,
    input,
    timeoutMs: undefined,
    requestId: "",
  });
  const log = await logs.list(
    call,
    { kind: "run", runId: view.run.id },
    {},
    { size: 100, token: "", newestFirst: false },
  );
  return { language, codeId: code.id, slug: code.slug, view, lines: log.items.map(({ entry }) => entry) };
}
