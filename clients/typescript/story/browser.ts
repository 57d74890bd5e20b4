import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** Plays the story in Chromium: serves the bundled page from an origin of its own and prints what the page tells. */
const [bundle, chromium] = process.argv.slice(2) as [string, string];
const outcomes: { case: string; ok: boolean }[] = [];
const { promise: ended, resolve: end, reject: fail } = withResolvers();

const server = createServer(async (request, response) => {
  if (request.url === "/outcome") outcomes.push(JSON.parse(await text(request)));
  if (request.url === "/end") end();
  const [type, body] =
    request.url === "/"
      ? ["text/html", `<!doctype html><script type="module" src="/page.js"></script>`]
      : request.url === "/page.js"
        ? ["text/javascript", readFileSync(bundle)]
        : request.url === "/story.json"
          ? ["application/json", readFileSync(process.env.STORY ?? "")]
          : ["text/plain", ""];
  response.writeHead(200, { "content-type": type }).end(body);
});
server.listen(0, "127.0.0.1");
await once(server, "listening");

const profile = mkdtempSync(join(tmpdir(), "code-actions-browser-"));
const flags = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--no-first-run",
];
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const browser = spawn(chromium, [...flags, `--user-data-dir=${profile}`, address], {
  detached: true,
  stdio: ["ignore", "ignore", "pipe"],
});
let said = "";
browser.stderr.on("data", (chunk) => {
  said = `${said}${chunk}`.slice(-4000);
});
browser.once("exit", (status) => fail(new Error(`the browser ended with ${status}: ${said}`)));
try {
  await ended;
} finally {
  browser.removeAllListeners("exit");
  const gone = once(browser, "exit");
  // The browser is many processes; they are one group.
  process.kill(-browser.pid!, "SIGKILL");
  await gone;
  server.closeAllConnections();
  server.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
}
for (const outcome of outcomes) console.log(JSON.stringify(outcome));
process.exitCode = outcomes.every(({ ok }) => ok) ? 0 : 1;

function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
