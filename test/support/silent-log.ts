import type { Logger } from "../../src/core/logger.ts";

/** A log that says nothing. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
