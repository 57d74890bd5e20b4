import { confirm, isCancel, multiselect, password, select, text } from "@clack/prompts";
import { Interruption } from "./shell.ts";

/** Questions to a person at a terminal. They are asked on stderr, so that stdout stays data. */
const ON_STDERR = { output: process.stderr, withGuide: false };

/** Yes or no; no is what Enter means. */
export async function askWhether(message: string): Promise<boolean> {
  return answered(await confirm({ ...ON_STDERR, message, initialValue: false }));
}

export async function askText(message: string, initialValue: string): Promise<string> {
  return answered(await text({ ...ON_STDERR, message, initialValue }));
}

/** Shows stars for what is typed. */
export async function askSecret(message: string): Promise<string> {
  const validate = (value: string | undefined) => (value ? undefined : "It cannot be empty.");
  return answered(await password({ ...ON_STDERR, message, validate }));
}

export async function askOne(message: string, words: readonly string[]): Promise<string> {
  return answered(await select({ ...ON_STDERR, message, options: words.map((value) => ({ value })) }));
}

/** At least one of them. */
export async function askSome(
  message: string,
  options: readonly { readonly value: string; readonly label: string }[],
): Promise<string[]> {
  return answered(
    await multiselect({ ...ON_STDERR, message, options: [...options], initialValues: [options[0]!.value] }),
  );
}

function answered<Answer>(answer: Answer): Exclude<Answer, symbol> {
  if (isCancel(answer)) throw new Interruption();
  return answer as Exclude<Answer, symbol>;
}
