import type { Argument, Command, Option } from "commander";
import { readContexts } from "./contexts.ts";
import type { ServiceOptions } from "./options.ts";
import { createProgram, loadCommand } from "./program.ts";
import type { Service } from "./service.ts";
import type { Shell } from "./shell.ts";
import { shown } from "./terminal.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;

export interface Candidate {
  readonly word: string;
  /** One line; may be empty. */
  readonly meaning: string;
}

/** What a shell needs to complete `codeactions`: it asks the command itself, which knows what it takes. */
export function completionScript(shell: (typeof SHELLS)[number]): string {
  return { bash: BASH, zsh: ZSH, fish: FISH }[shell];
}

// Words that bash would break at "=" and ":" are not needed: values follow their option as a word of their own. Where
// there is nothing to offer, the shell offers files.
const BASH = `_codeactions() {
  COMPREPLY=()
  local word
  while IFS=$'\\t' read -r word _; do
    COMPREPLY+=("$word")
  done < <(codeactions __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _codeactions codeactions
`;

const ZSH = `#compdef codeactions
_codeactions() {
  local -a found
  local line
  for line in "\${(@f)$(codeactions __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( $#found )); then _describe codeactions found; else _files; fi
}
compdef _codeactions codeactions
`;

const FISH = `function __codeactions_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (codeactions __complete -- $words[2..] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c codeactions -f -a '(__codeactions_complete)'
`;

/** What the last of the words may be. The words before it are those after `codeactions`. */
export async function candidates(words: readonly string[], shell: Shell): Promise<Candidate[]> {
  const begun = words.at(-1) ?? "";
  const { command, before, operands } = await walk(words.slice(0, -1), shell);
  const offered =
    before !== undefined && takesValue(before)
      ? await valuesOf(before, words, shell)
      : begun.startsWith("-")
        ? optionsOf(command)
        : [...commandsOf(command), ...(await operandsOf(command, operands, words, shell))];
  return offered.filter(({ word }) => word.startsWith(begun));
}

/** Where the words lead: the command they name, the option whose value comes next, and how many arguments came. */
async function walk(words: readonly string[], shell: Shell) {
  let command: Command = createProgram(shell);
  let before: Option | undefined;
  let operands = 0;
  for (const word of words) {
    if (before !== undefined && takesValue(before)) {
      // A list goes on until the next option.
      if (!before.variadic) before = undefined;
      else if (word.startsWith("-")) before = optionOf(command, word);
      continue;
    }
    before = undefined;
    if (word.startsWith("-")) {
      before = optionOf(command, word);
      continue;
    }
    const next = operands === 0 ? command.commands.find((one) => one.name() === word) : undefined;
    if (next === undefined) operands += 1;
    else {
      if (command.parent === null) await loadCommand(next, shell);
      command = next;
    }
  }
  return { command, before, operands };
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

function optionOf(command: Command, word: string): Option | undefined {
  return optionHolder(command).options.find(({ short, long }) => word === short || word === long);
}

/** `codes` alone means `codes list`, and takes what that takes. */
function optionHolder(command: Command): Command {
  const usual = command.commands.find((one) => one.name() === "list");
  return command.parent !== null && usual !== undefined ? usual : command;
}

function commandsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ word: one.name(), meaning: oneLine(one.description()) }));
}

function optionsOf(command: Command): Candidate[] {
  const holder = optionHolder(command);
  return holder
    .createHelp()
    .visibleOptions(holder)
    .flatMap(({ long, description }) => (long ? [{ word: long, meaning: oneLine(description) }] : []));
}

async function valuesOf(option: Option, words: readonly string[], shell: Shell): Promise<Candidate[]> {
  if (option.argChoices !== undefined) return option.argChoices.map(plain);
  return namesOf(option.attributeName(), words, shell);
}

async function operandsOf(
  command: Command,
  given: number,
  words: readonly string[],
  shell: Shell,
): Promise<Candidate[]> {
  const taken = optionHolder(command).registeredArguments;
  const argument: Argument | undefined = taken[given] ?? taken.findLast(({ variadic }) => variadic);
  if (argument === undefined) return [];
  if (argument.argChoices !== undefined) return argument.argChoices.map(plain);
  return namesOf(argument.name(), words, shell);
}

/** Names that only this machine's contexts or the service know. */
async function namesOf(what: string, words: readonly string[], shell: Shell): Promise<Candidate[]> {
  if (what === "context") {
    const { contexts } = await readContexts();
    return Object.entries(contexts).map(([word, { address }]) => ({ word, meaning: address }));
  }
  if (what !== "code" && what !== "project" && what !== "schedule") return [];
  const { openService } = await import("./service.ts");
  using service = await openService(serviceIn(words), shell);
  const { client } = service;
  const options = { signal: shell.signal };
  if (what === "schedule") return await schedulesOf(service, options);
  const named =
    what === "project"
      ? client.listAllProjects({}, options)
      : client.listAllCodes({ projectId: (await service.project()).id }, options);
  const found: Candidate[] = [];
  for await (const { slug, name } of named)
    found.push({ word: slug, meaning: name === slug ? "" : oneLine(name) });
  return found;
}

/** Schedules by their names; one whose name is more than one word by its id. */
async function schedulesOf(
  service: Service,
  options: { readonly signal: AbortSignal },
): Promise<Candidate[]> {
  const scope = { case: "projectId", value: (await service.project()).id } as const;
  const found: Candidate[] = [];
  for await (const { id, name, cron } of service.client.listAllSchedules({ scope }, options)) {
    const isWord = /^[\w.-]+$/.test(name);
    found.push({ word: isWord ? name : id, meaning: isWord ? cron : oneLine(name) });
  }
  return found;
}

/** The service that the words so far name. */
function serviceIn(words: readonly string[]): ServiceOptions {
  const after = (flag: string) => {
    const at = words.indexOf(flag);
    return at === -1 || at + 2 >= words.length ? undefined : words[at + 1];
  };
  const [context, project] = [after("--context"), after("--project")];
  return { ...(context === undefined ? {} : { context }), ...(project === undefined ? {} : { project }) };
}

function plain(word: string): Candidate {
  return { word, meaning: "" };
}

function oneLine(text: string): string {
  return shown(text).replace(/\s+/g, " ");
}
