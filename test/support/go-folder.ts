import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where tests keep Go's compiled standard library, so that it is compiled once and not for every file. */
export const goFolder = join(tmpdir(), "codeactions-test", "go");
