import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** One of several figures under a name. */
interface Figure {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The service's figures, as Prometheus reads them. Labels come from closed lists only, so their number is bounded. */
export class Metrics {
  readonly #registry = new Registry();
  readonly runs = new Counter({
    name: "codeactions_runs_total",
    help: "Runs that have ended, by final status, trigger and whether a worker was warm.",
    labelNames: ["status", "trigger", "start"],
    registers: [this.#registry],
  });
  readonly runSeconds = new Histogram({
    name: "codeactions_run_seconds",
    help: "The code's own time per run.",
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300, 900],
    registers: [this.#registry],
  });
  readonly startSeconds = new Histogram({
    name: "codeactions_start_seconds",
    help: "How long runs that found no warm worker waited for one to start and load.",
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [this.#registry],
  });
  readonly repeatedAttempts = new Counter({
    name: "codeactions_attempts_repeated_total",
    help: "Attempts of durable runs that were followed by another one.",
    labelNames: ["trigger"],
    registers: [this.#registry],
  });
  readonly lostRuns = new Counter({
    name: "codeactions_runs_lost_total",
    help: "Runs whose service was found to be gone.",
    registers: [this.#registry],
  });
  readonly calls = new Counter({
    name: "codeactions_calls_total",
    help: "Calls answered, by method and code.",
    labelNames: ["method", "code"],
    registers: [this.#registry],
  });
  readonly fires = new Counter({
    name: "codeactions_schedule_fires_total",
    help: "Times of schedules that have come, by what became of them: started, overlap, missed, full.",
    labelNames: ["outcome"],
    registers: [this.#registry],
  });
  readonly callbacks = new Counter({
    name: "codeactions_callbacks_total",
    help: "Callbacks that are over, by whether they were delivered.",
    labelNames: ["outcome"],
    registers: [this.#registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** A figure that is looked up when it is asked for. */
  gauge(name: string, help: string, read: () => number | Promise<number>): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect: async () => gauge.set(await read()),
    });
  }

  /** Figures that are looked up when they are asked for, one for each set of labels there is then. */
  gauges(name: string, help: string, labelNames: string[], read: () => readonly Figure[]): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect: () => {
        gauge.reset();
        for (const { labels, value } of read()) gauge.set(labels, value);
      },
    });
  }

  /** The same for figures that only grow. */
  counts(name: string, help: string, labelNames: string[], read: () => readonly Figure[]): void {
    const counter: Counter = new Counter({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect: () => {
        counter.reset();
        for (const { labels, value } of read()) counter.inc(labels, value);
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
