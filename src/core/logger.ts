import { pino } from "pino";

/** What every room logs to. The first argument names things, the second is a sentence without values in it. */
export interface Logger {
  debug(object: object, message: string): void;
  info(object: object, message: string): void;
  warn(object: object, message: string): void;
  error(object: object, message: string): void;
}

/** Logs JSON lines, or lines a person likes to read, to stderr; stdout belongs to what was asked for. */
export function openLogger(settings: { level: string; format: "json" | "pretty" }): Logger {
  const options = {
    level: settings.level,
    base: null,
    redact: ["authorization", "*.authorization", "token", "secret"],
  };
  if (settings.format === "json") return pino(options, pino.destination({ dest: 2, sync: false }));
  // pino-pretty is imported by pino when it is asked for: a service that logs JSON never loads it.
  return pino({
    ...options,
    transport: {
      target: "pino-pretty",
      options: { destination: 2, translateTime: "SYS:HH:MM:ss.l", ignore: "pid,hostname", singleLine: true },
    },
  });
}
