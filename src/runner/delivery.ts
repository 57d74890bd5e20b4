import { create, toBinary } from "@bufbuild/protobuf";
import type { ClientDuplexStream, ServiceError } from "@grpc/grpc-js";
import { ExecuteRequestSchema, type ExecuteResponse } from "../../gen/codeactions/node/v1/node_service_pb.ts";
import type { Invocation, Line, Listener, NotAccepted, Outcome, Program } from "../sandbox/program.ts";
import { type Delivered, NODE_LOST, NodeUnreachable } from "./node.ts";
import { fromLine, fromOutcome, fromRefused, toInvocation } from "./node-contract.ts";

/** A call of `Execute` as the service sees it: bytes out, messages in. */
export type ExecuteCall = ClientDuplexStream<Buffer, ExecuteResponse>;

interface Parts {
  readonly node: string;
  readonly call: ExecuteCall;
  readonly program: Program;
  readonly invocation: Invocation;
  readonly listener: Listener;
  readonly signal: AbortSignal;
  /** What an error of the call means, before the input has left. */
  readonly explain: (error: ServiceError) => Error;
  /** Called once, when nothing more comes. */
  readonly over: (delivery: Delivery) => void;
}

/**
 * A run on its way to a remote node, and then on it:
 *
 *     offered ─ need source ─→ offered ─ ready: the input leaves ─→ delivered ─ outcome ─→ over
 *        │                                                              ├─ the node is lost: LOST ─→ over
 *        └─ refused, unreachable, aborted: nothing of it has happened   └─ refused: nothing of it has happened
 */
export class Delivery {
  /** Resolves when the input has left, rejects when it never will. */
  readonly accepted: Promise<Delivered>;
  readonly #parts: Parts;
  readonly #accept = Promise.withResolvers<Delivered>();
  readonly #outcome = Promise.withResolvers<Outcome>();
  readonly #abort = () => this.#aborted();
  #at: "offered" | "delivered" | "over" = "offered";
  #deliveredMs = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.accepted = this.#accept.promise;
    const { call, signal, explain } = parts;
    call.on("data", (response: ExecuteResponse) => this.#take(response));
    call.on("error", (error: ServiceError) => this.fail(explain(error)));
    call.on("end", () => this.fail(new NodeUnreachable(`${parts.node} ended a run's stream without a word`)));
    signal.addEventListener("abort", this.#abort);
  }

  /** The node cannot be heard any more, or makes no sense. */
  fail(error: Error): void {
    const { node, call, listener } = this.#parts;
    switch (this.#at) {
      case "offered":
        this.#end();
        call.cancel();
        return this.#accept.reject(error);
      case "delivered":
        this.#end();
        call.cancel();
        listener.lines([lossLine(node)]);
        return this.#outcome.resolve(this.#lost(error));
    }
  }

  #take({ step }: ExecuteResponse): void {
    if (this.#at === "over") return;
    const { call, program, listener } = this.#parts;
    try {
      switch (step.case) {
        case "needSource":
          return void call.write(encode({ case: "source", value: { source: program.source } }));
        case "ready":
          return this.#deliver();
        case "refused":
          return this.#refused(fromRefused(step.value));
        case "lines":
          return listener.lines(step.value.lines.map(fromLine));
        case "outcome":
          return this.#conclude(fromOutcome(step.value));
        default:
          throw new Error("it says what is not in the contract");
      }
    } catch (error) {
      this.fail(new NodeUnreachable(`${this.#parts.node} makes no sense: ${messageOf(error)}`));
    }
  }

  #deliver(): void {
    if (this.#at !== "offered") return;
    this.#at = "delivered";
    this.#deliveredMs = performance.now();
    const { call, invocation, listener } = this.#parts;
    listener.accepted();
    call.write(encode({ case: "input", value: toInvocation(invocation) }));
    this.#accept.resolve({ outcome: this.#outcome.promise });
  }

  /** Its input may have left: the worker went away at that moment, or the input was too slow. */
  #refused(error: NotAccepted): void {
    if (this.#at === "offered") return this.fail(error);
    this.#end();
    this.#parts.call.cancel();
    // Whoever is to wait for it may not have come to that yet.
    this.#outcome.promise.catch(() => {});
    this.#outcome.reject(error);
  }

  #conclude(outcome: Outcome): void {
    if (this.#at !== "delivered") throw new Error("an outcome comes before the input");
    this.#end();
    this.#parts.call.end();
    this.#outcome.resolve(outcome);
  }

  #aborted(): void {
    const { call, signal } = this.#parts;
    if (this.#at === "delivered") return void call.write(encode({ case: "cancel", value: {} }));
    this.fail(signal.reason as Error);
  }

  #end(): void {
    this.#at = "over";
    this.#parts.signal.removeEventListener("abort", this.#abort);
    this.#parts.over(this);
  }

  #lost(error: Error): Outcome {
    const wallMs = performance.now() - this.#deliveredMs;
    return {
      status: "LOST",
      error: { kind: NODE_LOST, message: error.message, traceback: "" },
      usage: { queueMs: 0, startMs: 0, wallMs, cpuMs: 0, peakMemoryBytes: 0, cold: false },
    };
  }
}

type Step = Exclude<
  NonNullable<Parameters<typeof create<typeof ExecuteRequestSchema>>[1]>["step"],
  undefined | { case: undefined }
>;

/** A step of the caller, in bytes. */
export function encode(step: Step): Buffer {
  const bytes = toBinary(ExecuteRequestSchema, create(ExecuteRequestSchema, { step }));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function lossLine(node: string): Line {
  const text = `The node ${node} was lost while it ran this; what the run did after its last entry is not known.`;
  return { timeUs: Date.now() * 1000, level: "error", stream: "system", text, truncated: false };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
