// Keeps what later versions are held to: the contract's image, which `buf breaking` compares with, and a client with the
// player of its story, which `npm test` goes on playing. To be run, and its results committed, with every release.
//
//     node deploy/release.mjs

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = dirname(dirname(fileURLToPath(import.meta.url)));
const CLIENT = join(FOLDER, "clients", "typescript");
const KEPT = join(FOLDER, "clients", "released");

const { version } = JSON.parse(readFileSync(join(CLIENT, "package.json"), "utf8"));
run("buf", [
  "build",
  "proto",
  "--path",
  "proto/codeactions",
  "--exclude-source-info",
  "-o",
  "proto/baseline.binpb",
]);

const staging = mkdtempSync(join(tmpdir(), "code-actions-release-"));
try {
  run(join(CLIENT, "build.sh"), [join(staging, "artifact")]);
  for (const name of ["story", "story.sh"])
    cpSync(join(CLIENT, name), join(staging, name), { recursive: true });
  cpSync(join(FOLDER, "clients", "story", "story.json"), join(staging, "story.json"));
  mkdirSync(KEPT, { recursive: true });
  for (const name of readdirSync(KEPT)) rmSync(join(KEPT, name));
  const archive = join(KEPT, `typescript-${version}.tgz`);
  run("tar", [
    "--create",
    "--gzip",
    "--file",
    archive,
    "--sort=name",
    "--owner=0",
    "--group=0",
    "-C",
    staging,
    ".",
  ]);
} finally {
  rmSync(staging, { recursive: true });
}

function run(command, options) {
  const env = { ...process.env, PATH: `${join(FOLDER, "node_modules", ".bin")}:${process.env.PATH}` };
  const { status, error } = spawnSync(command, options, { cwd: FOLDER, env, stdio: "inherit" });
  if (status === 0) return;
  throw new Error(`\`${command} ${options.join(" ")}\` failed (${error?.message ?? `exit code ${status}`})`);
}
