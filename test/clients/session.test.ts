import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { OPERATOR_TOKEN, type Service, startService } from "../support/service.ts";
import { playSession } from "./shell-session.ts";

let service: Service;
beforeAll(async () => {
  service = await startService({ CODEACTIONS_GO: "/nonexistent/go" });
});
afterAll(() => service[Symbol.asyncDispose]());

test("every command of the session with buf curl answers as it is shown", async () => {
  await playSession(readFileSync("clients/buf-curl.md", "utf8"), {
    folder: process.cwd(),
    environment: {
      PATH: `${resolve("node_modules/.bin")}:${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: process.env.HOME,
      ADDRESS: service.url,
      TOKEN: OPERATOR_TOKEN,
    },
  });
}, 120_000);
