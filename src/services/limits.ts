import type { CodeLimits } from "../core/db/entities/codes.ts";
import { Refusal } from "../core/errors.ts";
import type { Program } from "../sandbox/program.ts";

/** What a code may ask for, by our words: the field that asks and the setting that is its ceiling. */
const ASKED = {
  timeoutMs: ["timeout", "CODEACTIONS_TIMEOUT_MS_CEILING"],
  memoryLimitBytes: ["memory_limit_bytes", "CODEACTIONS_MEMORY_BYTES_CEILING"],
  maxConcurrency: ["max_concurrency", "CODEACTIONS_CONCURRENCY_CEILING"],
  cpuMillis: ["limits.cpu_millis", "CODEACTIONS_CPU_MILLIS_CEILING"],
  cpuTimeMs: ["limits.cpu_time", "CODEACTIONS_CPU_TIME_MS_CEILING"],
  outputBytes: ["limits.output_bytes", "CODEACTIONS_OUTPUT_BYTES_CEILING"],
  processes: ["limits.processes", "CODEACTIONS_PROCESSES_CEILING"],
  tmpBytes: ["limits.tmp_bytes", "CODEACTIONS_TMP_BYTES_CEILING"],
  openFiles: ["limits.open_files", "CODEACTIONS_OPEN_FILES_CEILING"],
} as const satisfies Record<string, readonly [field: string, setting: string]>;

type LimitName = keyof typeof ASKED;

/** The operator's word on every limit. Processor time has no default of its own: it is as long as the time-out. */
export type LimitSettings = Readonly<
  Record<Exclude<LimitName, "cpuTimeMs">, number> & Record<`${LimitName}Ceiling`, number>
>;

/** What a code, or a try, says of its limits; absent is the operator's default. */
export interface AskedLimits {
  readonly timeoutMs?: number | undefined;
  readonly memoryLimitBytes?: number | undefined;
  readonly maxConcurrency?: number | undefined;
  readonly limits?: CodeLimits | undefined;
}

/** Refuses, with the field and the setting, the first limit that is above what the operator allows. */
export function requireWithinCeilings(asked: AskedLimits, settings: LimitSettings): void {
  const { limits, ...others } = asked;
  const values: Partial<Record<LimitName, number | undefined>> = { ...others, ...limits };
  for (const [name, [field, setting]] of Object.entries(ASKED) as [LimitName, readonly [string, string]][]) {
    const value = values[name];
    const ceiling = settings[`${name}Ceiling`];
    if (value === undefined || value <= ceiling) continue;
    const description = `${value} is above what this service allows, ${ceiling}`;
    throw new Refusal(
      "ABOVE_CEILING",
      `${field}: ${description}; ask for less, or the operator for a higher ${setting}`,
      { field, setting, ceiling: String(ceiling) },
      { fields: [{ field, description }] },
    );
  }
}

/** Every limit of a code: its own, or the operator's. */
export function effectiveLimits(
  own: CodeLimits,
  timeoutMs: number,
  settings: LimitSettings,
): Required<CodeLimits> {
  return {
    cpuMillis: own.cpuMillis ?? settings.cpuMillis,
    cpuTimeMs: own.cpuTimeMs ?? Math.min(timeoutMs, settings.cpuTimeMsCeiling),
    outputBytes: own.outputBytes ?? settings.outputBytes,
    processes: own.processes ?? settings.processes,
    tmpBytes: own.tmpBytes ?? settings.tmpBytes,
    openFiles: own.openFiles ?? settings.openFiles,
  };
}

/** The same in the words of the room below. */
export function programLimits(
  own: { memoryLimitBytes: number; timeoutMs: number; limits: CodeLimits },
  settings: LimitSettings,
): Pick<
  Program,
  | "memoryBytesMax"
  | "cpuMillisMax"
  | "pidsMax"
  | "tmpBytesMax"
  | "openFilesMax"
  | "cpuTimeMsMax"
  | "outputBytesMax"
> {
  const limits = effectiveLimits(own.limits, own.timeoutMs, settings);
  return {
    memoryBytesMax: own.memoryLimitBytes,
    cpuMillisMax: limits.cpuMillis,
    pidsMax: limits.processes,
    tmpBytesMax: limits.tmpBytes,
    openFilesMax: limits.openFiles,
    cpuTimeMsMax: limits.cpuTimeMs,
    outputBytesMax: limits.outputBytes,
  };
}
