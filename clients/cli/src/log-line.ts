import { type LogEntry, LogLevel, LogLevelSchema, LogStream } from "../../typescript/src/node.ts";
import { type Colors, shown } from "./terminal.ts";
import { shortTimeText } from "./times.ts";
import { wordOf } from "./words.ts";

const LEVEL_WIDTH = "WARNING".length;

/** A log entry as people read it: its time, its level, whose it is if `code` is given, and its text. */
export function logLine(entry: LogEntry, color: Colors, code?: string): string {
  const shade = {
    [LogLevel.DEBUG]: color.dim,
    [LogLevel.WARNING]: color.yellow,
    [LogLevel.ERROR]: color.red,
  }[entry.level as number];
  const level = wordOf(LogLevelSchema, entry.level).toUpperCase().padEnd(LEVEL_WIDTH);
  const head = [color.dim(shortTimeText(entry.time)), (shade ?? color.cyan)(level)];
  if (code !== undefined) head.push(color.bold(code));
  const cut = entry.truncated ? color.dim(" … (cut)") : "";
  // What follows a line break stays recognizably one entry.
  const text = shown(entry.text).replaceAll("\n", "\n    ");
  const isOurs = entry.stream === LogStream.SYSTEM;
  return `${head.join("  ")}  ${isOurs ? color.italic(text) : (shade ?? plain)(text)}${cut}`;
}

function plain(text: string): string {
  return text;
}
