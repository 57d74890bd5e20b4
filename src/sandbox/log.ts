/** Where the sandbox writes what an operator wants to know; pino's loggers fit. */
export interface Log {
  debug(object: object, message: string): void;
  info(object: object, message: string): void;
  warn(object: object, message: string): void;
  error(object: object, message: string): void;
}

/** For whoever does not listen. */
export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
