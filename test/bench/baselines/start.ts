import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bench } from "../figure.ts";
import { startFile } from "../processes.ts";

type Baseline = "connect-node.ts" | "grpc-js.ts" | "http2.ts" | "http.ts";

/** Starts a server to compare with; it answers every call with the given bytes. Answers with its address. */
export async function startBaseline(
  { open, folder }: Bench,
  baseline: Baseline,
  answer: Uint8Array,
  ...words: string[]
): Promise<string> {
  const file = join(folder, `answer-${baseline}-${words.length}.bin`);
  await writeFile(file, answer);
  const child = open.use(startFile(`baselines/${baseline}`, [file, ...words]));
  const [, port] = await child.printed(/listening on (\d+)/);
  return `http://127.0.0.1:${port}`;
}
