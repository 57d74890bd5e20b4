import { randomBytes, randomFillSync } from "node:crypto";
import { v7 } from "uuid";

const ID_BYTES = 16;
/** Random bytes are drawn for many ids at once: drawing them costs more than everything else about an id. */
const drawn = Buffer.alloc(256 * ID_BYTES);
let used = drawn.byteLength;
const made = Buffer.alloc(ID_BYTES);
/** Of a UUID as it is written. */
const text = Buffer.from("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "latin1");
const DIGITS = Buffer.from("0123456789abcdef", "latin1");
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
  v7({ msecs: lastMs, seq: sequence, random }, made);
  return written(made);
}

const START = randomBytes(6).toString("hex");
let calls = 0;

/** Names a call for those who look for it in a log: as unique as this process. */
export function newCorrelationId(): string {
  calls += 1;
  return `${START}-${calls.toString(36)}`;
}

/** In one piece of memory, where the library joins twenty. */
function written(uuid: Buffer): string {
  let at = 0;
  for (let index = 0; index < ID_BYTES; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) at += 1;
    text[at++] = DIGITS[uuid[index]! >> 4]!;
    text[at++] = DIGITS[uuid[index]! & 15]!;
  }
  return text.toString("latin1");
}
