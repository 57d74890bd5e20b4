import { CodeTypeSchema } from "../../../typescript/src/node.ts";
import type { Colors } from "../terminal.ts";
import { wordOf } from "../words.ts";
import { languageName } from "./folder.ts";
import type { Step } from "./plan.ts";
import { valueText } from "./settings.ts";

/** A plan as people read it: a line for each code that changes, and a sum. */
export function planText(steps: readonly Step[], color: Colors): string {
  const many = (kind: Step["kind"]) => steps.filter((step) => step.kind === kind).length;
  const lines = steps.flatMap((step) => stepText(step, color) ?? []);
  const sum = `${many("create")} to create, ${many("update")} to update, ${many("delete")} to delete, ${many("unchanged")} unchanged`;
  const strays = steps.filter((step) => step.kind === "stray").map(({ code }) => code.slug);
  const left = strays.length === 0 ? [] : [color.dim(`left alone, --prune deletes: ${strays.join(", ")}`)];
  return [...lines, sum, ...left].join("\n");
}

/** A plan for programs. */
export function planJson(steps: readonly Step[]): object[] {
  return steps.map((step) => ({
    action: step.kind === "stray" ? "leave" : step.kind,
    slug: slugOf(step),
    ...("local" in step ? { file: step.local.file } : {}),
    ...(step.kind === "update" ? { version: step.version, settings: Object.fromEntries(step.settings) } : {}),
  }));
}

export function slugOf(step: Step): string {
  return "local" in step ? step.local.slug : step.code.slug;
}

function stepText(step: Step, color: Colors): string | undefined {
  switch (step.kind) {
    case "create": {
      const type = step.local.settings.get("type") ?? "flow";
      return `${color.green("+ create")}  ${step.local.slug}  ${color.dim(`${languageName(step.local.language)}, ${type}`)}`;
    }
    case "update": {
      const { version, settings } = step;
      const parts = [...settings].map(
        ([name, { from, to }]) => `${name} ${valueText(name, from)} → ${valueText(name, to)}`,
      );
      if (version?.isNew) parts.unshift(`source, as version ${version.number}`);
      else if (version !== undefined) parts.unshift(`version ${version.number} active again`);
      return `${color.yellow("~ update")}  ${step.local.slug}  ${color.dim(parts.join(", "))}`;
    }
    case "delete":
      return `${color.red("- delete")}  ${step.code.slug}  ${color.dim(`${languageName(step.code.language)}, ${wordOf(CodeTypeSchema, step.code.type)}`)}`;
    default:
      return undefined;
  }
}
