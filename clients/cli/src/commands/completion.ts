import { Argument, type Command } from "commander";
import { completionScript, SHELLS } from "../completion.ts";
import { examples } from "../options.ts";
import type { Shell } from "../shell.ts";

export function define(command: Command, { terminal }: Shell): void {
  command
    .addArgument(new Argument("<shell>", "The shell").choices([...SHELLS]))
    .action((shell: (typeof SHELLS)[number]) => terminal.write(completionScript(shell)))
    .addHelpText(
      "after",
      "\nNames of codes, projects and contexts are completed too, from the service in use.",
    );
  examples(command, [
    ["source <(codeactions completion bash)", "in ~/.bashrc"],
    ["source <(codeactions completion zsh)", "in ~/.zshrc, after compinit"],
    ["codeactions completion fish > ~/.config/fish/completions/codeactions.fish", "for fish"],
  ]);
}
