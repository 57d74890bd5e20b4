import { createCodeActions } from "@code-actions/client";
import { play } from "./cases.js";
import type { StorySettings } from "./stage.js";

/** Plays the story in a page, and tells the server the page came from how each case went. */
const settings: StorySettings = await (await fetch("/story.json")).json();
const tell = (outcome: unknown) => fetch("/outcome", { method: "POST", body: JSON.stringify(outcome) });
const told: Promise<unknown>[] = [];
await play(
  settings,
  (address, token) => createCodeActions({ address, token }),
  (outcome) => told.push(tell(outcome)),
);
await Promise.all(told);
await fetch("/end", { method: "POST" });
