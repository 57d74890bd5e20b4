import color from "picocolors";
import { readConfig } from "./core/config.ts";
import { probeWalls } from "./sandbox/walls.ts";

/** Tries every wall of the jail on this host and shows which hold; 1 when the service would refuse to start. */
export async function doctor(): Promise<number> {
  const config = readConfig();
  const reports = await probeWalls({
    mode: config.sandbox,
    waivedWalls: config.waivedWalls,
    uidBase: config.uidBase,
  });
  const lines = reports.flatMap(({ wall, held, detail, fix }) => {
    const mark =
      held === "waived" ? color.yellow("waived") : held ? color.green("holds ") : color.red("FAILS ");
    const line = `  ${mark}  ${wall.padEnd(12)} ${held === true ? color.dim(detail) : detail}`;
    return fix === "" ? [line] : [line, `          ${color.bold("fix:")} ${fix}`];
  });
  const failed = reports.filter(({ held }) => held === false).length;
  const verdict =
    failed === 0
      ? "The service starts on this host."
      : `The service would refuse to start: ${failed} ${failed === 1 ? "wall does" : "walls do"} not hold. Mend them, or waive them by name with CODEACTIONS_WAIVE_WALLS.`;
  process.stdout.write(`The walls around codes on this host:\n\n${lines.join("\n")}\n\n${verdict}\n`);
  return failed === 0 ? 0 : 1;
}
