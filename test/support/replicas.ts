import { expect } from "vitest";
import type { LogEntry } from "../../gen/codeactions/v1/log_pb.ts";
import { newDatabase } from "./database.ts";
import type { TestRedis } from "./redis.ts";
import { type Clients, textOf } from "./service.ts";

/** Several services on one database: what they are started with, and what is asked of them. */

/** Settings with which services share a new database. */
export async function sharedSettings(redis: TestRedis): Promise<Record<string, string>> {
  return {
    DATABASE_URL: await newDatabase(),
    REDIS_URL: redis.url,
    CODEACTIONS_SECRET_KEY: Buffer.alloc(32, 7).toString("base64"),
    CODEACTIONS_GO: "/nonexistent/go",
  };
}

/** Prints its lines one by one, slowly enough for something to happen meanwhile. */
export const COUNT = `import time
def Run(engine):
    for n in range(int(engine.body)):
        print('line', n + 1)
        time.sleep(0.002)
`;

export const WAIT = "import time\ndef Run(engine):\n    print('begun')\n    time.sleep(600)\n";

export function says(text: string): string {
  return `def Run(engine): return '${text}'\n`;
}

export async function answer({ runs }: Clients, codeId: string): Promise<string> {
  const { run } = await runs.runCode({ codeId });
  return textOf(run?.result?.body);
}

type Told = { event?: { event: { case?: string | undefined; value?: unknown } } } | undefined;

export function startedOf(told: Told): string {
  expect(told?.event?.event.case).toBe("started");
  return (told!.event!.event.value as { id: string }).id;
}

export function logOf(told: Told): string {
  return told?.event?.event.case === "log"
    ? (told.event.event.value as { entries: { text: string }[] }).entries[0]!.text
    : "";
}

/** Every run's lines, each once and in order. */
export function expectWhole(entries: readonly LogEntry[], runs: number, lines: number): void {
  const byRun = Map.groupBy(entries, ({ runId }) => runId);
  expect(byRun.size).toBe(runs);
  const whole = Array.from({ length: lines }, (_, n) => `line ${n + 1}`);
  for (const own of byRun.values()) expect(own.map(({ text }) => text)).toEqual(whole);
}

export async function untilConnected(...services: { readonly url: string }[]): Promise<void> {
  for (const { url } of services) {
    const figures = async () => (await fetch(`${url}/metrics`)).text();
    await expect.poll(figures, { timeout: 20_000 }).toMatch(/^codeactions_news_connected 1$/m);
  }
}
