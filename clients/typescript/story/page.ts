import { createCodeActions } from "@code-actions/client";
import { play, type StorySettings } from "./cases.js";

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
