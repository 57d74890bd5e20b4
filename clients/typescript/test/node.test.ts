import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { started } from "./service.ts";

test("a client may be closed as soon as its connection has failed", async () => {
  await using server = await started(createServer());
  const entry = new URL("../src/node.ts", import.meta.url);
  const program = `import { createCodeActions } from "${entry}";
    const client = createCodeActions({ address: "${server.address}" });
    await client.run({ codeId: "some" }).catch(({ message }) => console.log(message));
    client.close();`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program]);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  assert.equal(stderr, "");
  assert.match(stdout, /does not speak HTTP\/2: Protocol error/);
});
