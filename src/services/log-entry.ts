import type { Line } from "../sandbox/program.ts";

/** A line with its place in its run's log: `sequence` counts from 1 without a hole. */
export interface LogEntry extends Line {
  readonly sequence: number;
}

/** Entries of one run that were committed together, with what a reader needs to place them. */
export interface LogChunk {
  readonly runId: string;
  readonly codeId: string | null;
  readonly projectId: string;
  readonly version: number;
  readonly attempt: number;
  readonly firstSequence: number;
  /** Who committed it, and where in that writer's commits it stands. */
  readonly writer: string;
  readonly position: number;
  readonly entries: readonly LogEntry[];
}

/** Levels and streams as they are kept; the numbers are those of the contract's enums. */
export const LEVEL_NUMBERS = { debug: 1, info: 2, warning: 3, error: 4 } as const;
export const STREAM_NUMBERS = { engine: 1, stdout: 2, stderr: 3, system: 4 } as const;

/** Which entries a reader wants. Absent means all. */
export interface LogFilter {
  readonly minimumLevel?: Line["level"];
  readonly streams?: readonly Line["stream"][];
  /** Contained in the text, in any letter case. */
  readonly text?: string;
  readonly startTimeUs?: number;
  readonly endTimeUs?: number;
}

/** The filter as a function, or undefined when it lets everything through. */
export function entryFilter(filter: LogFilter): ((entry: Line) => boolean) | undefined {
  const { minimumLevel, streams, text, startTimeUs, endTimeUs } = filter;
  const tests: ((entry: Line) => boolean)[] = [];
  if (minimumLevel !== undefined && minimumLevel !== "debug") {
    const least = LEVEL_NUMBERS[minimumLevel];
    tests.push((entry) => LEVEL_NUMBERS[entry.level] >= least);
  }
  if (streams !== undefined && streams.length > 0) tests.push((entry) => streams.includes(entry.stream));
  if (text !== undefined && text !== "") {
    const wanted = text.toLowerCase();
    tests.push((entry) => entry.text.toLowerCase().includes(wanted));
  }
  if (startTimeUs !== undefined) tests.push((entry) => entry.timeUs >= startTimeUs);
  if (endTimeUs !== undefined) tests.push((entry) => entry.timeUs < endTimeUs);
  return tests.length === 0 ? undefined : (entry) => tests.every((test) => test(entry));
}
