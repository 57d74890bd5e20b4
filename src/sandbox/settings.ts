import { DEFAULT_EGRESS, type EgressSettings } from "./egress/egress.ts";
import { type Libraries, NO_LIBRARIES } from "./libraries.ts";

/** Everything about the sandbox that an operator decides. */
export interface SandboxSettings {
  /** `none` runs codes without any wall: for trusted code only. */
  readonly mode: "jail" | "none";
  /** Walls to do without, by their names in jail.ts. */
  readonly waivedWalls: readonly string[];
  /** Where built programs and prepared toolchains are kept from one start to the next. */
  readonly folder: string;
  /** Where Go's compiled standard library is kept; several services on one host may share it. */
  readonly goFolder: string;
  readonly pythonCommand: string;
  readonly goCommand: string;
  /** First of the unprivileged user ids that jails run as, one each. */
  readonly uidBase: number;
  readonly workersMax: number;
  /** What all workers may use together; above it idle ones are ended. */
  readonly workersMemoryBytesMax: number;
  /** Memory of the host that is not for workers: idle ones are ended when no more than that is free. */
  readonly spareMemoryBytes: number;
  /** Started interpreters kept in stock for programs that have no worker: at least, and at most where many are asked for. */
  readonly blankWorkersPerLanguage: number;
  readonly blankWorkersPerLanguageMax: number;
  readonly waitersMax: number;
  readonly waitMs: number;
  /** For starting an interpreter, and again for loading a program. */
  readonly startMs: number;
  readonly idleWorkerMs: number;
  /** Idle for that long, a worker is stopped until its next invocation. */
  readonly freezeAfterMs: number;
  /** What makes a worker old: it is replaced by a new one after an invocation. */
  readonly workerRunsMax: number;
  readonly workerAgeMs: number;
  readonly lineBytesMax: number;
  /** What blank workers are built with. A program with other sizes gets a worker that is built for it. */
  readonly tmpBytesMax: number;
  readonly openFilesMax: number;
  readonly pidsMax: number;
  readonly egress: EgressSettings;
  readonly libraries: Libraries;
}

/** For an owner that has no opinion. */
export const DEFAULT_SETTINGS: Omit<SandboxSettings, "folder" | "goFolder"> = {
  mode: "jail",
  waivedWalls: [],
  pythonCommand: "python3",
  goCommand: "go",
  uidBase: 210_000,
  workersMax: 16,
  workersMemoryBytesMax: Number.POSITIVE_INFINITY,
  spareMemoryBytes: 0,
  blankWorkersPerLanguage: 2,
  blankWorkersPerLanguageMax: 0,
  waitersMax: 256,
  waitMs: 30_000,
  startMs: 30_000,
  idleWorkerMs: 600_000,
  freezeAfterMs: 1_500,
  workerRunsMax: 10_000,
  workerAgeMs: 3_600_000,
  lineBytesMax: 16 * 1024,
  tmpBytesMax: 64 * 1024 * 1024,
  pidsMax: 64,
  egress: DEFAULT_EGRESS,
  libraries: NO_LIBRARIES,
  openFilesMax: 256,
};
