import { readFileSync } from "node:fs";
import { createCodeActions as overConnect } from "@code-actions/client";
import { createCodeActions as overGrpcJs } from "@code-actions/client/grpc-js";
import { createCodeActions as overGrpc } from "@code-actions/client/node";
import { play } from "./cases.js";
import type { Connect, StorySettings } from "./stage.js";

/** Plays the story in Node, the way that the first argument names. */
const WAYS: Record<string, Connect> = {
  grpc: (address, token) => overGrpc({ address, token }),
  connect: (address, token) => overConnect({ address, token }),
  "grpc-js": (address, token) => overGrpcJs({ address, token }),
};

const connect = WAYS[process.argv[2] ?? "grpc"];
if (connect === undefined)
  throw new Error(`the ways to play are ${Object.keys(WAYS).join(", ")} and browser`);
const settings: StorySettings = JSON.parse(readFileSync(process.env.STORY ?? "", "utf8"));
const allOk = await play(settings, connect, (outcome) => console.log(JSON.stringify(outcome)));
process.exitCode = allOk ? 0 : 1;
