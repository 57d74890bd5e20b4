import { LEVEL_NUMBERS, type LogEntry, STREAM_NUMBERS } from "./log-entry.ts";

/**
 * The form in which log entries are kept: many in one row, their texts joined by line feeds (so that PostgreSQL can
 * search and compress them) and beside them one packed head per entry:
 *
 *     f64 microseconds since the epoch | u32 length of the text in UTF-16 units | u8 level | u8 stream | u8 cut | u8 0
 */
const HEAD_BYTES = 16;

export interface PackedEntries {
  readonly heads: Buffer;
  readonly text: string;
  readonly minTimeUs: number;
  readonly maxTimeUs: number;
  readonly maxLevel: number;
  readonly streams: number;
}

const LEVELS = Object.entries(LEVEL_NUMBERS) as [LogEntry["level"], number][];
const STREAMS = Object.entries(STREAM_NUMBERS) as [LogEntry["stream"], number][];
const LEVEL_NAMES = new Map(LEVELS.map(([name, number]) => [number, name]));
const STREAM_NAMES = new Map(STREAMS.map(([name, number]) => [number, name]));

/** Packs entries of one run; their sequence numbers are the chunk's first one and those after it. */
export function packEntries(entries: readonly LogEntry[]): PackedEntries {
  const heads = Buffer.alloc(entries.length * HEAD_BYTES);
  let [minTimeUs, maxTimeUs, maxLevel, streams] = [Number.POSITIVE_INFINITY, 0, 0, 0];
  let offset = 0;
  for (const entry of entries) {
    const level = LEVEL_NUMBERS[entry.level];
    const stream = STREAM_NUMBERS[entry.stream];
    heads.writeDoubleBE(entry.timeUs, offset);
    heads.writeUInt32BE(entry.text.length, offset + 8);
    heads[offset + 12] = level;
    heads[offset + 13] = stream;
    heads[offset + 14] = entry.truncated ? 1 : 0;
    offset += HEAD_BYTES;
    minTimeUs = Math.min(minTimeUs, entry.timeUs);
    maxTimeUs = Math.max(maxTimeUs, entry.timeUs);
    maxLevel = Math.max(maxLevel, level);
    streams |= 1 << stream;
  }
  return {
    heads,
    text: entries.map((entry) => entry.text).join("\n"),
    minTimeUs,
    maxTimeUs,
    maxLevel,
    streams,
  };
}

/** The entries of a chunk, as they were packed. */
export function unpackEntries(chunk: { heads: Uint8Array; text: string; firstSequence: number }): LogEntry[] {
  const heads = Buffer.from(chunk.heads.buffer, chunk.heads.byteOffset, chunk.heads.byteLength);
  const entries: LogEntry[] = [];
  let textAt = 0;
  for (let offset = 0; offset < heads.byteLength; offset += HEAD_BYTES) {
    const length = heads.readUInt32BE(offset + 8);
    entries.push({
      sequence: chunk.firstSequence + entries.length,
      timeUs: heads.readDoubleBE(offset),
      level: LEVEL_NAMES.get(heads[offset + 12]!) ?? "info",
      stream: STREAM_NAMES.get(heads[offset + 13]!) ?? "system",
      text: chunk.text.slice(textAt, textAt + length),
      truncated: heads[offset + 14] === 1,
    });
    textAt += length + 1;
  }
  return entries;
}
