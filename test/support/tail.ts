import type { LogEntry } from "../../gen/codeactions/v1/log_pb.ts";
import type { RunStatus } from "../../gen/codeactions/v1/run_pb.ts";
import type { Clients } from "./service.ts";

type Request = Parameters<Clients["logs"]["tailLogs"]>[0];

/** A tail that collects what it is sent. */
export class Tail {
  readonly entries: LogEntry[] = [];
  cursor = "";
  readonly started: Promise<void>;
  readonly ended: Promise<{ status: RunStatus } | undefined>;
  readonly #stop = new AbortController();
  #waiting: (() => void)[] = [];

  constructor({ logs }: Clients, request: Request) {
    const started = Promise.withResolvers<void>();
    this.started = started.promise;
    this.ended = this.#collect(logs, request, started.resolve);
    this.ended.catch(started.reject);
  }

  async #collect(logs: Clients["logs"], request: Request, started: () => void) {
    try {
      for await (const { event } of logs.tailLogs(request, { signal: this.#stop.signal })) {
        this.cursor = event!.cursor;
        if (event?.event.case === "started") started();
        if (event?.event.case === "batch") this.entries.push(...event.event.value.entries);
        if (event?.event.case === "ended") return event.event.value;
        for (const wake of this.#waiting.splice(0)) wake();
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
    return undefined;
  }

  async until(enough: (entries: LogEntry[]) => boolean): Promise<void> {
    while (!enough(this.entries)) {
      await Promise.race([
        new Promise<void>((wake) => this.#waiting.push(wake)),
        this.ended.then(() => Promise.reject(new Error("the tail ended"))),
      ]);
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }
}
