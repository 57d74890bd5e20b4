/** A language's interpreter, prepared: everything that a jail for it needs to know. */
export interface Runtime {
  /** For people: `Python 3.11.7`. */
  readonly version: string;
  /** The tree on the host that is the jail's root. */
  readonly root: string;
  /** Starts the guest; paths are inside the tree. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Why a language cannot be had on this host, and what to do about it. */
export interface MissingRuntime {
  readonly why: string;
  readonly fix: string;
}
