import { tagOf } from "./service-lock.ts";

/** A service that is not heard for this long may be cut off; it speaks several times as often. */
export const SILENT_MS = 1_500;
/** One that is not heard for this long is not waited for: longer than this service itself may have been held up. */
const DUMB_MS = 5_000;
/** One that neither speaks nor holds its lock for this long is gone. */
const GONE_MS = 3_000;

/** Another service on the database, as far as it has been heard. */
export interface Peer {
  readonly id: string;
  /** The number of its connection to Redis, and of its next message in it. */
  epoch: number;
  next: number;
  heardMs: number;
  /** It knows of this service, and its numbers are known: from here on nothing of it is missed unnoticed. */
  isKnown: boolean;
  /** The projects whose logs it follows; undefined while that is not known, which is taken for all. */
  follows: Set<string> | undefined;
  /** The last place in its commits that it has told. */
  place: number;
}

/**
 * The other services on the database: those that live, by their locks, and what each has said. The news is complete
 * only while each one that lives is heard.
 */
export class Peers {
  readonly #peers = new Map<string, Peer>();
  #living: ReadonlySet<number> = new Set();
  /** Those that have said goodbye, and hold their locks for a moment yet. */
  #leaving: ReadonlySet<number> = new Set();

  get size(): number {
    return Math.max(this.#peers.size, this.#living.size);
  }

  get all(): Iterable<Peer> {
    return this.#peers.values();
  }

  /** Those that can be expected to answer. */
  heardNow(nowMs: number): Set<string> {
    const heard = new Set<string>();
    for (const { id, heardMs } of this.#peers.values()) if (nowMs - heardMs < DUMB_MS) heard.add(id);
    return heard;
  }

  /** The one with this id; a new one is not known yet. */
  heard(id: string, nowMs: number): Peer {
    let peer = this.#peers.get(id);
    if (peer === undefined) {
      peer = { id, epoch: 0, next: 0, heardMs: nowMs, isKnown: false, follows: undefined, place: 0 };
      this.#peers.set(id, peer);
    }
    peer.heardMs = nowMs;
    return peer;
  }

  left(id: string): void {
    this.#peers.delete(id);
    const tag = tagOf(id);
    this.#leaving = new Set(this.#leaving).add(tag);
    this.#living = new Set([...this.#living].filter((other) => other !== tag));
  }

  /** Whose locks are held now. Answers with those that are gone. */
  living(tags: ReadonlySet<number>, nowMs: number): string[] {
    this.#living = new Set([...tags].filter((tag) => !this.#leaving.has(tag)));
    this.#leaving = new Set([...this.#leaving].filter((tag) => tags.has(tag)));
    const gone = [...this.#peers.values()]
      .filter((peer) => !tags.has(tagOf(peer.id)) && nowMs - peer.heardMs > GONE_MS)
      .map((peer) => peer.id);
    for (const id of gone) this.#peers.delete(id);
    return gone;
  }

  /** What this service knows of the others was lost, and theirs of it. */
  strangers(): void {
    for (const peer of this.#peers.values()) {
      peer.isKnown = false;
      peer.follows = undefined;
    }
  }

  wants(projectId: string): boolean {
    for (const { follows } of this.#peers.values()) {
      if (follows === undefined || follows.has(projectId)) return true;
    }
    return false;
  }

  /** How many of those that live are not heard. */
  unheard(nowMs: number): number {
    const heard = new Set<number>();
    for (const peer of this.#peers.values()) {
      if (peer.isKnown && nowMs - peer.heardMs < SILENT_MS) heard.add(tagOf(peer.id));
    }
    return [...this.#living].filter((tag) => !heard.has(tag)).length;
  }
}
