import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";
import { ErrorReason } from "../gen/codeactions/v1/error_pb.ts";
import { settingsTable } from "../src/core/config.ts";
import { REASONS } from "../src/core/errors.ts";

/** The rules of the house. Who may know whom stands here and nowhere else. */

interface File {
  readonly path: string;
  readonly text: string;
  /** What it imports: paths from the top for our own files, names for everything else. */
  readonly imports: readonly string[];
  /** What of that is there when it runs, and not only when it is checked. */
  readonly loads: readonly string[];
  /** What it imports only when it comes to that. */
  readonly lazily: readonly string[];
}

const FILES: readonly File[] = sourceFiles("src");

/** For each room what it may import of ours. A room may always import itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  "src/api": ["src/services", "src/runner", "src/sandbox", "src/core", "gen"],
  "src/services": ["src/runner", "src/sandbox", "src/core"],
  // Only the files of the line to other nodes, as the technologies below say.
  "src/runner": ["src/sandbox", "src/core", "gen/codeactions/node"],
  "src/sandbox": [],
  "src/core": [],
};

test.each(Object.entries(MAY_IMPORT))("%s imports only what lies below it", (room, allowed) => {
  const strangers = FILES.filter(({ path }) => path.startsWith(`${room}/`)).flatMap(({ path, imports }) =>
    imports
      .filter((imported) => imported.startsWith("src/") || imported.startsWith("gen/"))
      .filter((imported) => ![room, ...allowed].some((place) => imported.startsWith(`${place}/`)))
      .map((imported) => `${path} imports ${imported}`),
  );
  expect(strangers).toEqual([]);
});

/** What speaks `codeactions.node.v1` to nodes in other processes. */
const NODE_LINE = ["src/runner/node-contract.ts", "src/runner/remote-node.ts", "src/runner/delivery.ts"];

test.each([
  [/^@connectrpc\//, ["src/api/"]],
  [/^gen\//, ["src/api/", ...NODE_LINE]],
  [/^@bufbuild\//, ["src/api/", ...NODE_LINE]],
  [/^@grpc\//, ["src/runner/remote-node.ts", "src/runner/delivery.ts", "src/runner/node-channel.ts"]],
  [/^opossum$/, ["src/runner/breaker.ts"]],
  [/^ioredis$/, ["src/core/redis.ts"]],
  [/^rate-limiter-flexible$/, ["src/api/rate-limits.ts"]],
  [/^prom-client$/, ["src/core/metrics.ts"]],
  [/^pino$/, ["src/core/logger.ts"]],
  [/^node:child_process$/, ["src/sandbox/", "src/core/db/embedded-postgres"]],
  [/^node:http2?$/, ["src/api/", "src/sandbox/egress/", "src/services/callback-post.ts"]],
  [/^ipaddr\.js$/, ["src/sandbox/egress/rules.ts"]],
  [/^picocolors$/, ["src/serve.ts", "src/node.ts", "src/process.ts", "src/doctor.ts"]],
  [/^temporal-polyfill$/, ["src/services/schedule-times.ts"]],
])("%s stays in its room", (technology, homes) => {
  const strangers = FILES.filter(({ imports }) => imports.some((imported) => technology.test(imported)))
    .map(({ path }) => path)
    .filter((path) => !homes.some((home) => path.startsWith(home)));
  expect(strangers).toEqual([]);
});

/** For each client written in TypeScript what it may import of ours beside itself, and which of its files may. */
test.each([
  ["clients/typescript/src", {}],
  [
    "clients/cli/src",
    {
      "clients/typescript/src/node.ts": /./,
      "package.json": /\/program\.ts$/,
      // The one entry: `codeactions serve` starts the service.
      "src/main.ts": /\/main\.ts$/,
    },
  ],
] as [string, Record<string, RegExp>][])(
  "%s knows the contract and nothing of the service",
  (room, allowed) => {
    const strangers = sourceFiles(room).flatMap(({ path, imports, lazily }) =>
      [...imports, ...lazily]
        .filter((imported) => /^(src|gen|test|clients|package\.json)(\/|$)/.test(imported))
        .filter((imported) => !imported.startsWith(`${room}/`) && !allowed[imported]?.test(path))
        .map((imported) => `${path} imports ${imported}`),
    );
    expect(strangers).toEqual([]);
  },
);

test("only the settings look at the environment", () => {
  const readers = FILES.filter(({ text }) => /process\.env\b/.test(text)).map(({ path }) => path);
  expect(readers).toEqual(["src/core/config.ts"]);
});

test("no file loads another one in a circle", () => {
  const loads = new Map(FILES.map((file) => [file.path, file.loads]));
  const done = new Set<string>();
  const circleFrom = (path: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const imported of loads.get(path) ?? []) {
      const circle = circleFrom(imported, [...trail, path]);
      if (circle !== undefined) return circle;
    }
    done.add(path);
    return undefined;
  };
  expect(
    FILES.map(({ path }) => circleFrom(path, [])).find((circle) => circle !== undefined),
  ).toBeUndefined();
});

test("the reasons we refuse for are those of the contract", () => {
  const ofContract = Object.keys(ErrorReason).filter((name) => name !== "UNSPECIFIED");
  expect(Object.keys(REASONS).toSorted()).toEqual(ofContract.toSorted());
});

test("the README's table of settings is the one the settings print", () => {
  expect(readFileSync("README.md", "utf8")).toContain(settingsTable());
});

function sourceFiles(folder: string): File[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name))
    .map((path) => {
      const text = readFileSync(path, "utf8");
      const statements = [...text.matchAll(/^(?:import|export)\b(?<what>[^;]*?)from "(?<name>[^"]+)";/gms)];
      const resolved = (name: string) => (name.startsWith(".") ? normalize(join(dirname(path), name)) : name);
      const imports = statements.map(({ groups }) => resolved(groups!.name!));
      const loads = statements
        .filter(({ groups }) => !/^ type\b/.test(groups!.what!))
        .map(({ groups }) => resolved(groups!.name!));
      const lazily = [...text.matchAll(/\bimport\("([^"]+)"/g)].map(([, name]) => resolved(name!));
      return { path, text, imports, loads, lazily };
    });
}
