import { readFileSync } from "node:fs";
import { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";

export type MuseumLanguage = "python" | "javascript" | "typescript" | "go";

/** What must come of an attack: its source is refused, or its run ends so; `answer` is what a run that succeeds says. */
export type Outcome = "refused" | Ended;

export interface Ended {
  readonly status: RunStatus;
  readonly kind?: RegExp;
  readonly answer?: unknown;
}

/** One attack, in the languages of its files. */
export interface Exhibit {
  /** Folder and name of its files under `test/guests`. */
  readonly name: string;
  readonly languages: readonly MuseumLanguage[];
  /** Several where it depends on the moment which limit is met first. */
  readonly outcome: Outcome | readonly Ended[];
  /** 64 unless another limit would be met first. */
  readonly memoryMib?: number;
  /** What the run is given, made of what the host has to be looked for. */
  readonly body?: (host: Host) => string;
}

/** What a host has that an attack looks for. */
export interface Host {
  readonly files: readonly string[];
  readonly doors: readonly (readonly [host: string, port: number])[];
  readonly abstractSockets: readonly string[];
}

const ENDINGS = { python: "py", javascript: "js", typescript: "ts", go: "go" } as const;
const PY = ["python"] as const;
const PY_JS = ["python", "javascript"] as const;
const PY_JS_GO = ["python", "javascript", "go"] as const;

const TIMED_OUT: Ended = { status: RunStatus.TIMED_OUT };
const OUT_OF_MEMORY: Outcome = { status: RunStatus.OUT_OF_MEMORY };
const OUTPUT_LIMIT: Outcome = { status: RunStatus.OUTPUT_LIMIT };

function answers(answer: unknown): Outcome {
  return { status: RunStatus.SUCCEEDED, answer };
}

function fails(kind: RegExp): Ended {
  return { status: RunStatus.FAILED, kind };
}

const files = (host: Host) => host.files.join(" ");
const doors = (host: Host) => JSON.stringify(host.doors);

export const EXHIBITS: readonly Exhibit[] = [
  { name: "forks/fork-bomb", languages: PY_JS, outcome: TIMED_OUT, memoryMib: 1024 },
  // Go ends when it needs a thread and gets none.
  { name: "forks/fork-bomb", languages: ["go"], outcome: [TIMED_OUT, fails(/^Exit$/)], memoryMib: 1024 },
  { name: "forks/stubborn-children", languages: PY, outcome: TIMED_OUT },
  { name: "forks/daemon", languages: PY_JS, outcome: answers("answered") },
  { name: "memory/hog", languages: [...PY_JS_GO, "typescript"], outcome: OUT_OF_MEMORY },
  { name: "memory/hogs", languages: PY, outcome: OUT_OF_MEMORY },
  { name: "memory/temporary-files", languages: PY, outcome: OUT_OF_MEMORY },
  { name: "memory/anonymous-files", languages: PY, outcome: OUT_OF_MEMORY },
  { name: "disk/fill", languages: PY_JS_GO, outcome: answers("ENOSPC"), memoryMib: 256 },
  { name: "disk/sparse", languages: PY, outcome: answers("EFBIG") },
  { name: "disk/inodes", languages: PY, outcome: OUT_OF_MEMORY },
  { name: "disk/deep-folders", languages: PY, outcome: OUT_OF_MEMORY },
  { name: "processor/forever", languages: PY_JS_GO, outcome: TIMED_OUT },
  { name: "processor/forever", languages: ["typescript"], outcome: fails(/^NeverSettled$/) },
  { name: "processor/backtracking", languages: ["javascript"], outcome: TIMED_OUT },
  { name: "processor/spinning-child", languages: PY, outcome: TIMED_OUT },
  { name: "processor/sleeping-child", languages: PY, outcome: answers("answered") },
  { name: "output/flood", languages: PY_JS_GO, outcome: OUTPUT_LIMIT },
  { name: "output/log-flood", languages: PY, outcome: OUTPUT_LIMIT },
  { name: "output/endless-line", languages: PY, outcome: OUTPUT_LIMIT },
  { name: "output/bytes", languages: PY, outcome: answers("printed") },
  { name: "output/half-a-line", languages: PY, outcome: fails(/^Signal$/) },
  { name: "output/large-result", languages: PY, outcome: OUTPUT_LIMIT },
  { name: "exhaustion/threads", languages: ["python"], outcome: answers("fewer than 64") },
  { name: "exhaustion/threads", languages: ["javascript"], outcome: OUT_OF_MEMORY },
  { name: "exhaustion/threads", languages: ["go"], outcome: fails(/^Exit$/) },
  { name: "exhaustion/descriptors", languages: PY_JS, outcome: answers("EMFILE") },
  { name: "exhaustion/timers", languages: ["javascript"], outcome: OUT_OF_MEMORY },
  { name: "exhaustion/recursion", languages: PY, outcome: fails(/^(RecursionError|Signal)$/) },
  { name: "exhaustion/recursion", languages: ["javascript"], outcome: fails(/^RangeError$/) },
  { name: "exhaustion/recursion", languages: ["go"], outcome: OUT_OF_MEMORY },
  { name: "compilers/constants", languages: ["go"], outcome: "refused" },
  { name: "compilers/generics", languages: ["go"], outcome: "refused" },
  { name: "compilers/errors", languages: ["go"], outcome: "refused" },
  { name: "compilers/embedded-file", languages: ["go"], outcome: "refused" },
  { name: "compilers/cgo", languages: ["go"], outcome: "refused" },
  { name: "compilers/nesting", languages: ["python", "javascript", "typescript"], outcome: "refused" },
  { name: "files/host-files", languages: PY_JS_GO, outcome: answers([]), body: files },
  { name: "files/links", languages: PY, outcome: answers([]), body: files },
  { name: "files/names", languages: PY, outcome: answers(13) },
  { name: "files/special-files", languages: PY, outcome: answers([]) },
  { name: "persistence/plant", languages: PY, outcome: answers(4) },
  { name: "persistence/look", languages: PY_JS, outcome: answers([]) },
  { name: "persistence/plant", languages: ["javascript"], outcome: fails(/^Protocol$/) },
  { name: "persistence/look", languages: PY_JS, outcome: answers([]) },
  { name: "network/connections", languages: PY_JS_GO, outcome: answers([]), body: doors },
  {
    name: "network/families",
    languages: PY,
    outcome: answers([]),
    body: (host) => host.abstractSockets.join(" "),
  },
  { name: "network/same-port", languages: PY, outcome: answers(4) },
  { name: "neighbours/kill-everybody", languages: PY_JS, outcome: fails(/^Signal$/) },
  { name: "neighbours/trace", languages: PY, outcome: answers([]) },
  { name: "neighbours/priority", languages: PY, outcome: answers([]) },
  { name: "frames/garbage", languages: PY_JS, outcome: fails(/^Protocol$/) },
  { name: "frames/half-a-frame", languages: PY, outcome: TIMED_OUT },
  { name: "frames/oversized", languages: PY, outcome: fails(/^Protocol$/) },
  { name: "frames/another-run", languages: PY, outcome: fails(/^Protocol$/) },
  { name: "frames/late", languages: PY, outcome: answers("answered") },
  { name: "frames/early-exit", languages: PY_JS_GO, outcome: fails(/^Exit$/) },
  { name: "frames/patched", languages: PY, outcome: answers("its own") },
  { name: "kernel/calls", languages: ["python", "go"], outcome: answers([]) },
  { name: "kernel/calls-of-32-bits", languages: PY, outcome: answers("ENOSYS") },
  { name: "kernel/core-dump", languages: PY, outcome: fails(/^Signal$/) },
  { name: "kernel/limits", languages: PY, outcome: answers([]) },
];

/** The program of an exhibit; what would be too long to keep is written out (`REPEAT 1000: (`). */
export function sourceOf(name: string, language: MuseumLanguage): string {
  const text = readFileSync(new URL(`${name}.${ENDINGS[language]}`, import.meta.url), "utf8");
  return text.replace(/REPEAT (\d+): (.*)/g, (_, times: string, piece: string) =>
    piece.repeat(Number(times)),
  );
}

/** The name of a status; what is generated has none in that direction. */
export function nameOf(status: RunStatus): string {
  return Object.entries(RunStatus).find(([, number]) => number === status)?.[0] ?? String(status);
}

/** The museum as SECURITY.md shows it, in Markdown. */
export function museumTable(): string {
  const rows = EXHIBITS.map(
    ({ name, languages, outcome }) =>
      `| ${name} | ${descriptionOf(name, languages[0]!)} | ${languages.join(", ")} | ${describeOutcome(outcome)} | served |`,
  );
  const head = [
    "| attack | what it tries | language | outcome | neighbours |",
    "| --- | --- | --- | --- | --- |",
  ];
  return [...head, ...new Set(rows)].join("\n");
}

/** What an exhibit says of itself: the beginning of its first comment. */
function descriptionOf(name: string, language: MuseumLanguage): string {
  const text = readFileSync(new URL(`${name}.${ENDINGS[language]}`, import.meta.url), "utf8");
  return /(?:"""|\/\/ )([^\n"]*?)[.:;](?:\s|"|$)/.exec(text)?.[1] ?? "";
}

function describeOutcome(outcome: Exhibit["outcome"]): string {
  if (outcome === "refused") return "source refused";
  if ("length" in outcome) return outcome.map(describeOutcome).join(" or ");
  const status = nameOf(outcome.status);
  if (outcome.status === RunStatus.SUCCEEDED) return `${status}, ${JSON.stringify(outcome.answer)}`;
  const kind = outcome.kind?.source.replace(/[\^$()]/g, "").replace("|", " or ");
  return kind === undefined || kind === "." ? status : `${status}, ${kind}`;
}
