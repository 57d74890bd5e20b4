import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "vitest";
import { OPERATOR_TOKEN, startService } from "../support/service.ts";
import { CommandLine } from "./command-line.ts";
import { playSession } from "./shell-session.ts";

test.each([
  ["the ten minutes with codeactions", "clients/cli/README.md"],
  ["the README's terminal", "README.md"],
])(
  "every command of %s answers as it is shown",
  async (_, page) => {
    await using service = await startService({ CODEACTIONS_GO: "/nonexistent/go" });
    await using cli = await CommandLine.open();
    const { PATH, ...environment } = cli.environment;
    await playSession(readFileSync(page, "utf8"), {
      folder: cli.folder,
      environment: {
        ...environment,
        PATH: `${PATH}:${dirname(process.execPath)}`,
        ADDRESS: service.url,
        TOKEN: OPERATOR_TOKEN,
      },
    });
  },
  120_000,
);
