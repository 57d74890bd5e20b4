import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { type Client, connectivityState, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { LRUCache } from "lru-cache";
import type { Description } from "../../gen/codeactions/node/v1/node_pb.ts";
import {
  type ExecuteResponse,
  ExecuteResponseSchema,
  NodeService,
  type WatchResponse,
  WatchResponseSchema,
} from "../../gen/codeactions/node/v1/node_service_pb.ts";
import { TransientMap } from "../core/transient-map.ts";
import {
  type Invocation,
  type Language,
  type Listener,
  NotAccepted,
  type Problem,
  type Program,
} from "../sandbox/program.ts";
import { Delivery, encode } from "./delivery.ts";
import { type Delivered, type Node, type NodeDescription, NodeUnreachable } from "./node.ts";
import { type NodeAccess, type NodeAddress, openChannel } from "./node-channel.ts";
import {
  fromDescription,
  fromProblem,
  fromRefused,
  PROTOCOL_VERSION,
  toLanguage,
  toProgram,
} from "./node-contract.ts";

/** A node tells every second how it is; who has not done so for that long is silent. */
const SILENT_MS = 2_500;
/** This process may have stood still itself: so long it reads what has come meanwhile before it calls a node silent. */
const SURE_MS = 250;
/** For a connection that neither comes about nor is refused. */
const CONNECT_MS = 2_500;
const DESCRIBE_MS = 2_000;
/** A check may have to build. */
const CHECK_MS = 70_000;
/** Of sources that a node is known to have. */
const KNOWN_MAX = 10_000;

/**
 * A node in another process, over `codeactions.node.v1`. It is silent when its watch has not brought anything for 2.5 s:
 * then the watch throws, and everything that is under way to it is given up.
 */
export class RemoteNode implements Node, Disposable {
  readonly id: string;
  readonly #client: Client;
  readonly #metadata = new Metadata();
  readonly #known = new LRUCache<string, true>({ max: KNOWN_MAX });
  /** A program's offer without its source, in bytes: the same for all its runs. */
  readonly #offers = new WeakMap<Program, Buffer>();
  readonly #underWay = new TransientMap<object, { fail(error: Error): void }>();
  #retired = false;

  constructor(address: NodeAddress, access: NodeAccess) {
    this.id = address.id;
    this.#client = openChannel(address, access);
    if (access.key !== "") this.#metadata.set("authorization", `Bearer ${access.key}`);
  }

  deliver(
    program: Program,
    invocation: Invocation,
    listener: Listener,
    signal: AbortSignal,
  ): Promise<Delivered> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const call = this.#client.makeBidiStreamRequest<Buffer, ExecuteResponse>(
      pathOf(NodeService.method.execute),
      (bytes) => bytes,
      (bytes) => fromBinary(ExecuteResponseSchema, bytes),
      this.#metadata,
    );
    const delivery = new Delivery({
      node: this.id,
      call,
      program,
      invocation,
      listener,
      signal,
      explain: this.#explain,
      over: this.#over,
    });
    this.#begin(delivery);
    call.write(this.#offer(program));
    return delivery.accepted;
  }

  async check(language: Language, source: string, signal: AbortSignal): Promise<readonly Problem[]> {
    const request = { protocolVersion: PROTOCOL_VERSION, language: toLanguage(language), source };
    const { problems, refused } = await this.#ask(NodeService.method.check, request, CHECK_MS, signal);
    if (refused !== undefined) throw fromRefused(refused);
    return problems.map(fromProblem);
  }

  async describe(signal: AbortSignal): Promise<NodeDescription> {
    const request = { protocolVersion: PROTOCOL_VERSION };
    const { description } = await this.#ask(NodeService.method.describe, request, DESCRIBE_MS, signal);
    return this.#understand(description);
  }

  async *watch(signal: AbortSignal): AsyncGenerator<NodeDescription> {
    signal.throwIfAborted();
    const method = NodeService.method.watch;
    const call = this.#client.makeServerStreamRequest<typeof ASKED, WatchResponse>(
      pathOf(method),
      (request) => bytesOf(method.input, request),
      (bytes) => fromBinary(WatchResponseSchema, bytes),
      ASKED,
      this.#metadata,
    );
    let newest: WatchResponse | undefined;
    let end: { readonly error?: Error } | undefined;
    let wake = () => {};
    const finish = (error?: Error) => {
      end ??= error === undefined ? {} : { error };
      wake();
    };
    let sure: NodeJS.Timeout | undefined;
    const silence = setTimeout(() => {
      const error = new NodeUnreachable(`${this.id} has not been heard of for ${SILENT_MS / 1000} s`);
      sure = setTimeout(() => this.#giveUp(error), SURE_MS);
    }, SILENT_MS - SURE_MS);
    const abort = () => finish();
    signal.addEventListener("abort", abort);
    const question = { fail: finish };
    this.#begin(question);
    call.on("data", (response: WatchResponse) => {
      clearTimeout(sure);
      silence.refresh();
      newest = response;
      wake();
    });
    call.on("error", (error: ServiceError) => finish(this.#explain(error)));
    call.on("end", () => finish());
    try {
      for (;;) {
        if (newest !== undefined) {
          const { description } = newest;
          newest = undefined;
          yield this.#understand(description);
        } else if (end !== undefined) {
          if (end.error !== undefined) throw end.error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      clearTimeout(silence);
      clearTimeout(sure);
      signal.removeEventListener("abort", abort);
      this.#over(question);
      call.cancel();
    }
  }

  /** It is given nothing new: once nothing is under way to it any more, its connection is closed. */
  retire(): void {
    this.#retired = true;
    if (this.#underWay.size === 0) this.#client.close();
  }

  /** Everything under way to it is given up: runs that it has are LOST. */
  [Symbol.dispose](): void {
    this.#giveUp(new NodeUnreachable(`${this.id} is not asked any more`));
    this.#client.close();
  }

  async #ask<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethod & { input: Input; output: Output },
    request: MessageInitShape<Input>,
    withinMs: number,
    signal: AbortSignal,
  ): Promise<MessageShape<Output>> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<MessageShape<Output>>();
    const call = this.#client.makeUnaryRequest<MessageInitShape<Input>, MessageShape<Output>>(
      pathOf(method),
      (message) => bytesOf(method.input, message),
      (bytes) => fromBinary(method.output, bytes),
      request,
      this.#metadata,
      { deadline: Date.now() + withinMs },
      (error, response) => {
        if (error === null) resolve(response!);
        else if (error.code === status.DEADLINE_EXCEEDED)
          reject(new NodeUnreachable(`${this.id} has not answered within ${withinMs / 1000} s`));
        else reject(this.#explain(error));
      },
    );
    const question = {
      fail: (error: Error) => {
        call.cancel();
        reject(error);
      },
    };
    const abort = () => question.fail(signal.reason as Error);
    signal.addEventListener("abort", abort);
    this.#begin(question);
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", abort);
      this.#over(question);
    }
  }

  #offer(program: Program): Buffer {
    const { source, sourceSha256 } = program;
    const offer = { protocolVersion: PROTOCOL_VERSION };
    // What it has forgotten it asks for.
    if (this.#known.get(sourceSha256) === undefined) {
      this.#known.set(sourceSha256, true);
      return encode({ case: "offer", value: { ...offer, program: toProgram(program), source } });
    }
    const known = this.#offers.get(program);
    if (known !== undefined) return known;
    const made = encode({ case: "offer", value: { ...offer, program: toProgram(program) } });
    this.#offers.set(program, made);
    return made;
  }

  #begin(asked: { fail(error: Error): void }): void {
    this.#underWay.set(asked, asked);
    const channel = this.#client.getChannel();
    if (channel.getConnectivityState(true) === connectivityState.READY) return;
    setTimeout(() => {
      if (
        this.#underWay.get(asked) === undefined ||
        channel.getConnectivityState(false) === connectivityState.READY
      )
        return;
      asked.fail(new NodeUnreachable(`${this.id} cannot be reached: it does not answer`));
    }, CONNECT_MS).unref();
  }

  readonly #over = (asked: { fail(error: Error): void }): void => {
    this.#underWay.delete(asked);
    if (this.#retired && this.#underWay.size === 0) this.#client.close();
  };

  #giveUp(error: NodeUnreachable): void {
    for (const asked of [...this.#underWay.values()]) asked.fail(error);
  }

  #understand(description: Description | undefined): NodeDescription {
    if (description === undefined) throw new NodeUnreachable(`${this.id} describes nothing`);
    const { protocolVersion } = description;
    if (protocolVersion !== PROTOCOL_VERSION)
      throw new NodeUnreachable(
        `${this.id} speaks version ${protocolVersion} of the contract between nodes, and this service version ${PROTOCOL_VERSION}; run the same release on both`,
        { refused: true },
      );
    return fromDescription(description);
  }

  /** What an error of gRPC means for what was asked, in words for people. */
  readonly #explain = (error: ServiceError): Error => {
    const details = decoded(error.details);
    const refused = (message: string) => new NodeUnreachable(message, { refused: true, cause: error });
    switch (error.code) {
      case status.UNAUTHENTICATED:
        return refused(
          details.includes("certificate")
            ? `${this.id} refuses our certificate: ${details}; set CODEACTIONS_NODE_TLS_CA_FILE to the same authority on both`
            : `${this.id} refuses our key; set CODEACTIONS_NODE_KEY to the same on both`,
        );
      case status.FAILED_PRECONDITION:
        return refused(`${this.id} refuses us: ${details}`);
      case status.UNIMPLEMENTED:
        return refused(`${this.id} answers, but is no node of Code Actions`);
      case status.INTERNAL:
      case status.UNKNOWN:
      case status.RESOURCE_EXHAUSTED:
      case status.INVALID_ARGUMENT:
        return new NotAccepted("broken", `${this.id} failed: ${details}`, 0, { cause: error });
      default:
        return new NodeUnreachable(`${this.id} cannot be reached: ${plainly(details)}`, { cause: error });
    }
  };
}

const ASKED = { protocolVersion: PROTOCOL_VERSION };

/** What grpc-js says of a connection that could not be made, without what it says around it. */
function plainly(details: string): string {
  return /Last error: (?:Error: )?(.+?)\.? Resolution note:/.exec(details)?.[1] ?? details;
}

/** grpc-js leaves commas and the like as they travel. */
function decoded(details: string): string {
  try {
    return decodeURIComponent(details);
  } catch {
    return details;
  }
}

function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function bytesOf<Schema extends DescMessage>(schema: Schema, message: MessageInitShape<Schema>): Buffer {
  return Buffer.from(toBinary(schema, create(schema, message)));
}
