import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { NodeUnreachable } from "../src/runner/node.ts";
import type { RemoteNode } from "../src/runner/remote-node.ts";
import { NEVER, program } from "./sandbox/stage.ts";
import {
  answered,
  beginSleeper,
  connectTo,
  hearOut,
  NODE_KEY,
  type NodeProcess,
  run,
  sleeper,
  startNodeProcess,
  until,
} from "./support/nodes.ts";

/** A node in a network of its own, at the end of a cable that can be pulled: nobody tells anybody that it is gone. */

const SUFFIX = process.pid.toString(36);
const NETWORK = `ca-${SUFFIX}`;
const [OUR_END, ITS_END] = [`caa${SUFFIX}`, `cab${SUFFIX}`];
const SUBNET = `10.231.${process.pid % 250}`;
/** Not by `ip netns exec`, which would hide the control groups. */
const INSIDE = ["nsenter", `--net=/run/netns/${NETWORK}`];
const WHY_NOT = whyNoNetworks();

describe.skipIf(WHY_NOT !== undefined)(
  `over a cable${WHY_NOT === undefined ? "" : `: skipped, ${WHY_NOT}`}`,
  () => {
    let node: NodeProcess;
    let line: RemoteNode;

    beforeAll(async () => {
      ip("netns", "add", NETWORK);
      ip("link", "add", OUR_END, "type", "veth", "peer", "name", ITS_END, "netns", NETWORK);
      ip("addr", "add", `${SUBNET}.1/24`, "dev", OUR_END);
      ip("-n", NETWORK, "addr", "add", `${SUBNET}.2/24`, "dev", ITS_END);
      ip("link", "set", OUR_END, "up");
      ip("-n", NETWORK, "link", "set", "lo", "up");
      ip("-n", NETWORK, "link", "set", ITS_END, "up");
      node = await startNodeProcess({ CODEACTIONS_HOST: `${SUBNET}.2` }, INSIDE);
      line = connectTo(node.port, NODE_KEY, `${SUBNET}.2`);
    });

    afterAll(async () => {
      line?.[Symbol.dispose]();
      await node?.[Symbol.asyncDispose]();
      if (WHY_NOT === undefined) ip("netns", "del", NETWORK);
    });

    test("a cable that is pulled: the node's runs are LOST here and ended there, and it is heard again once the cable is back", async () => {
      const { outcome, lines } = await beginSleeper(line);
      const watched = line.watch(NEVER)[Symbol.asyncIterator]();
      await watched.next();
      pull();
      await expect(hearOut(watched)).rejects.toThrow("has not been heard of for 2.5 s");
      expect(await outcome).toMatchObject({ status: "LOST", error: { kind: "NodeLost" } });
      expect(lines.at(-1)?.text).toContain("was lost");
      // The node cannot know why nobody is heard any more, and nobody waits for what it does.
      await vi.waitUntil(() => /^codeactions_runs_under_way 0$/m.test(figuresOf(node)), {
        timeout: 20_000,
        interval: 100,
      });
      plug();
      await answered(line);
      await until(line, ({ busy }) => busy === 0);
      const { outcome: next } = await run(line, program("python", "def Run(engine): return 'well'\n"));
      expect(next.status).toBe("SUCCEEDED");
    }, 60_000);

    test("nothing that is asked while the cable is out waits for ever, and nothing of it happens later", async () => {
      await answered(line);
      pull();
      const asked = await Promise.allSettled([
        line.describe(NEVER),
        line.watch(NEVER).next(),
        run(line, sleeper()),
      ]);
      for (const answer of asked) expect(answer).toMatchObject({ reason: expect.any(NodeUnreachable) });
      plug();
      await answered(line);
      await until(line, ({ busy, waiting }) => busy === 0 && waiting === 0);
    }, 60_000);
  },
);

function pull(): void {
  ip("-n", NETWORK, "link", "set", ITS_END, "down");
}

function plug(): void {
  ip("-n", NETWORK, "link", "set", ITS_END, "up");
}

/** What the node tells of itself to somebody in its own network. */
function figuresOf({ url }: NodeProcess): string {
  const [command, ...words] = INSIDE as [string, ...string[]];
  const ask = `process.stdout.write(await (await fetch("${url}/metrics")).text())`;
  return execFileSync(command, [...words, process.execPath, "--input-type=module", "-e", ask], {
    encoding: "utf8",
  });
}

function ip(...words: string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}

/** Why there can be no networks on this host, and what would help. */
function whyNoNetworks(): string | undefined {
  try {
    ip("netns", "add", `${NETWORK}-try`);
    ip("netns", "del", `${NETWORK}-try`);
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message.trim().split("\n").at(-1) : String(error);
    return `no network can be made here (${why}); run as root, in a container with --privileged`;
  }
}
