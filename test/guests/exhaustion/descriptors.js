// Opens files until there are no more.
import { openSync } from "node:fs";

export function Run() {
  try {
    for (;;) openSync("/dev/null");
  } catch (error) {
    return error.code;
  }
}
