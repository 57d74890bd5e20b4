// Writes what is no frame on the line to the host.
import { writeSync } from "node:fs";

export function Run() {
  writeSync(3, Buffer.alloc(4096, 0xff));
  return "answered";
}
