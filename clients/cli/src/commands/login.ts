import type { Command } from "commander";
import type { Project } from "../../../typescript/src/node.ts";
import { contextsFile, DEFAULT_CONTEXT, readContexts, writeContexts } from "../contexts.ts";
import { EXIT, Failure } from "../failure.ts";
import { examples } from "../options.ts";
import { openClient } from "../service.ts";
import type { Shell } from "../shell.ts";
import { readSecretFromInput } from "../standard-input.ts";
import { shown } from "../terminal.ts";

interface Options {
  readonly context: string;
  readonly address?: string;
  readonly token?: string;
  readonly tokenStdin?: boolean;
  readonly project?: string;
}

export function define(command: Command, shell: Shell): void {
  command
    .option("--context <name>", "The name to keep it under", DEFAULT_CONTEXT)
    .option("--address <address>", "The service's address; asked for if absent")
    .option("--token <token>", "The token; other users may see it in the list of processes")
    .option("--token-stdin", "Read the token from stdin")
    .option("--project <project>", "The project that is meant when a command names none")
    .action((options: Options) => login(options, shell));
  examples(command, [
    ["codeactions login", "be asked for address and token"],
    ["codeactions login --address http://127.0.0.1:8050 --token-stdin < token", "in a script"],
    ["codeactions login --context staging --address https://code.example.org", "a second service"],
  ]);
}

async function login(options: Options, shell: Shell): Promise<void> {
  const { terminal, signal } = shell;
  const kept = await readContexts();
  const address = (await chooseAddress(options, shell, kept.contexts[options.context]?.address)).replace(
    /\/$/,
    "",
  );
  warnOfPlainText(address, shell);
  const token = await chooseToken(options, shell);
  const client = openClient(address, token);
  const projects: Project[] = [];
  try {
    for await (const project of client.listAllProjects({}, { signal })) projects.push(project);
  } finally {
    client.close();
  }
  const project = await chooseProject(options, shell, projects);
  const context = { address, token, ...(project === undefined ? {} : { project }) };
  await writeContexts({
    current: options.context,
    contexts: { ...kept.contexts, [options.context]: context },
  });
  const { green } = terminal.err;
  terminal.note(
    `${green("✓")} logged in to ${address} as context ${options.context}, kept in ${contextsFile()}`,
  );
  terminal.note(
    projects.length === 0
      ? "It has no project yet: codeactions projects create <name>"
      : `Projects: ${projects.map(({ slug }) => shown(slug) + (slug === project ? " (meant if none is named)" : "")).join(", ")}`,
  );
}

async function chooseAddress(
  options: Options,
  { terminal }: Shell,
  known: string | undefined,
): Promise<string> {
  const usual = known ?? (process.env.CODEACTIONS_ADDRESS || "http://127.0.0.1:8050");
  if (options.address !== undefined || !terminal.canAsk) return options.address ?? usual;
  return (await import("../questions.ts")).askText("Address of the service", usual);
}

async function chooseToken(options: Options, { terminal, signal }: Shell): Promise<string> {
  if (options.token) return options.token;
  const token = options.tokenStdin
    ? (await readSecretFromInput(signal)).trim()
    : terminal.canAsk
      ? await (await import("../questions.ts")).askSecret(
          "Token (the first `npm start` showed the operator's)",
        )
      : (process.env.CODEACTIONS_TOKEN ?? "");
  if (token === "") throw new Failure("there is no token: send it to stdin with --token-stdin", EXIT.usage);
  return token;
}

async function chooseProject(
  options: Options,
  { terminal }: Shell,
  projects: readonly Project[],
): Promise<string | undefined> {
  const slugs = projects.map(({ slug }) => slug);
  if (options.project !== undefined) {
    if (slugs.includes(options.project)) return options.project;
    throw new Failure(
      `the token sees no project "${options.project}"; it sees ${slugs.join(", ") || "none"}`,
    );
  }
  if (slugs.length < 2 || !terminal.canAsk) return undefined;
  return (await import("../questions.ts")).askOne("Project that is meant when a command names none", slugs);
}

function warnOfPlainText(address: string, { terminal }: Shell): void {
  const url = URL.parse(address);
  if (url?.protocol !== "http:" || /^(localhost|127\.|\[::1\])/.test(url.hostname)) return;
  terminal.note(
    terminal.err.yellow("http:// sends the token for everybody on the way to read; use https://"),
  );
}
