import { CodeActionsError } from "../../../typescript/src/node.ts";
import { Failure } from "../failure.ts";

/** Makes a call that takes a cron expression; a refusal shows where the expression is wrong. */
export async function pointingAtFlaws<Answer>(
  cron: string | undefined,
  call: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof CodeActionsError) || error.reason !== "CRON_INVALID" || cron === undefined)
      throw error;
    const position = Number(error.metadata.position);
    const caret = Number.isInteger(position) && position > 0 ? `\n  ${" ".repeat(position - 1)}^` : "";
    // A line break in it would move the caret to where nothing is wrong.
    throw new Failure(`${error.message}\n  ${cron.replace(/\s/g, " ")}${caret}`);
  }
}
