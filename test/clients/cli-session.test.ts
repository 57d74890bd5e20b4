import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { OPERATOR_TOKEN, type Service, startService } from "../support/service.ts";
import { CommandLine } from "./command-line.ts";
import { playSession } from "./shell-session.ts";

let service: Service;
beforeAll(async () => {
  service = await startService({ CODEACTIONS_GO: "/nonexistent/go" });
});
afterAll(() => service?.[Symbol.asyncDispose]());

test("every command of the ten minutes with codeactions answers as it is shown", async () => {
  await using cli = await CommandLine.open();
  const { PATH, ...environment } = cli.environment;
  await playSession(readFileSync("clients/cli/README.md", "utf8"), {
    folder: cli.folder,
    environment: {
      ...environment,
      PATH: `${PATH}:${dirname(process.execPath)}`,
      ADDRESS: service.url,
      TOKEN: OPERATOR_TOKEN,
    },
  });
}, 120_000);
