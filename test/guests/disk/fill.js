// Writes until the disk is full: it is, soon, and only its own.
import { writeFileSync } from "node:fs";

export function Run() {
  try {
    for (let n = 0; ; n += 1) writeFileSync(`/home/${n}`, Buffer.alloc(1 << 20, 1));
  } catch (error) {
    return error.code;
  }
}
