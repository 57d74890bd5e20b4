import { findFault } from "./answers.ts";
import type { Failure, Result, Status } from "./program.ts";

/** How an invocation ended that has no result, and what its log says about that. */
export interface Verdict {
  readonly status: Status;
  readonly error?: Failure;
  /** One sentence for the invocation's log, where the code's own traceback does not say it. */
  readonly sentence?: string;
}

/** A result, if it can be delivered. */
export function judge(result: Result, resultBytesMax: number): Result | Verdict {
  if (result.body.byteLength > resultBytesMax) return resultTooLarge(resultBytesMax);
  const fault = findFault(result);
  return fault === undefined ? result : invalidResult(fault);
}

export function timedOut(timeoutMs: number): Verdict {
  return ended("TIMED_OUT", "Timeout", `ended because it took longer than its ${seconds(timeoutMs)} s`);
}

export function outOfProcessorTime(cpuTimeMsMax: number): Verdict {
  const sentence = `ended because it used more processor time than its ${seconds(cpuTimeMsMax)} s`;
  return ended("TIMED_OUT", "ProcessorTime", sentence);
}

export function loadTimedOut(startMs: number): Verdict {
  const sentence = `ended because loading the code took longer than ${seconds(startMs)} s; move slow work into Run`;
  return ended("TIMED_OUT", "Timeout", sentence);
}

export function outOfMemory(memoryBytesMax: number): Verdict {
  const sentence = `ended because it needed more memory than its ${bytes(memoryBytesMax)}; temporary files count`;
  return ended("OUT_OF_MEMORY", "Memory", sentence);
}

export function tooMuchOutput(outputBytesMax: number): Verdict {
  return ended("OUTPUT_LIMIT", "Output", `ended because it wrote more log than its ${bytes(outputBytesMax)}`);
}

export function resultTooLarge(resultBytesMax: number): Verdict {
  const sentence = `its result is not delivered because it is larger than the allowed ${bytes(resultBytesMax)}`;
  return ended("OUTPUT_LIMIT", "Output", sentence);
}

export function exited(exitCode: number): Verdict {
  const message = `the code exited with status ${exitCode}`;
  return failed("Exit", message, `${message} instead of answering`);
}

export function signalled(signal: string): Verdict {
  const message = `the code was ended by ${signal}`;
  return failed("Signal", message, `${message} before it answered`);
}

export function brokeProtocol(why: string): Verdict {
  const message = `the code disturbed the line to its host: ${why}`;
  return failed("Protocol", message, `${message}; descriptor 3 is not for codes to use`);
}

function invalidResult(fault: string): Verdict {
  return failed("InvalidResult", fault, `its result cannot be delivered: ${fault}`);
}

export function raised(error: Failure): Verdict {
  return { status: "FAILED", error };
}

export const CANCELLED: Verdict = { status: "CANCELLED" };
export const CLOSED: Verdict = { status: "LOST", sentence: "ended because the service is shutting down" };

function ended(status: Status, kind: string, sentence: string): Verdict {
  return { status, error: { kind, message: sentence, traceback: "" }, sentence };
}

function failed(kind: string, message: string, sentence: string): Verdict {
  return { status: "FAILED", error: { kind, message, traceback: "" }, sentence };
}

function seconds(milliseconds: number): string {
  return String(milliseconds / 1000);
}

function bytes(count: number): string {
  for (const [name, size] of [
    ["GiB", 1024 ** 3],
    ["MiB", 1024 ** 2],
    ["KiB", 1024],
  ] as const) {
    if (count >= size) return `${Number((count / size).toFixed(1))} ${name}`;
  }
  return `${count} bytes`;
}
