import { Duplex, PassThrough } from "node:stream";
import { decodeHeadAndBody, FrameReader, KIND } from "../../src/sandbox/frames.ts";
import { NO_GROUPS } from "../../src/sandbox/groups.ts";
import type { Ending, Jail } from "../../src/sandbox/launch.ts";

/** What the host asked of the guest. */
export interface Asked {
  readonly number: number;
  readonly body: Buffer;
}

/**
 * A jail without a process: its test is the guest. Thousands of them cost what one real jail does. What the guest says
 * has been heard by the host when the method returns, so that every order of events can be told.
 */
export class MemoryJail {
  readonly asked: Asked[] = [];
  /** Its group is gone: whoever asks it for something now has come too late, as with a real one. */
  isRemoved = false;
  readonly jail: Jail;
  readonly #control: Duplex;
  readonly #stdout = new PassThrough();
  readonly #stderr = new PassThrough();
  readonly #exited: PromiseWithResolvers<Ending> = Promise.withResolvers();
  readonly #closed: PromiseWithResolvers<void> = Promise.withResolvers();
  /** While it is held, somebody still has the program's streams open. */
  holdsStreams = false;

  constructor() {
    const reader = new FrameReader();
    this.#control = new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => {
        for (const { kind, invocation, payload } of reader.push(chunk)) {
          if (kind !== KIND.INVOKE) continue;
          this.asked.push({ number: invocation, body: Buffer.from(decodeHeadAndBody(payload).body) });
        }
        done();
      },
    });
    this.jail = {
      control: this.#control,
      stdin: null,
      stdout: this.#stdout,
      stderr: this.#stderr,
      group: this.#group(),
      exited: this.#exited.promise,
      closed: this.#closed.promise,
      kill: () => this.#kill(),
    } as unknown as Jail;
  }

  /** Says something on its line, in one piece or in pieces of a size. */
  say(bytes: Buffer, pieceBytes = bytes.byteLength): void {
    for (let start = 0; start < bytes.byteLength; start += pieceBytes)
      this.#control.emit("data", bytes.subarray(start, start + pieceBytes));
  }

  print(stream: "stdout" | "stderr", bytes: Buffer): void {
    (stream === "stdout" ? this.#stdout : this.#stderr).emit("data", bytes);
  }

  /** Ends by itself. */
  exit(ending: Ending): void {
    this.#exited.resolve(ending);
    if (!this.holdsStreams) this.#closed.resolve();
  }

  close(): void {
    this.#closed.resolve();
  }

  async #kill(): Promise<void> {
    await turns(1);
    this.exit({ exitCode: undefined, signal: "SIGKILL" });
    await this.#exited.promise;
    this.isRemoved = true;
  }

  #group(): Jail["group"] {
    const group = NO_GROUPS.create("memory", { memoryBytesMax: 1, pidsMax: 1, cpuMillisMax: 1 });
    return new Proxy(group, {
      get: (target, name) => {
        if (this.isRemoved) throw new Error(`${String(name)} is asked of a group that is gone`);
        return Reflect.get(target, name);
      },
    });
  }
}

/** Lets the host get round to what it has put off. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
