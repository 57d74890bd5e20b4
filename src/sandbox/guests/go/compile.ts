import { spawn } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { decodeHeadAndBody } from "../../frames.ts";
import type { Problem } from "../../program.ts";

export async function compile(
  folder: string,
  source: string,
  signal: AbortSignal,
): Promise<{ binary: Buffer } | { problems: Problem[] }> {
  const work = await mkdtemp("/tmp/gowork-");
  const child = spawn(`${folder}/build`, ["-toolchain", folder, "-work", work], {
    signal,
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(source);
  const pieces: Buffer[] = [];
  for await (const piece of child.stdout) pieces.push(piece);
  const { head, body } = decodeHeadAndBody(Buffer.concat(pieces));
  const { problems } = head as { problems: Problem[] };
  return problems.length > 0 ? { problems } : { binary: body };
}
