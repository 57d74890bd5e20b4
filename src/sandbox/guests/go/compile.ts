import { BrokenFrame, decodeHeadAndBody } from "../../frames.ts";
import type { JailSpec } from "../../jail.ts";
import type { Jails } from "../../launch.ts";
import { runInJail } from "../../one-shot.ts";
import type { Problem } from "../../program.ts";
import { TOOLCHAIN_FOLDER } from "../../tree.ts";

/** A program, or what is wrong with its source. */
export type Built = { readonly binary: Buffer } | { readonly problems: Problem[] };

/** Where a build happens: jails, and the tree that is their root, without any program. */
export interface BuildPlace {
  readonly jails: Jails;
  readonly root: string;
}

const MIB = 1024 * 1024;
const BINARY_BYTES_MAX = 64 * MIB;
const TIMEOUT_S = 30;
const MEMORY_BYTES_MAX = 1024 * MIB;
const PROBLEMS_MAX = 20;
const KINDS = ["syntax", "entry_point", "import", "type"] as const;

/**
 * Compiles and links one source in a jail of its own, which sees the prepared folder and nothing else; the program
 * comes back over a pipe. Throws when the toolchain is broken, which is never the source's fault.
 */
export async function compile(
  folder: string,
  source: string,
  place: BuildPlace,
  signal: AbortSignal,
): Promise<Built> {
  const order = {
    input: Buffer.from(source),
    // The builder has the same time and says it in better words; this is for a builder that does not answer.
    timeoutMs: (TIMEOUT_S + 5) * 1000,
    outputBytesMax: BINARY_BYTES_MAX + MIB,
  };
  const finished = await runInJail(place.jails, buildJail(folder, place.root), order, signal);
  if (finished.ended === "memory")
    return refuse(`compiling needed more than ${MEMORY_BYTES_MAX / MIB} MiB of memory`);
  if (finished.ended === "timeout") return refuse(`compiling took longer than ${TIMEOUT_S} s`);
  if (finished.ended === "output") return refuse(`the program is larger than ${BINARY_BYTES_MAX / MIB} MiB`);
  if (finished.exitCode !== 0) {
    throw new Error(
      `a Go build ended with ${finished.exitCode}: ${finished.stderr.toString("utf8", 0, 2000)}`,
    );
  }
  // What read the source may have been talked into saying anything: the answer is checked like a guest's.
  const { head, body } = decodeHeadAndBody(finished.stdout);
  const problems = readProblems(head);
  return problems.length > 0 ? { problems } : { binary: body };
}

function buildJail(folder: string, root: string): JailSpec {
  return {
    name: "go-build",
    root,
    binds: [{ from: folder, to: TOOLCHAIN_FOLDER }],
    files: [],
    command: [
      `${TOOLCHAIN_FOLDER}/build`,
      `-toolchain=${TOOLCHAIN_FOLDER}`,
      "-work=/tmp/work",
      `-timeout=${TIMEOUT_S}s`,
      `-binary-bytes-max=${BINARY_BYTES_MAX}`,
    ],
    environment: {},
    limits: { memoryBytesMax: MEMORY_BYTES_MAX, pidsMax: 256, openFilesMax: 1024, tmpBytesMax: 256 * MIB },
  };
}

function refuse(message: string): Built {
  return { problems: [{ kind: "type", message, line: 0, column: 0 }] };
}

function readProblems(head: unknown): Problem[] {
  const { problems } = Object(head) as { problems?: unknown };
  if (!Array.isArray(problems)) throw new BrokenFrame("a Go build answered without its problems");
  return problems.slice(0, PROBLEMS_MAX).map(readProblem);
}

function readProblem(value: unknown): Problem {
  const { kind, message, line, column } = Object(value) as Record<keyof Problem, unknown>;
  return {
    kind: KINDS.find((known) => known === kind) ?? "type",
    message: String(message),
    line: Number.isSafeInteger(line) ? Number(line) : 0,
    column: Number.isSafeInteger(column) ? Number(column) : 0,
  };
}
