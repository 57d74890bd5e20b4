import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import {
  Health as HealthService,
  HealthCheckResponse_ServingStatus as Status,
} from "../../gen/grpc/health/v1/health_pb.ts";

/** Statuses watched at once; more watchers are refused. */
const WATCHERS_MAX = 1_000;
/** How much of an unknown name is said back; over gRPC a message travels in a header, where little fits. */
const QUOTED_CHARACTERS_MAX = 100;

/** Whether the service, or one of its services by name, takes calls; "" stands for all of them. */
export class Health {
  readonly #names: ReadonlySet<string>;
  readonly #watchers = new Set<() => void>();
  #status: Status = Status.SERVING;

  constructor(names: readonly string[]) {
    this.#names = new Set(["", ...names]);
  }

  get names(): readonly string[] {
    return [...this.#names];
  }

  /** The service is going: balancers should look elsewhere. Whoever watches is told so, and then let go of. */
  drain(): void {
    this.#status = Status.NOT_SERVING;
    for (const wake of this.#watchers) wake();
  }

  statusOf(name: string): Status {
    return this.#names.has(name) ? this.#status : Status.SERVICE_UNKNOWN;
  }

  /** The status now, and again whenever it changes, until the signal fires or the service goes. */
  async *watch(name: string, signal: AbortSignal): AsyncGenerator<Status> {
    if (this.#watchers.size >= WATCHERS_MAX)
      throw new ConnectError("too many watch the health", Code.ResourceExhausted);
    let changed = Promise.withResolvers<void>();
    const wake = () => changed.resolve();
    this.#watchers.add(wake);
    signal.addEventListener("abort", wake);
    try {
      for (let told: Status | undefined; !signal.aborted; ) {
        const status = this.statusOf(name);
        if (status !== told) yield status;
        told = status;
        // A watcher would otherwise hold up the drain for all of its grace.
        if (this.#status === Status.NOT_SERVING)
          throw new ConnectError("the service is shutting down", Code.Unavailable);
        await changed.promise;
        changed = Promise.withResolvers<void>();
      }
    } finally {
      this.#watchers.delete(wake);
      signal.removeEventListener("abort", wake);
    }
  }
}

/** `grpc.health.v1`, which needs no token. */
export function healthRoutes(router: ConnectRouter, health: Health): void {
  router.service(HealthService, {
    check({ service }) {
      const status = health.statusOf(service);
      if (status === Status.SERVICE_UNKNOWN)
        throw new ConnectError(
          `there is no service ${service.slice(0, QUOTED_CHARACTERS_MAX)}`,
          Code.NotFound,
        );
      return { status };
    },
    list: () => ({
      statuses: Object.fromEntries(health.names.map((name) => [name, { status: health.statusOf(name) }])),
    }),
    async *watch({ service }, { signal }) {
      for await (const status of health.watch(service, signal)) yield { status };
    },
  });
}
