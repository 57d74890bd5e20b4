/** Makes control groups, one for each jail, all of them in one folder of this service. */
export interface Groups {
  readonly version: "v1" | "v2" | "none";
  create(name: string, limits: GroupLimits): Group;
  /** Of all groups together, at this moment. */
  memoryBytes(): number;
  /** Kills and removes what is left. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface GroupLimits {
  readonly memoryBytesMax: number;
  /** Processes and threads together. */
  readonly pidsMax: number;
  /** Processor time that may be used per second, in thousandths of a core. */
  readonly cpuMillisMax: number;
}

/** The processes of one jail, limited, measured and killed together. Reading takes microseconds. */
export interface Group {
  /** Files that a process writes 0 to in order to join. */
  readonly joins: readonly string[];
  /** Other limits from now on. */
  limit(limits: GroupLimits): void;
  cpuUs(): number;
  /** At this moment, temporary files included. */
  memoryBytes(): number;
  /** Since the group began. */
  peakMemoryBytes(): number;
  outOfMemoryKills(): number;
  /** Processes and threads together. */
  tasks(): number;
  processes(): number[];
  /** Stops every process until `thaw`; it is not waited until the last one has stopped. */
  freeze(): void;
  thaw(): void;
  /** Ends every process, frozen ones too, and those that are being forked meanwhile. Rejects after 10 seconds of trying. */
  kill(): Promise<void>;
  /** For a group without processes. */
  remove(): Promise<void>;
}
