import { contentFor, contentOf, Engine } from "./engine.mjs";
import { capturePrints, FRAME_BYTES_MAX, KIND, LEVEL, log, receive, STREAM, send } from "./host.mjs";
import { define, installHooks, URL_PREFIX } from "./modules.mjs";

/**
 * The guest of JavaScript and TypeScript codes: loads one source as a module, then answers invocations of its
 * Run(engine), one after the other. Between two of them the whole process waits for the host, timers too.
 */

const MESSAGE_CHARACTERS_MAX = 8 * 1024;
const TRACEBACK_CHARACTERS_MAX = 32 * 1024;
const GUEST_FOLDER = import.meta.dirname;

const { stdout, stderr } = capturePrints();
const exit = process.reallyExit.bind(process);
const immediate = setImmediate;

let run;
/** The code has a way out, by the proxy that its environment names. */
let hasProxy = false;
/** What is being answered; whoever answers it clears it, so that nothing is answered twice. */
let current;

/** Every turn of the event loop there is one thing to wait for; what fails outside of it fails the invocation. */
async function serve() {
  for (;;) {
    const { kind, head, body } = receive();
    const settled = Promise.withResolvers();
    current = { kind, done: settled.resolve };
    answer(kind, head, body).catch((error) => fail(error));
    await settled.promise;
  }
}

async function answer(kind, head, body) {
  const mine = current;
  if (kind === KIND.LOAD) await load(head, body);
  else if (kind === KIND.CHECK) await lookAt(head, body);
  else await invoke(head, body, mine);
  if (current === mine) finish();
}

async function load({ file, environment }, source) {
  Object.assign(process.env, environment);
  if (environment.HTTP_PROXY !== undefined) await useProxy();
  const module = await import(define(file, source.toString("utf8")));
  if (typeof module.Run !== "function") throw new EntryPoint("export a function Run(engine)");
  run = module.Run;
  send(KIND.LOADED);
}

/** Both fetch and the agents of node:http go through it from now on. */
async function useProxy() {
  const { setGlobalProxyFromEnv } = await import("node:http");
  setGlobalProxyFromEnv();
  hasProxy = true;
}

async function invoke(head, body, mine) {
  if (hasProxy) await noticeClosed();
  const engine = new Engine(head, body, entry);
  const value = await run(engine);
  const content = contentOf(engine.result) ?? contentFor(value);
  // A rejection that nobody handles is reported after the promises, before the next turn.
  await new Promise((resolve) => immediate(resolve));
  if (current !== mine) return;
  const { body: result, ...rest } = content;
  if (result.byteLength > head.resultBytesMax || result.byteLength + 256 * 1024 > FRAME_BYTES_MAX) {
    throw new ResultTooLarge(
      `the result is ${result.byteLength} bytes large; allowed are ${head.resultBytesMax}`,
    );
  }
  finishPrints();
  send(KIND.RESULT, rest, result);
}

/**
 * The connections of the invocation before were cut when it ended, while this process waited for the host. Unless it
 * hears of that first, the code's next request goes to one of them and fails.
 */
async function noticeClosed() {
  // Before the first of them there may have been no look at the sockets, before the second there was.
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => immediate(resolve));
}

async function lookAt({ language, file }, source) {
  const { check } = await import("./check.mjs");
  const { problems, javascript } = await check(language, file, source.toString("utf8"));
  send(KIND.CHECKED, { problems }, Buffer.from(javascript));
}

function entry(level, text) {
  log(LEVEL[level], STREAM.engine, typeof text === "string" ? text : String(text));
}

function finish() {
  const { done } = current;
  current = undefined;
  done();
}

/** `isLast` where something of the invocation may still be running: then this process serves no other one. */
function fail(error, isLast = false) {
  if (current === undefined) exit(1);
  finishPrints();
  send(KIND.ERROR, { ...describe(error), ...(isLast && { isLast }) });
  finish();
}

function finishPrints() {
  stdout.finish();
  stderr.finish();
}

function describe(error) {
  let kind = "Error";
  let message = "";
  let traceback = "";
  try {
    const isError = error instanceof Error;
    kind = isError ? String(error.name) : typeof error;
    message = isError ? String(error.message) : String(error);
    traceback = isError ? readStack(error) : `Uncaught ${message}`;
  } catch {
    message ||= "its message could not be read";
  }
  return {
    kind: kind.slice(0, 200),
    message: message.slice(0, MESSAGE_CHARACTERS_MAX),
    traceback: traceback.slice(0, TRACEBACK_CHARACTERS_MAX),
  };
}

/** The code's own frames; its module's name is shown as that of a file. */
function readStack(error) {
  const lines = String(error.stack ?? error).split("\n");
  const shown = lines.filter((line) => !line.includes(GUEST_FOLDER) && !/^ +at .*\bnode:/.test(line));
  const stack = shown.join("\n").replaceAll(URL_PREFIX, "");
  return error.cause instanceof Error ? `${stack}\nCaused by: ${readStack(error.cause)}` : stack;
}

class EntryPoint extends Error {
  name = "EntryPoint";
}

class NeverSettled extends Error {
  name = "NeverSettled";
}

class ResultTooLarge extends Error {
  name = "ResultTooLarge";
}

process.on("uncaughtException", (error) => fail(error, true));
process.on("unhandledRejection", (error) => fail(error, true));
process.on("exit", finishPrints);
process.on("beforeExit", () => {
  const what = current?.kind === KIND.LOAD ? "the module's top level" : "Run";
  fail(new NeverSettled(`${what} waits for something that will never happen`), true);
});

/** Does once what every code makes it do, so that V8 has read it by then. What it would send is dropped. */
async function warmUp() {
  const { Run } = await import("code:warm-up");
  const head = { method: "", path: "", query: [], headers: [], secrets: {}, context: {} };
  const engine = new Engine(head, Buffer.alloc(0), () => {});
  contentFor(await Run(engine));
  contentOf(engine.result);
  await new Promise((resolve) => immediate(resolve));
}

installHooks(process.argv.splice(2));
send(KIND.READY, { runtime: `Node ${process.versions.node}` });
await warmUp();
serve();
