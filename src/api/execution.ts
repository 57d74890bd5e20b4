import { createHash } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import type { LRUCache } from "lru-cache";
import type { Program as ProgramMessage } from "../../gen/codeactions/node/v1/node_pb.ts";
import type {
  ExecuteRequest,
  ExecuteRequest_Offer,
  ExecuteRequestSchema,
  ExecuteResponseSchema,
} from "../../gen/codeactions/node/v1/node_service_pb.ts";
import type { Logger } from "../core/logger.ts";
import {
  calledInOtherVersion,
  fromInvocation,
  fromProgram,
  PROTOCOL_VERSION,
  toLine,
  toOutcome,
  toRefused,
} from "../runner/node-contract.ts";
import { type Invocation, type Line, NotAccepted, type Program } from "../sandbox/program.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { GrpcStream, Talker } from "./grpc-stream.ts";

/** How long a worker is held for an input of which nothing arrives. */
const INPUT_MS = 5_000;
/** Of text in one message of lines, each with what goes around it; the rest goes into the next. */
const BATCH_CHARACTERS_MAX = 512 * 1024;
/** A run may write millions of empty lines. */
const AROUND_LINE_CHARACTERS = 32;

/** Sources that a node has seen, by their hashes; so they need not be sent with every run. */
export type Sources = LRUCache<string, string>;

/** What every execution on a node needs. */
export interface ExecutionParts {
  readonly sandbox: Sandbox;
  readonly sources: Sources;
  readonly log: Logger;
  readonly isDraining: () => boolean;
  /** Called once, when the run is over, or will never be. */
  readonly over: () => void;
}

/**
 * One call of `Execute` as the node plays it: it expects an offer, the source where it lacks it, and the input once it
 * is ready. It ends with a refusal or an outcome; when the caller leaves before that, nobody waits for the run any
 * more, and it ends with its worker.
 *
 * What the run has written and the caller has not taken yet waits here: not more than the run may write at all.
 */
export class Execution implements Talker<typeof ExecuteRequestSchema> {
  readonly #parts: ExecutionParts;
  readonly #caller: GrpcStream<typeof ExecuteRequestSchema, typeof ExecuteResponseSchema>;
  readonly #abort = new AbortController();
  #expects: "offer" | "source" | "nothing" | "input" | "the end" = "offer";
  #offered: ProgramMessage | undefined;
  #input: PromiseWithResolvers<Invocation> | undefined;
  #inputTimer: NodeJS.Timeout | undefined;
  #saidReady = false;
  #hasRoom = true;
  #lines: Line[] = [];
  /** Of the lines, how many have been sent. */
  #sent = 0;

  constructor(
    parts: ExecutionParts,
    caller: GrpcStream<typeof ExecuteRequestSchema, typeof ExecuteResponseSchema>,
  ) {
    this.#parts = parts;
    this.#caller = caller;
  }

  take({ step }: ExecuteRequest): void {
    if (step.case === "cancel") return this.left();
    if (step.case !== this.#expects)
      throw new ConnectError(`a step is out of turn: ${step.case ?? "none"}`, Code.InvalidArgument);
    switch (step.case) {
      case "offer":
        return this.#takeOffer(step.value);
      case "source":
        return this.#begin(step.value.source);
      case "input":
        this.#expects = "the end";
        this.#stopTimer();
        return this.#input?.resolve(fromInvocation(step.value));
    }
  }

  receiving(): void {
    this.#inputTimer?.refresh();
  }

  drained(): void {
    this.#hasRoom = true;
    this.#sendLines();
  }

  left(): void {
    this.#stopTimer();
    const gone = new NotAccepted("closed", "the caller does not want it any more");
    this.#input?.reject(gone);
    this.#abort.abort(gone);
    if (this.#expects === "offer" || this.#expects === "source") this.#finish({ refused: gone });
  }

  #takeOffer({ protocolVersion, program, source }: ExecuteRequest_Offer): void {
    if (protocolVersion !== PROTOCOL_VERSION)
      throw new ConnectError(calledInOtherVersion(protocolVersion), Code.FailedPrecondition);
    if (program === undefined) throw new ConnectError("an offer is of nothing", Code.InvalidArgument);
    if (this.#parts.isDraining())
      return this.#finish({ refused: new NotAccepted("closed", "the node is about to end") });
    this.#offered = program;
    const text = source ?? this.#parts.sources.get(program.sourceSha256);
    if (text !== undefined) return this.#begin(text);
    this.#expects = "source";
    this.#caller.send({ step: { case: "needSource", value: {} } });
  }

  #begin(source: string): void {
    const offered = this.#offered!;
    this.#keep(offered.sourceSha256, source);
    const program = fromProgram(offered, source);
    this.#expects = "nothing";
    void this.#carryOut(program);
  }

  /** What is built of a source is kept by its hash, so a hash is believed only when it is right. */
  #keep(sourceSha256: string, source: string): void {
    const { sources } = this.#parts;
    if (sources.has(sourceSha256)) return;
    if (createHash("sha256").update(source).digest("hex") !== sourceSha256)
      throw new ConnectError("the source does not have the offered hash", Code.InvalidArgument);
    sources.set(sourceSha256, source);
  }

  async #carryOut(program: Program): Promise<void> {
    try {
      const listener = {
        accepted: () => this.#sayReady(),
        lines: (lines: readonly Line[]) => {
          for (const line of lines) this.#lines.push(line);
          if (this.#hasRoom) this.#sendLines();
        },
      };
      const ask = () => this.#askForInput();
      const outcome = await this.#parts.sandbox.execute(program, ask, listener, this.#abort.signal);
      this.#finish({ outcome: toOutcome(outcome) });
    } catch (error) {
      if (error instanceof NotAccepted) return this.#finish({ refused: error });
      if (error instanceof ConnectError) return this.#finish(undefined, error);
      this.#parts.log.error({ err: error }, "a run could not be carried out");
      this.#finish(undefined, new ConnectError("internal error", Code.Internal));
    }
  }

  #askForInput(): Promise<Invocation> {
    this.#input = Promise.withResolvers<Invocation>();
    if (this.#abort.signal.aborted) this.#input.reject(this.#abort.signal.reason);
    this.#expects = "input";
    this.#inputTimer = setTimeout(() => {
      const message = `the input did not come within ${INPUT_MS / 1000} s`;
      this.#input?.reject(new NotAccepted("broken", message));
    }, INPUT_MS);
    this.#sayReady();
    return this.#input.promise;
  }

  #sayReady(): void {
    if (this.#saidReady) return;
    this.#saidReady = true;
    // One that cannot be built is answered without its input, which comes all the same.
    this.#expects = "input";
    this.#caller.send({ step: { case: "ready", value: {} } });
  }

  #finish(
    last: { refused: NotAccepted } | { outcome: ReturnType<typeof toOutcome> } | undefined,
    error?: ConnectError,
  ) {
    this.#expects = "the end";
    this.#stopTimer();
    while (this.#lines.length > 0) this.#sendLines();
    if (last !== undefined && "outcome" in last)
      this.#caller.send({ step: { case: "outcome", value: last.outcome } });
    else if (last !== undefined)
      this.#caller.send({ step: { case: "refused", value: toRefused(last.refused) } });
    this.#caller.end(error);
    this.#parts.over();
  }

  /** One that has been stopped would be started by what still arrives. */
  #stopTimer(): void {
    clearTimeout(this.#inputTimer);
    this.#inputTimer = undefined;
  }

  /** Lines that have gathered while there was no room, in messages of a size that every side takes. */
  #sendLines(): void {
    do {
      let end = this.#sent;
      for (let characters = 0; end < this.#lines.length && characters < BATCH_CHARACTERS_MAX; end++)
        characters += AROUND_LINE_CHARACTERS + this.#lines[end]!.text.length;
      if (end === this.#sent) return;
      const batch = this.#lines.slice(this.#sent, end);
      this.#sent = end;
      if (end === this.#lines.length) [this.#lines, this.#sent] = [[], 0];
      this.#hasRoom = this.#caller.send({ step: { case: "lines", value: { lines: batch.map(toLine) } } });
    } while (this.#hasRoom);
  }
}
