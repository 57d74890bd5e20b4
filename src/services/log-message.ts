import { packEntries, unpackEntries } from "./log-chunk.ts";
import type { LogChunk } from "./log-entry.ts";

/**
 * Log chunks of one project as they travel between services: the length of a head (u32), the head as JSON, and behind it
 * the packed entries of each chunk.
 */
export interface LogMessage {
  /** Who committed them; the number of its connection to Redis, and of the message among those of the project in it. */
  readonly from: string;
  readonly epoch: number;
  readonly number: number;
  readonly chunks: readonly LogChunk[];
  /** Runs that have ended, with all of their log told before. */
  readonly ended: readonly string[];
}

interface Head extends Omit<LogMessage, "chunks"> {
  readonly chunks: readonly ChunkHead[];
}

interface ChunkHead extends Omit<LogChunk, "entries" | "writer" | "projectId"> {
  readonly headBytes: number;
  readonly textBytes: number;
}

export function encodeLogMessage(message: LogMessage): Buffer {
  const bodies: Buffer[] = [];
  const chunks = message.chunks.map((chunk): ChunkHead => {
    const { runId, codeId, version, attempt, firstSequence, position, entries } = chunk;
    const packed = packEntries(entries);
    const text = Buffer.from(packed.text);
    bodies.push(packed.heads, text);
    const sizes = { headBytes: packed.heads.byteLength, textBytes: text.byteLength };
    return { runId, codeId, version, attempt, firstSequence, position, ...sizes };
  });
  const head = Buffer.from(JSON.stringify({ ...message, chunks }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.byteLength);
  return Buffer.concat([length, head, ...bodies]);
}

/** Throws where the bytes are not such a message. */
export function decodeLogMessage(projectId: string, bytes: Buffer): LogMessage {
  const headEnd = 4 + bytes.readUInt32LE(0);
  const head = JSON.parse(bytes.toString("utf8", 4, headEnd)) as Head;
  let at = headEnd;
  const take = (length: number) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  const chunks = head.chunks.map(({ headBytes, textBytes, ...chunk }): LogChunk => {
    const heads = take(headBytes);
    const text = take(textBytes).toString("utf8");
    const entries = unpackEntries({ heads, text, firstSequence: chunk.firstSequence });
    return { ...chunk, projectId, writer: head.from, entries };
  });
  return { ...head, chunks };
}
