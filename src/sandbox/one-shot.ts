import type { JailSpec } from "./jail.ts";
import type { Jails } from "./launch.ts";

export interface OneShot {
  readonly input: Uint8Array;
  readonly timeoutMs: number;
  /** More than this on either stream ends the command. */
  readonly outputBytesMax: number;
}

/** What a command said, to its end or to where it was ended. */
export interface Finished {
  readonly ended: "by itself" | "timeout" | "output" | "memory";
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Runs one command in a jail of its own, from an input to its output. Rejects with the signal's reason. */
export async function runInJail(
  jails: Jails,
  spec: JailSpec,
  { input, timeoutMs, outputBytesMax }: OneShot,
  signal: AbortSignal,
): Promise<Finished> {
  signal.throwIfAborted();
  const jail = jails.start(spec, "pipe");
  let ended: Finished["ended"] = "by itself";
  const end = (why: Finished["ended"]) => {
    ended = why;
    jail.kill().catch(() => {});
  };
  const onAbort = () => end("timeout");
  const timer = setTimeout(onAbort, timeoutMs);
  signal.addEventListener("abort", onAbort, { once: true });
  const stdout = collect(jail.stdout, outputBytesMax, () => end("output"));
  const stderr = collect(jail.stderr, outputBytesMax, () => end("output"));
  try {
    jail.stdin?.end(input);
    await jail.closed;
    const { exitCode } = await jail.exited;
    // Once it has been killed its group is gone.
    if (ended === "by itself" && jail.group.outOfMemoryKills() > 0) ended = "memory";
    signal.throwIfAborted();
    return { ended, exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    await jail.kill();
  }
}

function collect(stream: NodeJS.ReadableStream, bytesMax: number, tooMuch: () => void): Buffer[] {
  const pieces: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (piece: Buffer) => {
    bytes += piece.byteLength;
    if (bytes <= bytesMax) pieces.push(piece);
    else tooMuch();
  });
  return pieces;
}
