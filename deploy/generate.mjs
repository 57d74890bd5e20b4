// Writes everything that is generated from the contract: gen/, the clients' generated code and clients/CONTRACT.md.
// With --check it writes them into a copy and fails where the copy differs from what is committed.
//
//     node deploy/generate.mjs [--check]

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = dirname(dirname(fileURLToPath(import.meta.url)));
const BINARIES = join(FOLDER, "node_modules", ".bin");
const COPY = join(FOLDER, "node_modules", ".gen-check");
/** What a client's generate.sh ends with when its toolchain is not there. */
const MISSING = 77;

const isCheck = process.argv[2] === "--check";
if (isCheck) {
  rmSync(COPY, { recursive: true, force: true });
  mkdirSync(COPY);
  // The generators clear what they write to, so that a copy also shows a file that nothing generates any more.
  for (const name of ["gen", "clients"]) cpSync(join(FOLDER, name), join(COPY, name), { recursive: true });
}
const target = isCheck ? COPY : FOLDER;

run("buf", ["generate", "-o", target]);
for (const language of readdirSync(join(FOLDER, "clients")).sort()) {
  const script = join("clients", language, "generate.sh");
  if (existsSync(join(FOLDER, script))) run(join(FOLDER, script), [target]);
}
run("node", ["test/support/contract-page.ts", join(target, "clients", "CONTRACT.md")]);
if (isCheck) for (const name of ["gen", "clients"]) run("diff", ["-r", name, join(COPY, name)]);

function run(command, options) {
  const env = { ...process.env, PATH: `${BINARIES}:${process.env.PATH}` };
  const { status, error } = spawnSync(command, options, { cwd: FOLDER, env, stdio: "inherit" });
  if (status === 0) return;
  if (status === MISSING && !process.env.CI) {
    console.error(`left as it is, without its toolchain: ${command}`);
    return;
  }
  console.error(`\`${command} ${options.join(" ")}\` failed (${error?.message ?? `exit code ${status}`})`);
  process.exit(1);
}
