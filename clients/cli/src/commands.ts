import type { Command } from "commander";
import type { Shell } from "./shell.ts";

/** What the module of a command has: it says what it takes, and what it does. */
export interface CommandModule {
  define(command: Command, shell: Shell): void;
}

/** A command as `--help` shows it; the rest is loaded when it is called for. */
export interface Entry {
  readonly name: string;
  readonly summary: string;
  /** Absent for what the service itself does. */
  readonly load?: () => Promise<CommandModule>;
}

/** Every command, under the headings of `--help`. */
export const COMMANDS: Readonly<Record<string, readonly Entry[]>> = {
  "Begin:": [
    {
      name: "login",
      summary: "Keep the address and the token of a service",
      load: () => import("./commands/login.ts"),
    },
    { name: "logout", summary: "Forget them", load: () => import("./commands/logout.ts") },
    {
      name: "contexts",
      summary: "List the services you are logged in to",
      load: () => import("./commands/contexts.ts"),
    },
    { name: "use", summary: "Choose one of them", load: () => import("./commands/use.ts") },
    {
      name: "init",
      summary: "Make a folder to deploy, with sample codes",
      load: () => import("./commands/init.ts"),
    },
  ],
  "Write:": [
    {
      name: "dev",
      summary: "Run a file at every change, without storing it",
      load: () => import("./commands/dev.ts"),
    },
    {
      name: "deploy",
      summary: "Bring a project's codes to what a folder says",
      load: () => import("./commands/deploy.ts"),
    },
    {
      name: "pull",
      summary: "Bring a folder to what a project's codes are",
      load: () => import("./commands/pull.ts"),
    },
    {
      name: "codes",
      summary: "List, delete and bring back codes",
      load: () => import("./commands/codes.ts"),
    },
    {
      name: "versions",
      summary: "List a code's versions, or show the source of one",
      load: () => import("./commands/versions.ts"),
    },
    {
      name: "rollback",
      summary: "Make an older version the active one",
      load: () => import("./commands/rollback.ts"),
    },
  ],
  "Run:": [
    {
      name: "run",
      summary: "Run a code, show its log and its result",
      load: () => import("./commands/run.ts"),
    },
    {
      name: "start",
      summary: "Queue a durable run, which survives whatever dies",
      load: () => import("./commands/start.ts"),
    },
    {
      name: "replay",
      summary: "Queue a run with the input of an earlier one",
      load: () => import("./commands/replay.ts"),
    },
    {
      name: "schedules",
      summary: "Start codes at the times of a cron expression",
      load: () => import("./commands/schedules.ts"),
    },
    { name: "runs", summary: "List, show and cancel runs", load: () => import("./commands/runs.ts") },
    { name: "logs", summary: "Show logs, or follow them live", load: () => import("./commands/logs.ts") },
  ],
  "Administer:": [
    {
      name: "projects",
      summary: "List and create projects",
      load: () => import("./commands/projects.ts"),
    },
    {
      name: "tokens",
      summary: "List, create and revoke a project's tokens",
      load: () => import("./commands/tokens.ts"),
    },
    {
      name: "secrets",
      summary: "List, set and delete a project's secrets",
      load: () => import("./commands/secrets.ts"),
    },
    {
      name: "pool",
      summary: "Show or watch the nodes that run codes; lift a quarantine",
      load: () => import("./commands/pool.ts"),
    },
    {
      name: "completion",
      summary: "Print what makes a shell complete these commands",
      load: () => import("./commands/completion.ts"),
    },
  ],
  "The service itself:": [
    { name: "serve", summary: "Start it; settings come from the environment" },
    { name: "api", summary: "Start it without a node of its own; others run its codes" },
    { name: "node", summary: "Start a node that runs codes for others" },
    { name: "doctor", summary: "Try every wall of the jail on this host" },
    { name: "migrate", summary: "Bring the database at DATABASE_URL to the newest schema" },
    { name: "settings", summary: "Print every setting" },
  ],
};
