import { addAbortSignal } from "node:stream";

/** All that stdin has. Throws when the signal fires before its end. */
export async function readStandardInput(signal: AbortSignal): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of addAbortSignal(signal, process.stdin)) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** The text that stdin has, without the line break that `echo` puts behind it. */
export async function readSecretFromInput(signal: AbortSignal): Promise<string> {
  return (await readStandardInput(signal)).toString("utf8").replace(/\r?\n$/, "");
}
