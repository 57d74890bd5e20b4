import { createHash } from "node:crypto";
import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { LRUCache } from "lru-cache";
import type { ProgramSchema } from "../../gen/codeactions/node/v1/node_pb.ts";
import type { ExecuteRequest, ExecuteResponseSchema } from "../../gen/codeactions/node/v1/node_service_pb.ts";
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

type Answer = MessageInitShape<typeof ExecuteResponseSchema>;

/** How long a worker is held for an input. */
const INPUT_MS = 5_000;
/** Of text in one message of lines; the rest goes into the next. */
const BATCH_CHARACTERS_MAX = 512 * 1024;

const NEED_SOURCE: Answer = { step: { case: "needSource", value: {} } };
const READY: Answer = { step: { case: "ready", value: {} } };

/** Sources that a node has seen, by their hashes; so they need not be sent with every run. */
export type Sources = LRUCache<string, string>;

/**
 * One call of `Execute` as the node plays it. It ends with a refusal or an outcome; when the caller's stream ends
 * before that, nobody waits for the run any more, and it ends with its worker.
 *
 * What the run has written and the caller has not taken yet waits here: not more than the run may write at all.
 */
export class Execution {
  readonly #sandbox: Sandbox;
  readonly #sources: Sources;
  readonly #log: Logger;
  readonly #abort = new AbortController();
  readonly #input = Promise.withResolvers<Invocation>();
  readonly #outbox: Answer[] = [];
  #lines: Line[] = [];
  #ready = false;
  #over: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;
  #inputTimer: NodeJS.Timeout | undefined;

  constructor(parts: { sandbox: Sandbox; sources: Sources; log: Logger }) {
    this.#sandbox = parts.sandbox;
    this.#log = parts.log;
    this.#sources = parts.sources;
    this.#input.promise.catch(() => {});
  }

  /** What the node answers, step by step. */
  async *answers(
    requests: AsyncIterable<ExecuteRequest>,
    isDraining: () => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<Answer> {
    const steps = requests[Symbol.asyncIterator]();
    const leave = () => this.#leave();
    signal.addEventListener("abort", leave);
    try {
      const { step } = await nextOf(steps);
      if (step.case !== "offer" || step.value.program === undefined) throw outOfTurn("an offer", step.case);
      const { protocolVersion, program: offered, source } = step.value;
      if (protocolVersion !== PROTOCOL_VERSION)
        throw new ConnectError(calledInOtherVersion(protocolVersion), Code.FailedPrecondition);
      if (isDraining()) {
        yield refused(new NotAccepted("closed", "the node is about to end"));
        return;
      }
      let text = source ?? this.#sources.get(offered.sourceSha256);
      if (text === undefined) {
        yield NEED_SOURCE;
        const { step: answer } = await nextOf(steps);
        if (answer.case !== "source") throw outOfTurn("the source", answer.case);
        text = answer.value.source;
      }
      const program = fromProgram(offered, this.#keep(offered, text));
      void this.#listen(steps);
      void this.#carryOut(program);
      yield* this.#sayings();
    } finally {
      signal.removeEventListener("abort", leave);
      this.#leave();
    }
  }

  /** What is built of a source is kept by its hash, so a hash is believed only when it is right. */
  #keep({ sourceSha256 }: MessageShape<typeof ProgramSchema>, source: string): string {
    if (this.#sources.has(sourceSha256)) return source;
    if (createHash("sha256").update(source).digest("hex") !== sourceSha256)
      throw new ConnectError("the source does not have the offered hash", Code.InvalidArgument);
    this.#sources.set(sourceSha256, source);
    return source;
  }

  async #carryOut(program: Program): Promise<void> {
    try {
      const listener = {
        accepted: () => this.#sayReady(),
        lines: (lines: readonly Line[]) => {
          this.#lines.push(...lines);
          this.#wake?.();
        },
      };
      const outcome = await this.#sandbox.execute(
        program,
        () => this.#askForInput(),
        listener,
        this.#abort.signal,
      );
      this.#finish({ step: { case: "outcome", value: toOutcome(outcome) } });
    } catch (error) {
      if (error instanceof NotAccepted) return this.#finish(refused(error));
      if (!(error instanceof ConnectError)) this.#log.error({ err: error }, "a run could not be carried out");
      this.#finish(undefined, error);
    }
  }

  #askForInput(): Promise<Invocation> {
    this.#sayReady();
    this.#inputTimer = setTimeout(() => {
      const message = `the input did not come within ${INPUT_MS / 1000} s`;
      this.#input.reject(new ConnectError(message, Code.DeadlineExceeded));
    }, INPUT_MS);
    return this.#input.promise;
  }

  #sayReady(): void {
    if (this.#ready) return;
    this.#ready = true;
    this.#outbox.push(READY);
    this.#wake?.();
  }

  /** Hears what the caller says after its offer. The end of its words is the end of its interest. */
  async #listen(steps: AsyncIterator<ExecuteRequest>): Promise<void> {
    try {
      for (;;) {
        const { step } = await nextOf(steps);
        if (step.case === "input") {
          clearTimeout(this.#inputTimer);
          this.#input.resolve(fromInvocation(step.value));
        } else if (step.case === "cancel") {
          this.#leave();
        } else {
          throw outOfTurn("the input", step.case);
        }
      }
    } catch {
      this.#leave();
    }
  }

  #leave(): void {
    clearTimeout(this.#inputTimer);
    const gone = new ConnectError("the caller went away", Code.Canceled);
    this.#input.reject(gone);
    this.#abort.abort(gone);
  }

  #finish(answer: Answer | undefined, error?: unknown): void {
    this.#takeLines();
    if (answer !== undefined) this.#outbox.push(answer);
    this.#over = error === undefined ? {} : { error };
    this.#wake?.();
  }

  async *#sayings(): AsyncGenerator<Answer> {
    for (;;) {
      this.#takeLines();
      const answer = this.#outbox.shift();
      if (answer !== undefined) {
        yield answer;
      } else if (this.#over !== undefined) {
        if ("error" in this.#over) throw this.#over.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }

  /** What has gathered since the last message, in messages of a size that every side takes. */
  #takeLines(): void {
    const lines = this.#lines;
    if (lines.length === 0) return;
    this.#lines = [];
    for (let first = 0; first < lines.length; ) {
      let characters = 0;
      let end = first;
      for (; end < lines.length && (end === first || characters < BATCH_CHARACTERS_MAX); end++)
        characters += lines[end]!.text.length;
      const value = { lines: lines.slice(first, end).map(toLine) };
      this.#outbox.push({ step: { case: "lines", value } });
      first = end;
    }
  }
}

async function nextOf(steps: AsyncIterator<ExecuteRequest>): Promise<ExecuteRequest> {
  const { done, value } = await steps.next();
  if (done) throw new ConnectError("the caller said no more", Code.Canceled);
  return value;
}

function refused(error: NotAccepted): Answer {
  return { step: { case: "refused", value: toRefused(error) } };
}

function outOfTurn(expected: string, got: string | undefined): ConnectError {
  return new ConnectError(`${expected} was expected, and not ${got ?? "nothing"}`, Code.InvalidArgument);
}
