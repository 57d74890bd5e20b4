import fc from "fast-check";
import { encodeFrame, FRAME_BYTES_MAX, KIND, LEVELS, STREAMS } from "../../src/sandbox/frames.ts";

/** What a hostile guest can do during an invocation, and what may be believed of it. */

const WHATS = [
  ...(["loaded", "log", "answer", "unsendable", "tooLarge", "error", "lastError"] as const),
  // What no guest of ours says while it serves, or says in this way.
  ...([
    "ready",
    "checked",
    "invoke",
    "unknown",
    "brokenLog",
    "systemLog",
    "brokenAnswer",
    "longHead",
  ] as const),
];
type What = (typeof WHATS)[number];

export type Event =
  /** A frame, for this invocation or for the one before or after it. */
  | { readonly do: "frame"; readonly what: What; readonly to: -1 | 0 | 1 }
  /** A frame's length that is not allowed. */
  | { readonly do: "break"; readonly length: number }
  /** The beginning of the largest frame: whatever comes after it is understood as a part of it. */
  | { readonly do: "half" }
  | { readonly do: "print"; readonly stream: "stdout" | "stderr" }
  /** The host gets round to everything that was said so far. */
  | { readonly do: "turn" }
  /** A child in a session of its own that does not end. */
  | { readonly do: "fork" }
  | { readonly do: "exit"; readonly code: number }
  | { readonly do: "signal" }
  /** The caller hangs up. */
  | { readonly do: "abort" }
  /** The host ends the worker. */
  | { readonly do: "end" };

export const RESULT_BYTES_MAX = 1000;
/** Stands for the nonce in what a real guest is told to say: it puts in the one that it was given. */
export const PLACEHOLDER = "00000000-once-0000-0000-000000000000";

const what = fc.constantFrom<What>(...WHATS);
const to = fc.constantFrom<-1 | 0 | 1>(0, 0, 0, -1, 1);
const frame = fc.record({ do: fc.constant("frame" as const), what, to });
const honest = (whats: readonly What[]) =>
  fc.record({
    do: fc.constant("frame" as const),
    what: fc.constantFrom(...whats),
    to: fc.constant(0 as const),
  });
const broken = fc.record({
  do: fc.constant("break" as const),
  length: fc.constantFrom(0, 4, FRAME_BYTES_MAX + 1, 0xffff_ffff),
});
const print = fc.record({ do: fc.constant("print" as const), stream: fc.constantFrom("stdout", "stderr") });
const exit = fc.record({ do: fc.constant("exit" as const), code: fc.integer({ min: 0, max: 100 }) });
const plain = <Name extends Event["do"]>(name: Name) =>
  fc.constant({ do: name } as Extract<Event, { do: Name }>);

const anywhere: fc.WeightedArbitrary<Event>[] = [
  { weight: 4, arbitrary: honest(["log"]) },
  { weight: 5, arbitrary: honest(["answer"]) },
  { weight: 2, arbitrary: honest(["error", "lastError", "unsendable", "tooLarge"]) },
  { weight: 5, arbitrary: frame },
  { weight: 3, arbitrary: print as fc.Arbitrary<Event> },
  { weight: 1, arbitrary: broken },
  { weight: 1, arbitrary: plain("half") },
  { weight: 1, arbitrary: exit },
  { weight: 1, arbitrary: plain("signal") },
];

/** What a guest in memory does; time passes only where an event says so. */
export const event: fc.Arbitrary<Event> = fc.oneof(
  ...anywhere,
  { weight: 4, arbitrary: plain("turn") },
  { weight: 1, arbitrary: plain("abort") },
  { weight: 1, arbitrary: plain("end") },
);

/** What a real guest does by itself. */
export const realEvent: fc.Arbitrary<Event> = fc.oneof(...anywhere, {
  weight: 1,
  arbitrary: plain("fork"),
});

/** Frames that belong to an invocation that is over. */
export const staleFrame: fc.Arbitrary<Event> = fc.record({
  do: fc.constant("frame" as const),
  what,
  to: fc.constantFrom<-1 | 0>(-1, 0),
});

export interface Foreseen {
  /** Undefined when the guest says nothing that ends the invocation. */
  readonly status: string | undefined;
  readonly kind?: string;
  readonly isLoaded: boolean;
  /** Log entries that were certainly written before its end. */
  readonly logs: number;
  /** Whether the worker may serve again. */
  readonly isReusable: boolean;
}

/** The model: the first thing said under the invocation's own number that ends it is what counts. */
export function foresee(events: readonly Event[], isCold: boolean): Foreseen {
  let isLoaded = !isCold;
  let isClean = true;
  let isMute = false;
  let logs = 0;
  const ended = (status: string | undefined, kind?: string, isReusable = false): Foreseen => ({
    status,
    ...(kind !== undefined && { kind }),
    isLoaded,
    logs,
    isReusable,
  });
  const broke = () => ended("FAILED", "Protocol");
  for (const [index, each] of events.entries()) {
    const isWhole = () => isClean && isQuiet(events.slice(index + 1));
    if (each.do === "exit") return ended("FAILED", "Exit");
    if (each.do === "signal") return ended("FAILED", "Signal");
    if (each.do === "abort") return ended("CANCELLED");
    if (each.do === "end") return ended("LOST");
    if (each.do === "fork") isClean = false;
    if (each.do === "half") isMute = true;
    if (isMute) continue;
    if (each.do === "break") return broke();
    if (each.do !== "frame") continue;
    if (each.to > 0) return broke();
    if (each.to < 0) {
      isClean = false;
      continue;
    }
    if (each.what === "log") logs += 1;
    else if (each.what === "error") return ended("FAILED", "Hostile", isLoaded && isWhole());
    else if (each.what === "lastError") return ended("FAILED", "Hostile");
    else if (each.what === "loaded" && !isLoaded) isLoaded = true;
    else if (!isLoaded) return broke();
    else if (each.what === "answer") return ended("SUCCEEDED", undefined, isWhole());
    else if (each.what === "unsendable") return ended("FAILED", "InvalidResult", isWhole());
    else if (each.what === "tooLarge") return ended("OUTPUT_LIMIT", "Output", isWhole());
    else return broke();
  }
  return ended(undefined);
}

/** After an answer nothing may come but what was printed before it, and a caller who has what he wanted. */
function isQuiet(events: readonly Event[]): boolean {
  const turn = events.findIndex((each) => each.do === "turn");
  const before = turn === -1 ? events : events.slice(0, turn);
  const after = turn === -1 ? [] : events.slice(turn);
  return (
    before.every((each) => each.do === "print") &&
    after.every((each) => each.do === "turn" || each.do === "abort")
  );
}

/** The bytes of what is said, if anything is, in a frame under the given number. */
export function encodeEvent(event: Event, number: number, nonce: string): Buffer {
  switch (event.do) {
    case "break":
      return lengthOf(event.length);
    case "half":
      return Buffer.concat([lengthOf(FRAME_BYTES_MAX), Buffer.from([KIND.LOG])]);
    case "frame":
      return SAID[event.what](number, nonce);
    case "print":
      return Buffer.from(`print ${nonce}\n`);
    default:
      return NOTHING;
  }
}

const NOTHING = Buffer.alloc(0);
const HEAD = { statusCode: 200, contentType: "text", headers: [] };

const SAID: Readonly<Record<What, (number: number, nonce: string) => Buffer>> = {
  loaded: (number) => encodePlain(KIND.LOADED, number, NOTHING),
  log: (number, nonce) => encodeLog(number, "engine", `log ${nonce}`),
  answer: (number, nonce) => encodeFrame(KIND.RESULT, number, HEAD, Buffer.from(nonce)),
  unsendable: (number) => encodeFrame(KIND.RESULT, number, { ...HEAD, statusCode: 9999 }, NOTHING),
  tooLarge: (number) => encodeFrame(KIND.RESULT, number, HEAD, Buffer.alloc(RESULT_BYTES_MAX + 1)),
  error: (number, nonce) => encodeError(number, nonce, false),
  lastError: (number, nonce) => encodeError(number, nonce, true),
  ready: (number) => encodePlain(KIND.READY, number, Buffer.from('{"runtime":"any"}')),
  checked: (number) => encodeFrame(KIND.CHECKED, number, { problems: [] }, NOTHING),
  invoke: (number) => encodeFrame(KIND.INVOKE, number, {}, NOTHING),
  unknown: (number) => encodePlain(99, number, NOTHING),
  brokenLog: (number) => encodePlain(KIND.LOG, number, Buffer.from([1, 0, 0])),
  systemLog: (number, nonce) => encodeLog(number, "system", nonce),
  brokenAnswer: (number) => encodeFrame(KIND.RESULT, number, { ...HEAD, headers: [["a"]] }, NOTHING),
  longHead: (number) => encodePlain(KIND.RESULT, number, Buffer.from([0, 0, 1, 0, 123, 125])),
};

export const READY = SAID.ready(0, "");

function encodeLog(number: number, stream: (typeof STREAMS)[number], text: string): Buffer {
  const header = Buffer.alloc(11);
  header.writeUInt8(LEVELS.indexOf("info"), 0);
  header.writeUInt8(STREAMS.indexOf(stream), 1);
  return encodePlain(KIND.LOG, number, Buffer.concat([header, Buffer.from(text)]));
}

function encodeError(number: number, nonce: string, isLast: boolean): Buffer {
  const said = { kind: "Hostile", message: nonce, traceback: `trace ${nonce}`, isLast };
  return encodePlain(KIND.ERROR, number, Buffer.from(JSON.stringify(said)));
}

function encodePlain(kind: number, number: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUInt32BE(payload.byteLength + 5, 0);
  header.writeUInt8(kind, 4);
  header.writeUInt32BE(number, 5);
  return Buffer.concat([header, payload]);
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}
