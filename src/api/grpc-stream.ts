import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

/** Who answers the messages of one call. What it throws ends the call. */
export interface Talker<Ask extends DescMessage> {
  take(message: MessageShape<Ask>): void;
  /** A piece of a message has come. */
  receiving(): void;
  /** There is room again after `send` has answered with false. */
  drained(): void;
  /** The caller says no more, or is gone. */
  left(): void;
}

/** A flag and the length of the message. */
const ENVELOPE_BYTES = 5;

/**
 * A bidirectional stream of gRPC, read and written by 100 lines of ours: the library for the protocols costs
 * several times what a run on a warm worker does. Messages are not compressed, and not larger than they may be.
 */
export class GrpcStream<Ask extends DescMessage, Answer extends DescMessage> {
  readonly #response: Http2ServerResponse;
  readonly #schemas: { readonly ask: Ask; readonly answer: Answer };
  readonly #messageBytesMax: number;
  readonly #talker: Talker<Ask>;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #over = false;

  constructor(parts: {
    request: Http2ServerRequest;
    response: Http2ServerResponse;
    ask: Ask;
    answer: Answer;
    messageBytesMax: number;
    talker: (to: GrpcStream<Ask, Answer>) => Talker<Ask>;
  }) {
    const { request, response } = parts;
    const { stream } = request;
    this.#response = response;
    this.#schemas = parts;
    this.#messageBytesMax = parts.messageBytesMax;
    this.#talker = parts.talker(this);
    response.setHeader("content-type", "application/grpc+proto");
    stream.on("data", (piece: Buffer) => this.#receive(piece));
    stream.on("drain", () => this.#over || this.#talker.drained());
    stream.on("end", () => this.#left());
    stream.on("close", () => this.#left());
    stream.on("error", () => this.#left());
  }

  /** False when the caller does not keep up: what is sent all the same waits in memory. */
  send(message: MessageInitShape<Answer>): boolean {
    if (this.#over || this.#response.stream.destroyed) return true;
    const bytes = toBinary(this.#schemas.answer, create(this.#schemas.answer, message));
    const framed = Buffer.allocUnsafe(ENVELOPE_BYTES + bytes.byteLength);
    framed[0] = 0;
    framed.writeUInt32BE(bytes.byteLength, 1);
    framed.set(bytes, ENVELOPE_BYTES);
    return this.#response.write(framed);
  }

  /** Says how the call went, once all that was sent has left. */
  end(error?: ConnectError): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#response.stream.destroyed) return;
    const message = error === undefined ? {} : { "grpc-message": encodeURIComponent(error.rawMessage) };
    this.#response.addTrailers({ "grpc-status": String(error?.code ?? 0), ...message });
    this.#response.end();
  }

  #receive(piece: Buffer): void {
    if (this.#over) return;
    this.#pieces.push(piece);
    this.#bytes += piece.byteLength;
    this.#talker.receiving();
    try {
      while (!this.#over && this.#bytes >= ENVELOPE_BYTES) {
        const head = this.#joined(ENVELOPE_BYTES);
        if (head[0] !== 0) throw new ConnectError("messages are not to be compressed", Code.Unimplemented);
        const length = head.readUInt32BE(1);
        if (length > this.#messageBytesMax)
          throw new ConnectError(
            `a message has more than ${this.#messageBytesMax} bytes`,
            Code.ResourceExhausted,
          );
        if (this.#bytes < ENVELOPE_BYTES + length) return;
        const whole = this.#joined(ENVELOPE_BYTES + length);
        this.#pieces =
          whole.byteLength === ENVELOPE_BYTES + length ? [] : [whole.subarray(ENVELOPE_BYTES + length)];
        this.#bytes -= ENVELOPE_BYTES + length;
        this.#talker.take(this.#read(whole.subarray(ENVELOPE_BYTES, ENVELOPE_BYTES + length)));
      }
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** What has arrived, in one piece where that many bytes are not in the first one. */
  #joined(bytes: number): Buffer {
    if (this.#pieces[0]!.byteLength < bytes) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0]!;
  }

  #read(bytes: Buffer): MessageShape<Ask> {
    try {
      return fromBinary(this.#schemas.ask, bytes);
    } catch (error) {
      throw new ConnectError("a message cannot be read", Code.InvalidArgument, undefined, undefined, error);
    }
  }

  #refuse(error: unknown): void {
    this.end(error instanceof ConnectError ? error : new ConnectError("internal error", Code.Internal));
    this.#talker.left();
  }

  #left(): void {
    if (!this.#over) this.#talker.left();
  }
}
