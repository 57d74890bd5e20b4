import { readChecked } from "../../answers.ts";
import type { JailSpec } from "../../jail.ts";
import type { Jails } from "../../launch.ts";
import { runInJail } from "../../one-shot.ts";
import { NotAccepted, type Problem } from "../../program.ts";
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

/**
 * Compiles and links one source in a jail of its own, which sees the prepared folder and nothing else; the program
 * comes back over a pipe. Throws when the build could not be run, which is never the source's fault.
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
    const said = finished.stderr.toString("utf8", 0, 2000).trim();
    throw new NotAccepted("broken", `a Go build ended with ${finished.exitCode}: ${said}`);
  }
  // What has read the source may have been talked into saying anything: the answer is checked like a guest's.
  const { problems, loadable } = readChecked(finished.stdout);
  return problems.length > 0 ? { problems } : { binary: loadable };
}

function buildJail(folder: string, root: string): JailSpec {
  return {
    name: "go-build",
    root,
    binds: [{ from: folder, to: TOOLCHAIN_FOLDER }],
    files: [],
    command: [`${TOOLCHAIN_FOLDER}/build`, `-timeout=${TIMEOUT_S}s`, `-binary-bytes-max=${BINARY_BYTES_MAX}`],
    environment: { TMPDIR: "/tmp" },
    limits: {
      memoryBytesMax: MEMORY_BYTES_MAX,
      pidsMax: 256,
      cpuMillisMax: 1000,
      openFilesMax: 1024,
      tmpBytesMax: 256 * MIB,
    },
  };
}

function refuse(message: string): Built {
  return { problems: [{ kind: "type", message, line: 0, column: 0 }] };
}
