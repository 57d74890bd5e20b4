import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { NodeUnreachable } from "../src/runner/node.ts";
import type { RemoteNode } from "../src/runner/remote-node.ts";
import { NEVER, program } from "./sandbox/stage.ts";
import { type Cable, layCable, whyNoCable } from "./support/cable.ts";
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

const WHY_NOT = whyNoCable();

describe.skipIf(WHY_NOT !== undefined)(
  `over a cable${WHY_NOT === undefined ? "" : `: skipped, ${WHY_NOT}`}`,
  () => {
    let cable: Cable;
    let node: NodeProcess;
    let line: RemoteNode;

    beforeAll(async () => {
      cable = layCable();
      node = await startNodeProcess({ CODEACTIONS_HOST: cable.its }, cable.inside);
      line = connectTo(node.port, NODE_KEY, cable.its);
    });

    afterAll(async () => {
      line?.[Symbol.dispose]();
      await node?.[Symbol.asyncDispose]();
      cable?.[Symbol.dispose]();
    });

    test("a cable that is pulled: the node's runs are LOST here and ended there, and it is heard again once the cable is back", async () => {
      const { outcome, lines } = await beginSleeper(line);
      const watched = line.watch(NEVER)[Symbol.asyncIterator]();
      await watched.next();
      cable.pull();
      await expect(hearOut(watched)).rejects.toThrow("has not been heard of for 2.5 s");
      expect(await outcome).toMatchObject({ status: "LOST", error: { kind: "NodeLost" } });
      expect(lines.at(-1)?.text).toContain("was lost");
      // The node cannot know why nobody is heard any more, and nobody waits for what it does.
      await vi.waitUntil(() => /^codeactions_runs_under_way 0$/m.test(figuresOf(node, cable)), {
        timeout: 20_000,
        interval: 100,
      });
      cable.plug();
      await answered(line);
      await until(line, ({ busy }) => busy === 0);
      const { outcome: next } = await run(line, program("python", "def Run(engine): return 'well'\n"));
      expect(next.status).toBe("SUCCEEDED");
    }, 60_000);

    test("nothing that is asked while the cable is out waits for ever, and nothing of it happens later", async () => {
      await answered(line);
      cable.pull();
      const asked = await Promise.allSettled([
        line.describe(NEVER),
        line.watch(NEVER).next(),
        run(line, sleeper()),
      ]);
      for (const answer of asked) expect(answer).toMatchObject({ reason: expect.any(NodeUnreachable) });
      cable.plug();
      await answered(line);
      await until(line, ({ busy, waiting }) => busy === 0 && waiting === 0);
    }, 60_000);
  },
);

/** What the node tells of itself to somebody in its own network. */
function figuresOf({ url }: NodeProcess, { inside }: Cable): string {
  const [command, ...words] = inside as [string, ...string[]];
  const ask = `process.stdout.write(await (await fetch("${url}/metrics")).text())`;
  return execFileSync(command, [...words, process.execPath, "--input-type=module", "-e", ask], {
    encoding: "utf8",
  });
}
