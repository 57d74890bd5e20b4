/** What a command ends with. Final statuses of runs have codes of their own, in `run-status.ts`. */
export const EXIT = {
  ok: 0,
  /** It was refused, or it failed. */
  failed: 1,
  /** The words of the command are wrong. */
  usage: 2,
  /** The service cannot be reached. */
  unreachable: 3,
  /** And 128 and the signal's number after a signal, as shells count. */
  interrupted: 130,
  terminated: 143,
} as const;

/** Something that the person at the terminal can mend. The message says how. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}
