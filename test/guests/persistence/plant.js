// Leaves something in what all codes might share: built-in modules, prototypes, files. It hurts nobody but itself.
import { writeFileSync } from "node:fs";

export function Run() {
  JSON.stringify = () => '"planted"';
  Object.prototype.planted = true;
  Array.prototype.toJSON = () => "planted";
  globalThis.fetch = () => "planted";
  let left = 0;
  for (const folder of ["/tmp", "/dev/shm", "/home", "/work", "/guest", "/node/bin", "/etc"]) {
    try {
      writeFileSync(`${folder}/planted.js`, "throw 'planted'");
      left += 1;
    } catch {}
  }
  return String(left);
}
