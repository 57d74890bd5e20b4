import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/database.ts"],
    // Each file starts a service of its own, in a process of its own; two fit the cores.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 180_000,
    teardownTimeout: 30_000,
    // What is waited for comes at once; a loaded machine may take its time.
    expect: { poll: { timeout: 10_000 } },
  },
});
