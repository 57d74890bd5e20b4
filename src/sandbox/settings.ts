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
  /** Started interpreters kept in stock for programs that have no worker. */
  readonly blankWorkersPerLanguage: number;
  readonly waitersMax: number;
  readonly waitMs: number;
  /** For starting an interpreter, and again for loading a program. */
  readonly startMs: number;
  readonly idleWorkerMs: number;
  readonly workerRunsMax: number;
  readonly lineBytesMax: number;
  readonly tmpBytesMax: number;
  readonly pidsMax: number;
  readonly openFilesMax: number;
}

/** For an owner that has no opinion. */
export const DEFAULT_SETTINGS: Omit<SandboxSettings, "folder" | "goFolder"> = {
  mode: "jail",
  waivedWalls: [],
  pythonCommand: "python3",
  goCommand: "go",
  uidBase: 210_000,
  workersMax: 16,
  blankWorkersPerLanguage: 2,
  waitersMax: 256,
  waitMs: 30_000,
  startMs: 30_000,
  idleWorkerMs: 600_000,
  workerRunsMax: 10_000,
  lineBytesMax: 16 * 1024,
  tmpBytesMax: 64 * 1024 * 1024,
  pidsMax: 64,
  openFilesMax: 256,
};
