import type { Command } from "commander";
import { readContexts, unknownContext, writeContexts } from "../contexts.ts";
import { Failure } from "../failure.ts";
import { examples } from "../options.ts";
import type { Shell } from "../shell.ts";

export function define(command: Command, { terminal }: Shell): void {
  command.argument("[context]", "Which one; the one in use if absent").action(async (named?: string) => {
    const { current, contexts } = await readContexts();
    const name = named ?? current;
    if (name === undefined) throw new Failure("you are not logged in");
    if (!Object.hasOwn(contexts, name)) throw unknownContext(name, contexts);
    const { [name]: _, ...others } = contexts;
    await writeContexts({ contexts: others, ...(current === name ? {} : { current }) });
    terminal.note(`the address and the token of ${name} are forgotten; the token itself stays valid`);
  });
  examples(command, [
    ["codeactions logout", "forget the service in use"],
    ["codeactions logout staging", "forget another one"],
  ]);
}
