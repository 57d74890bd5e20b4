// Looks for what another code has planted. Answers with what it finds.
import { readdirSync } from "node:fs";

export function Run() {
  const found = ["/tmp", "/dev/shm", "/home", "/work"]
    .flatMap((folder) => readdirSync(folder))
    .filter((name) => name.includes("planted"));
  if ({}.planted) found.push("a prototype");
  if (JSON.stringify([1]) !== "[1]") found.push("JSON");
  return found;
}
