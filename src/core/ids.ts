import { randomFillSync } from "node:crypto";
import { v7 } from "uuid";

const ID_BYTES = 16;
/** Random bytes are drawn for many ids at once: drawing them costs more than everything else about an id. */
const drawn = Buffer.alloc(256 * ID_BYTES);
let used = drawn.byteLength;
let lastMs = 0;
let sequence = 0;

/** A UUIDv7, greater than every one that this process made before. */
export function newId(): string {
  if (used === drawn.byteLength) {
    randomFillSync(drawn);
    used = 0;
  }
  const random = drawn.subarray(used, used + ID_BYTES);
  used += ID_BYTES;
  const nowMs = Date.now();
  if (nowMs > lastMs) {
    lastMs = nowMs;
    // Its highest bit is left free, so that a millisecond's ids do not run out of numbers.
    sequence = random.readInt32BE(6) & 0x7fffffff;
  } else {
    sequence = (sequence + 1) | 0;
    if (sequence === 0) lastMs += 1;
  }
  return v7({ msecs: lastMs, seq: sequence, random });
}
