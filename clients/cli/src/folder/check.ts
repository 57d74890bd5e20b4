import { type CodeActions, CodeActionsError } from "../../../typescript/src/node.ts";
import type { Flaw } from "./flaws.ts";
import type { LocalCode } from "./folder.ts";

/** What is wrong with a source, found by the service without running it. */
export async function checkSource(
  client: CodeActions,
  projectId: string,
  { file, language, source }: Pick<LocalCode, "file" | "language" | "source">,
  signal: AbortSignal,
): Promise<Flaw[]> {
  if (source === "") return [{ file, line: 0, column: 0, message: "the file is empty" }];
  try {
    const { problems } = await client.codes.checkCode({ projectId, language, source }, { signal });
    return problems.map(({ message, line, column }) => ({ file, message, line, column }));
  } catch (error) {
    // A language that is missing here, or a source that is too large, is that file's trouble.
    const isRefusal =
      error instanceof CodeActionsError && /^(LANGUAGE_|FIELD_INVALID)/.test(error.reason ?? "");
    if (isRefusal) return [{ file, line: 0, column: 0, message: error.message }];
    throw error;
  }
}
