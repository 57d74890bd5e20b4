import { readFileSync } from "node:fs";

/** The bytes that every call is answered with: one real answer of the service, in the file named on the command line. */
export function answerFromFile(): Buffer {
  return readFileSync(process.argv[2]!);
}

/** Tells the bench where this listens, and ends this process with the bench. */
export function announce(port: number): void {
  process.stdout.write(`listening on ${port}\n`);
  process.stdin.on("end", () => process.exit()).resume();
}
