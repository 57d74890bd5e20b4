import type { Run } from "../core/db/entities/runs.ts";
import type { Logger } from "../core/logger.ts";
import type { RedisConnection } from "../core/redis.ts";
import { Asks } from "./asks.ts";
import type { LogChunk } from "./log-entry.ts";
import { LogRelay } from "./log-relay.ts";
import type { Following, News, NewsItem, NewsListener } from "./news.ts";
import type { Answer, Saying, Word } from "./news-words.ts";
import { type Peer, Peers, SILENT_MS } from "./peers.ts";

/** How often a service says that it is there, and looks who else is. */
const BEAT_MS = 500;
/** What is remembered of the database is dropped this often while the news may be incomplete. */
const DISTRUST_MS = 1_000;
/** How long is waited for the others to take something in, while they are heard. */
const TAKEN_IN_MS = 2_000;
/** How long a start waits for everybody to be heard. */
const START_MS = 3_000;
/** How long a project's log is still listened to after its last follower has left. */
const LINGER_MS = 10_000;
/** Projects followed here that the others are told of one by one; with more, they tell everything. */
const FOLLOWS_MAX = 2_000;

interface Followed {
  followers: number;
  leftMs: number;
  session: object;
  begun: Promise<void>;
}

/**
 * The news over Redis. Everybody says on one channel what all have to know, and answers on a channel of the one who
 * asked, so that whoever changes something waits for all to have taken it in. Words are numbered, everybody speaks
 * twice a second, and PostgreSQL says who is alive: as long as one who lives is not heard, or a word is missing, the
 * news is taken for incomplete, and what is remembered of the database is dropped every second.
 */
export class RedisNews implements News {
  readonly #id: string;
  readonly #prefix: string;
  readonly #publisher: RedisConnection;
  readonly #subscriber: RedisConnection;
  readonly #others: () => Promise<ReadonlySet<number>>;
  readonly #place: () => number;
  #listener: NewsListener | undefined;
  readonly #log: Logger;
  readonly #peers = new Peers();
  readonly #relay: LogRelay;
  readonly #follows = new Map<string, Followed>();
  readonly #asks = new Asks(TAKEN_IN_MS);
  #epoch = 0;
  #number = 0;
  /** The channels are subscribed to, and a hello has been said since. */
  #isListening = false;
  /** Something that was to be said was not. */
  #isBroken = false;
  #echoMs = Number.NEGATIVE_INFINITY;
  #helloMs = Number.NEGATIVE_INFINITY;
  #isComplete = false;
  #droppedMs = Number.NEGATIVE_INFINITY;
  #closed = false;
  #beat: NodeJS.Timeout | undefined;
  #beating: Promise<void> = Promise.resolve();
  #completed: (() => void) | undefined;
  readonly figures = { told: 0, heard: 0, lost: 0 };

  constructor(parts: {
    id: string;
    /** What keeps one installation's channels apart from another's. */
    prefix: string;
    publisher: RedisConnection;
    subscriber: RedisConnection;
    /** The tags of the other services that are alive. */
    others: () => Promise<ReadonlySet<number>>;
    /** The place in the journal after everything that is committed now. */
    place: () => number;
    log: Logger;
  }) {
    this.#id = parts.id;
    this.#prefix = parts.prefix;
    this.#publisher = parts.publisher;
    this.#subscriber = parts.subscriber;
    this.#others = parts.others;
    this.#place = parts.place;
    this.#log = parts.log;
    this.#relay = new LogRelay({
      id: parts.id,
      wanted: (projectId) => this.#peers.wants(projectId),
      publish: (projectId, bytes) => this.#publish(this.#logChannel(projectId), bytes),
      heard: (chunks) => this.#listener?.committed(chunks),
      lookAgain: (what) => this.#listener?.lookAgain(what),
    });
  }

  get others(): number {
    return this.#peers.size;
  }

  /** Whether all that others say is heard. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  async start(listener: NewsListener): Promise<void> {
    this.#listener = listener;
    const completed = Promise.withResolvers<void>();
    this.#completed = completed.resolve;
    this.#peers.living(await this.#others(), performance.now());
    this.#subscriber.on("messageBuffer", (channel, bytes) => this.#take(channel.toString(), bytes));
    this.#subscriber.on("ready", () => void this.#listen());
    this.#subscriber.on("close", () => this.#deaf());
    this.#publisher.on("ready", () => this.#hello());
    this.#publisher.on("close", () => this.#deaf());
    if (this.#subscriber.status === "ready") void this.#listen();
    this.#beat = setInterval(() => this.#beatSoon(), BEAT_MS);
    const timer = setTimeout(completed.resolve, START_MS);
    await completed.promise;
    clearTimeout(timer);
    if (!this.#isComplete)
      this.#log.warn({ why: this.#why() }, "the news of other services is not complete yet");
  }

  describe(): string {
    if (this.#isComplete) return `${this.others} other services are heard`;
    throw new Error(this.#why());
  }

  #why(): string {
    if (this.#subscriber.status !== "ready" || this.#publisher.status !== "ready") return "Redis is away";
    const nowMs = performance.now();
    if (nowMs - this.#echoMs >= SILENT_MS) return "Redis does not pass on what is said";
    const unheard = this.#peers.unheard(nowMs);
    if (unheard > 0) {
      return `${unheard} of ${this.others} other services on this database not heard; is the REDIS_URL of all the same?`;
    }
    return "not everybody has answered yet";
  }

  async tell(item: NewsItem): Promise<void> {
    this.figures.told += 1;
    await this.#ask((ask) => ({ kind: "item", ask, item }));
  }

  async follow(projectId: string): Promise<Following> {
    const followed = this.#follows.get(projectId) ?? this.#beginToFollow(projectId);
    followed.followers += 1;
    await followed.begun;
    const places = new Map<string, number>();
    for (const peer of this.#peers.all) if (peer.place > 0) places.set(peer.id, peer.place);
    const leave = () => {
      followed.followers -= 1;
      followed.leftMs = performance.now();
    };
    return { session: followed.session, places, [Symbol.dispose]: leave };
  }

  committed(chunks: readonly LogChunk[]): void {
    this.#relay.committed(chunks);
  }

  ended(run: Pick<Run, "id" | "projectId">): void {
    this.#relay.ended(run);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#beat);
    await this.#beating;
    this.#closed = true;
    await this.#say({ kind: "bye" });
  }

  async #listen(): Promise<void> {
    try {
      const logs = [...this.#follows.keys()].map((projectId) => this.#logChannel(projectId));
      await this.#subscriber.subscribe(`${this.#prefix}news`, `${this.#prefix}to:${this.#id}`, ...logs);
      this.#hello();
    } catch (error) {
      if (this.#subscriber.status !== "ready") return;
      this.#log.warn({ error }, "the news could not be subscribed to; connecting anew");
      this.#subscriber.disconnect(true);
    }
  }

  /** A connection is gone: what others say from here on is not heard, or not answered. */
  #deaf(): void {
    this.#isListening = false;
    this.#peers.strangers();
    this.#judge();
  }

  /** Begins anew with everybody. */
  #hello(): void {
    if (this.#subscriber.status !== "ready" || this.#publisher.status !== "ready") return;
    this.#isListening = true;
    this.#isBroken = false;
    this.#helloMs = performance.now();
    this.#epoch += 1;
    this.#number = 0;
    this.#peers.strangers();
    this.#relay.begin(this.#epoch);
    const follows = this.#followsNow();
    void this.#ask((ask) => ({ kind: "hello", ask, follows }));
  }

  #followsNow(): readonly string[] | null {
    return this.#follows.size > FOLLOWS_MAX ? null : [...this.#follows.keys()];
  }

  #beginToFollow(projectId: string): Followed {
    const begin = async () => {
      // Where it fails the connection is on its way out, and everything is subscribed to when it is back.
      if (this.#subscriber.status === "ready")
        await this.#subscriber.subscribe(this.#logChannel(projectId)).catch(() => {});
      await this.#ask((ask) => ({ kind: "follow", ask, projectId }));
    };
    const followed: Followed = { followers: 0, leftMs: 0, session: {}, begun: begin() };
    this.#follows.set(projectId, followed);
    return followed;
  }

  #unfollow(projectId: string): void {
    this.#follows.delete(projectId);
    if (!this.#isListening) return;
    this.#subscriber.unsubscribe(this.#logChannel(projectId)).catch(() => {});
    void this.#say({ kind: "unfollow", projectId });
  }

  /** Says something to all, and waits until those that are there have taken it in. */
  async #ask(say: (ask: number) => Saying): Promise<void> {
    const left = this.#peers.heardNow(performance.now());
    const ask = this.#asks.next();
    const said = this.#say(say(ask));
    if (left.size === 0 || !this.#isListening) return said;
    await this.#asks.answered(ask, left);
  }

  /** Says something to all, in order. What cannot be said is lost, which the others notice. */
  async #say(say: Saying): Promise<void> {
    if (!this.#isListening) return;
    const word: Word = { from: this.#id, epoch: this.#epoch, number: this.#number++, say };
    await this.#publish(`${this.#prefix}news`, JSON.stringify(word)).catch(() => {});
  }

  async #publish(channel: string, message: string | Buffer): Promise<void> {
    try {
      await this.#publisher.publish(channel, message);
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
  }

  #take(channel: string, bytes: Buffer): void {
    try {
      const name = channel.slice(this.#prefix.length);
      if (name.startsWith("log:")) return this.#relay.take(name.slice("log:".length), bytes);
      const message = JSON.parse(bytes.toString("utf8")) as Partial<Word & Answer>;
      if (typeof message.from !== "string" || typeof message.epoch !== "number")
        throw new Error("not one of ours");
      if (name === "news") this.#takeWord(message as Word);
      else this.#takeAnswer(message as Answer);
    } catch (error) {
      this.#log.warn({ error, channel }, "a message of another service cannot be understood");
    }
  }

  #takeWord(word: Word): void {
    const nowMs = performance.now();
    if (word.from === this.#id) {
      this.#echoMs = nowMs;
      if (!this.#isComplete) this.#judge();
      return;
    }
    const peer = this.#peers.heard(word.from, nowMs);
    const { say } = word;
    const isNext = word.epoch === peer.epoch && word.number === peer.next;
    const isMissing = peer.isKnown && !isNext && say.kind !== "hello";
    peer.epoch = word.epoch;
    peer.next = word.number + 1;
    if (isMissing) {
      this.figures.lost += 1;
      peer.isKnown = false;
      peer.follows = undefined;
      this.#miss();
      this.#hello();
    }
    this.#obey(peer, say);
  }

  #obey(peer: Peer, say: Saying): void {
    switch (say.kind) {
      case "beat":
        return;
      case "bye":
        this.#peers.left(peer.id);
        return this.#forget(peer.id);
      case "hello":
        peer.follows = say.follows === null ? undefined : new Set(say.follows);
        peer.isKnown = true;
        this.#relay.expect(peer.id, peer.epoch, {});
        // What it said before, on another connection, may not have come here.
        this.#miss();
        void this.#answer(peer, say.ask, {
          follows: this.#followsNow(),
          logs: this.#relay.numbersOf(say.follows ?? []),
          place: this.#place(),
        });
        this.#listener?.greeted();
        return this.#judge();
      case "follow":
        peer.follows?.add(say.projectId);
        void this.#answer(peer, say.ask, {
          logs: { [say.projectId]: 0, ...this.#relay.numbersOf([say.projectId]) },
          place: this.#place(),
        });
        return;
      case "unfollow":
        peer.follows?.delete(say.projectId);
        return;
      case "item":
        this.figures.heard += 1;
        this.#listener?.heard(say.item);
        void this.#answer(peer, say.ask, {});
    }
  }

  async #answer(peer: Peer, ask: number, more: Pick<Answer, "follows" | "logs" | "place">): Promise<void> {
    const answer: Answer = { from: this.#id, ask, epoch: this.#epoch, next: this.#number, ...more };
    await this.#publish(`${this.#prefix}to:${peer.id}`, JSON.stringify(answer)).catch(() => {});
  }

  #takeAnswer(answer: Answer): void {
    const peer = this.#peers.heard(answer.from, performance.now());
    if (answer.place !== undefined) peer.place = Math.max(peer.place, answer.place);
    if (answer.follows !== undefined) {
      peer.follows = answer.follows === null ? undefined : new Set(answer.follows);
      peer.epoch = answer.epoch;
      peer.next = answer.next;
      peer.isKnown = true;
    }
    if (answer.logs !== undefined) this.#relay.expect(answer.from, answer.epoch, answer.logs);
    this.#asks.answer(answer.ask, answer.from);
    if (!this.#isComplete) this.#judge();
  }

  #beatSoon(): void {
    this.#beating = this.#beating
      .then(() => this.#look())
      .catch((error: unknown) => {
        this.#log.error({ error }, "the news could not be looked after");
      });
  }

  async #look(): Promise<void> {
    const living = await this.#others().catch(() => undefined);
    const nowMs = performance.now();
    if (living !== undefined) {
      for (const id of this.#peers.living(living, nowMs)) this.#forget(id);
    }
    for (const [projectId, { followers, leftMs }] of this.#follows) {
      if (followers === 0 && nowMs - leftMs > LINGER_MS) this.#unfollow(projectId);
    }
    const hasStrangers = this.#peers.unheard(nowMs) > 0 && nowMs - this.#helloMs > 2 * DISTRUST_MS;
    if (this.#isBroken || hasStrangers) this.#hello();
    else void this.#say({ kind: "beat" });
    this.#judge();
    // While the database is away nothing in it changes, and what is remembered is all there is.
    if (!this.#isComplete && living !== undefined && nowMs - this.#droppedMs >= DISTRUST_MS - BEAT_MS / 2)
      this.#miss();
  }

  /** One of the others is gone: nobody waits for it any longer. */
  #forget(id: string): void {
    this.#relay.forget(id);
    this.#asks.gone(id);
  }

  /** Looks whether the news is complete now. */
  #judge(): void {
    if (this.#closed) return;
    const nowMs = performance.now();
    const isComplete =
      this.#isListening && nowMs - this.#echoMs < SILENT_MS && this.#peers.unheard(nowMs) === 0;
    if (isComplete === this.#isComplete) return;
    this.#isComplete = isComplete;
    // Before it became incomplete, or until now, something may have been missed.
    this.#miss();
    if (isComplete) {
      this.#completed?.();
      this.#log.info({ others: this.others }, "the news of other services is complete");
    } else this.#log.warn({ why: this.#why() }, "the news of other services is not complete");
  }

  #miss(): void {
    this.#droppedMs = performance.now();
    for (const followed of this.#follows.values()) followed.session = {};
    this.#listener?.missed();
  }

  #logChannel(projectId: string): string {
    return `${this.#prefix}log:${projectId}`;
  }
}
