import { parseArgs } from "node:util";
import color from "picocolors";
import { readConfig } from "./core/config.ts";
import type { WallName } from "./sandbox/jail.ts";
import { tryWalls, type Verdict } from "./sandbox/walls.ts";

const HELP = `Usage: node src/main.ts doctor [options]

Builds every wall of the jail on this host, and tries to get over each one from inside a jail. For a
wall that does not hold it says why, and what to do on Debian, in Docker and on Kubernetes.

Ends with 1 when the service would refuse to start, or a wall that is not waived was climbed.

Options:
  --json     Print the findings as JSON.
  --help     Show this.

Settings come from the environment, as the service's do (CODEACTIONS_WAIVE_WALLS, …).
`;

/** Tries every wall of the jail on this host and shows which hold. */
export async function doctor(words: string[]): Promise<number> {
  const { values } = parseArgs({
    args: words,
    options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) return say(HELP, 0);
  const config = readConfig();
  const beganMs = performance.now();
  const verdicts = await tryWalls({
    mode: config.sandbox,
    waivedWalls: config.waivedWalls,
    uidBase: config.uidBase,
    folder: config.dataDir,
  });
  const tookMs = Math.round(performance.now() - beganMs);
  const failed = verdicts.filter(({ state }) => state === "not held");
  const text = values.json
    ? `${JSON.stringify({ holds: failed.length === 0, tookMs, walls: verdicts }, null, 2)}\n`
    : table(verdicts, tookMs);
  return say(text, failed.length === 0 ? 0 : 1);
}

function say(text: string, exitCode: number): number {
  process.stdout.write(text);
  return exitCode;
}

const COLUMNS = 100;
const WHY_COLUMN = 25;
const PLATFORM_COLUMNS = 12;

function table(verdicts: readonly Verdict[], tookMs: number): string {
  const failed = verdicts.filter(({ state }) => state === "not held");
  const verdict =
    failed.length === 0
      ? "Every wall that is not waived holds on this host."
      : `On this host ${failed.length} ${failed.length === 1 ? "wall does" : "walls do"} not hold. Mend them, or waive them by name with CODEACTIONS_WAIVE_WALLS.`;
  return [
    `The walls around codes, built and then tried from inside a jail in ${(tookMs / 1000).toFixed(1)} s:`,
    "",
    ...verdicts.flatMap((given, index) => row(given, sameFix(given, verdicts.slice(0, index)))),
    "",
    ...wrap(verdict, COLUMNS),
    "",
  ].join("\n");
}

const STATES = {
  held: color.green("held    "),
  waived: color.yellow("waived  "),
  "not held": color.red("NOT HELD"),
} as const;

/** An earlier wall that the same helps: what is missing is often what many walls are built with. */
function sameFix({ fix }: Verdict, earlier: readonly Verdict[]): WallName | undefined {
  const said = JSON.stringify(fix);
  return earlier.find((other) => said !== "{}" && JSON.stringify(other.fix) === said)?.wall;
}

function row({ wall, state, why, fix }: Verdict, like: WallName | undefined): string[] {
  const indent = " ".repeat(WHY_COLUMN);
  const [first = "", ...rest] = wrap(why, COLUMNS - WHY_COLUMN);
  const shade = state === "held" ? color.dim : (text: string) => text;
  const fixes = Object.entries(like === undefined ? fix : { "": `as for ${like}` }).flatMap(fixLines);
  return [
    `  ${wall.padEnd(12)} ${STATES[state]}  ${shade(first)}`,
    ...rest.map((line) => indent + shade(line)),
    ...fixes,
  ];
}

function fixLines([platform, what]: [platform: string, what: string]): string[] {
  const indent = " ".repeat(WHY_COLUMN);
  if (platform === "") return [indent + color.bold(what)];
  const [head = "", ...tail] = wrap(what, COLUMNS - WHY_COLUMN - PLATFORM_COLUMNS);
  const label = color.bold(platform.padEnd(PLATFORM_COLUMNS));
  return [`${indent}${label}${head}`, ...tail.map((line) => indent + " ".repeat(PLATFORM_COLUMNS) + line)];
}

/** Lines of whole words; a word that is longer than a line has one of its own. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
