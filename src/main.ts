import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const HELP = `Code Actions runs snippets of Python, JavaScript, TypeScript and Go, jailed and warm.

Usage: node src/main.ts <command>

Commands:
  serve      Start the service (the default): its doors, and a node inside it. Settings come from the environment.
  api        Start its doors only; codes run on the nodes that CODEACTIONS_NODES names.
  node       Start a node: it runs codes for services, and needs no database.
  doctor     Try to get over every wall of the jail on this host; say how to mend what does not hold.
  migrate    Bring the database at DATABASE_URL to the newest schema, and end.
  settings   Print every setting: its variable, default, meaning and what is accepted.

Options:
  --help     Show this.
  --version  Show the version.

Examples:
  npm start
  CODEACTIONS_PORT=9000 CODEACTIONS_DATA_DIR=/var/lib/code-actions node src/main.ts serve
  DATABASE_URL=postgresql://user:password@db:5432/actions node src/main.ts migrate
  CODEACTIONS_NODES=10.0.0.3:8051,10.0.0.4:8051 CODEACTIONS_NODE_KEY=… node src/main.ts api
  CODEACTIONS_HOST=10.0.0.3 CODEACTIONS_NODE_KEY=… node src/main.ts node
`;

/** What a command needs is loaded when it is called for, and compiled once: the second start is the quicker for it. */
const COMMANDS: Record<string, () => Promise<number>> = {
  serve: async () => (await import("./serve.ts")).serve(),
  api: async () => (await import("./serve.ts")).serve({ localNode: false }),
  node: async () => (await import("./node.ts")).node(),
  migrate: async () => (await import("./serve.ts")).migrateOnly(),
  settings: async () => say(`${(await import("./core/config.ts")).settingsTable()}\n`),
};

// Beside the packages, where only who may install them can write; the default would be everybody's /tmp.
enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/compiled", import.meta.url)));
process.exitCode = await main(process.argv.slice(2));

async function main(words: string[]): Promise<number> {
  try {
    // It has options of its own.
    if (words[0] === "doctor") return await (await import("./doctor.ts")).doctor(words.slice(1));
    const options = { help: { type: "boolean", short: "h" }, version: { type: "boolean" } } as const;
    const { values, positionals } = parseArgs({ args: words, options, allowPositionals: true });
    if (values.help) return say(HELP);
    if (values.version)
      return say(`${(await import("../package.json", { with: { type: "json" } })).default.version}\n`);
    const [name = "serve", ...rest] = positionals;
    const command = COMMANDS[name];
    if (command === undefined || rest.length > 0)
      throw new Error(`there is no command "${positionals.join(" ")}"`);
    return await command();
  } catch (error) {
    process.stderr.write(`code-actions: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}
