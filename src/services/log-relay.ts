import type { LogChunk } from "./log-entry.ts";
import { decodeLogMessage, encodeLogMessage } from "./log-message.ts";

/** Characters of log in one message; more are sent in several. */
const MESSAGE_CHARACTERS_MAX = 512 * 1024;
/** Bytes that may be on their way to Redis; beyond that followers elsewhere are sent to the history instead. */
const PENDING_BYTES_MAX = 16 * 1024 * 1024;

interface Parts {
  readonly id: string;
  /** Whether anybody elsewhere follows the project. */
  wanted(projectId: string): boolean;
  publish(projectId: string, bytes: Buffer): Promise<unknown>;
  heard(chunks: readonly LogChunk[]): void;
  lookAgain(what: { readonly runId: string } | { readonly projectId: string }): void;
}

/** How far another service's word on each project has been heard. */
interface Heard {
  readonly epoch: number;
  readonly next: Map<string, number>;
}

/**
 * Carries committed log chunks between services, for the projects that somebody follows elsewhere. Every message has a
 * number of its writer and project: who sees one missing looks at the history, where everything is.
 */
export class LogRelay {
  readonly #parts: Parts;
  #epoch = 0;
  readonly #numbers = new Map<string, number>();
  readonly #heard = new Map<string, Heard>();
  #pendingBytes = 0;
  /** Projects of which something was not sent. */
  readonly #unsent = new Set<string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** A new connection to Redis: numbers begin anew. */
  begin(epoch: number): void {
    this.#epoch = epoch;
    this.#numbers.clear();
    this.#unsent.clear();
  }

  /** The numbers that come next on these projects. */
  numbersOf(projectIds: Iterable<string>): Record<string, number> {
    const numbers: Record<string, number> = {};
    for (const projectId of projectIds) {
      const number = this.#numbers.get(projectId);
      if (number !== undefined) numbers[projectId] = number;
    }
    return numbers;
  }

  /** From here on, another service's messages have these numbers. */
  expect(from: string, epoch: number, numbers: Readonly<Record<string, number>>): void {
    const known = this.#heard.get(from);
    const next = known?.epoch === epoch ? known.next : new Map<string, number>();
    for (const [projectId, number] of Object.entries(numbers)) next.set(projectId, number);
    this.#heard.set(from, { epoch, next });
  }

  forget(from: string): void {
    this.#heard.delete(from);
  }

  committed(chunks: readonly LogChunk[]): void {
    let batch: LogChunk[] = [];
    let characters = 0;
    for (const [index, chunk] of chunks.entries()) {
      if (!this.#parts.wanted(chunk.projectId)) continue;
      batch.push(chunk);
      for (const entry of chunk.entries) characters += entry.text.length;
      const next = chunks[index + 1];
      if (next?.projectId === chunk.projectId && characters < MESSAGE_CHARACTERS_MAX) continue;
      this.#send(chunk.projectId, batch, []);
      batch = [];
      characters = 0;
    }
  }

  ended(run: { readonly id: string; readonly projectId: string }): void {
    if (this.#parts.wanted(run.projectId)) this.#send(run.projectId, [], [run.id]);
  }

  /** A message of another service, of a project that is followed here. */
  take(projectId: string, bytes: Buffer): void {
    const message = decodeLogMessage(projectId, bytes);
    if (message.from === this.#parts.id) return;
    const heard = this.#heard.get(message.from);
    if (heard?.epoch !== message.epoch || message.number !== (heard.next.get(projectId) ?? 0))
      this.#parts.lookAgain({ projectId });
    if (heard?.epoch === message.epoch) heard.next.set(projectId, message.number + 1);
    if (message.chunks.length > 0) this.#parts.heard(message.chunks);
    for (const runId of message.ended) this.#parts.lookAgain({ runId });
  }

  #send(projectId: string, chunks: readonly LogChunk[], ended: readonly string[]): void {
    const number = this.#numbers.get(projectId) ?? 0;
    this.#numbers.set(projectId, number + 1);
    if (this.#pendingBytes > PENDING_BYTES_MAX) {
      this.#unsent.add(projectId);
      return;
    }
    const bytes = encodeLogMessage({ from: this.#parts.id, epoch: this.#epoch, number, chunks, ended });
    this.#pendingBytes += bytes.byteLength;
    this.#parts.publish(projectId, bytes).then(
      () => this.#sent(bytes.byteLength),
      () => this.#sent(bytes.byteLength),
    );
  }

  /** Whoever follows what was not sent sees by the number of the next message that something is missing. */
  #sent(bytes: number): void {
    this.#pendingBytes -= bytes;
    if (this.#unsent.size === 0 || this.#pendingBytes > PENDING_BYTES_MAX / 2) return;
    const unsent = [...this.#unsent];
    this.#unsent.clear();
    for (const projectId of unsent) this.#send(projectId, [], []);
  }
}
