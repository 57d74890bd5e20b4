import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { dial, type Way } from "./dial.ts";
import { answerRefusal, forward } from "./forward.ts";
import { type HostPattern, readHost, readPort, writeTarget } from "./rules.ts";
import {
  type Asked,
  type Connection,
  type EgressLimits,
  type EgressReport,
  EgressRun,
  Refusal,
} from "./run.ts";

/** Where it is, as a jail sees it; the program that listens there for it has the same number. */
export const PROXY_PORT = 3128;

const HEADER_BYTES_MAX = 16 * 1024;
const HEADER_MS = 10_000;

/**
 * The HTTP proxy of one worker. A request is let through when the run's rules have its host and every address of the
 * host is one that codes may reach. Between two runs nothing is let in and no connection lives.
 */
export class EgressProxy {
  readonly #way: Way;
  readonly #limits: EgressLimits;
  readonly #server: Server;
  readonly #guests = new Set<Socket>();
  #run: EgressRun | undefined;

  /** `listener` is anything that a server can listen on. */
  constructor(listener: object, way: Way, limits: EgressLimits) {
    this.#way = way;
    this.#limits = limits;
    this.#server = createServer({
      insecureHTTPParser: false,
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADER_MS,
      connectionsCheckingInterval: HEADER_MS / 5,
      // How long a body takes is the idle time's and the run's matter.
      requestTimeout: 0,
      keepAliveTimeout: limits.idleMs,
      noDelay: true,
    });
    // Those that wait for their next request are there as well as those under way.
    this.#server.maxConnections = limits.connectionsMax * 2;
    this.#server.on("connection", (guest) => this.#letIn(guest));
    this.#server.on("connect", (request, guest, head) => void this.#tunnel(request, guest as Socket, head));
    this.#server.on("request", (request, response) => void this.#pass(request, response));
    // One that cannot be let in, for want of descriptors, is all that there is to go wrong.
    this.#server.on("error", () => {});
    this.#server.listen(listener);
  }

  /** A run begins, with the hosts that it may reach. `report` is called while things happen and must not throw. */
  begin(rules: readonly HostPattern[], report: (report: EgressReport) => void): void {
    this.end();
    this.#run = new EgressRun(rules, report, this.#limits);
  }

  /** The run ends: what it has open is cut and reported before this returns. */
  end(): void {
    this.#run?.end();
    this.#run = undefined;
    for (const guest of this.#guests) guest.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #letIn(guest: Socket): void {
    if (this.#run === undefined) {
      guest.destroy();
      return;
    }
    this.#guests.add(guest);
    guest.on("error", () => {});
    guest.once("close", () => this.#guests.delete(guest));
  }

  /** What goes through it is between the guest and the other side: with HTTPS nobody here can read it. */
  async #tunnel(request: IncomingMessage, guest: Socket, head: Buffer): Promise<void> {
    const run = this.#run;
    const asked = readConnect(request.url ?? "");
    const connection = run?.open(asked.target, guest);
    if (run === undefined || connection === undefined) return refuseTunnel(guest, TOO_MANY);
    guest.once("close", () => connection.finish("closed"));
    try {
      run.require(asked);
      const upstream = await dial(asked.target, this.#way, connection);
      guest.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      join(guest, upstream, connection);
    } catch (error) {
      refuseTunnel(guest, connection.fail(error));
    }
  }

  /** A request for http://, which is made from here. */
  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const run = this.#run;
    const asked = readUrl(request.url ?? "");
    const connection = run?.open(asked.target, request.socket);
    if (run === undefined || connection === undefined) {
      response.setHeader("Connection", "close");
      return answerRefusal(response, TOO_MANY);
    }
    response.once("close", () => connection.finish("closed"));
    try {
      run.require(asked);
      const upstream = await dial(asked.target, this.#way, connection);
      forward(request, response, { upstream, path: asked.path!, authority: asked.authority! }, connection);
    } catch (error) {
      request.on("data", (chunk: Buffer) => connection.waste(chunk.byteLength));
      answerRefusal(response, connection.fail(error));
    }
  }
}

const TOO_MANY = new Refusal(429, "the run has had all the connections that it may have");
const HOST_CHARACTERS_SHOWN = 300;

/** The target of CONNECT. */
function readConnect(text: string): Asked {
  return readTarget(text) ?? unreadable(text, "CONNECT needs a host and a port: api.example.org:443");
}

/** The target of every other request: a whole URL, because this is a proxy. */
function readUrl(text: string): Asked & { authority?: string; path?: string } {
  const [, scheme, authority = "", path = ""] = /^([a-z]+):\/\/([^/?#]*)([^#]*)/i.exec(text) ?? [];
  if (scheme === undefined) {
    return unreadable(text, "this is a proxy: it needs a whole URL, as http://api.example.org/");
  }
  if (scheme.toLowerCase() !== "http") {
    return unreadable(text, "only http:// is asked for by URL: use CONNECT for https://");
  }
  const asked = readTarget(/:\d*$/.test(authority) ? authority.replace(/:$/, ":80") : `${authority}:80`);
  if (asked === undefined)
    return unreadable(text, "the URL's host is none; it may have a port, and no user name");
  // The host that was looked at is the one that is told, whatever the guest's own header says.
  const told = writeTarget(asked.target).replace(/:80$/, "");
  return { ...asked, authority: told, path: path.startsWith("/") ? path : `/${path}` };
}

function readTarget(text: string): Asked | undefined {
  const [, name, digits] = /^(\[[^\]]*\]|[^:[\]]+):(\d{1,5})$/.exec(text) ?? [];
  // What is not ASCII here was not written by a client that knows what it means.
  if (name === undefined || digits === undefined || !/^[\x21-\x7e]+$/.test(name)) return undefined;
  const host = readHost(name);
  const port = readPort(digits);
  if (host === undefined || port === undefined) return undefined;
  const isItself = port === PROXY_PORT && ["localhost", "127.0.0.1", "::1"].includes(host);
  return { target: { host, port }, ...(isItself && { problem: "this is the proxy itself" }) };
}

/** What is said of it is nothing that could be a password or a key. */
function unreadable(text: string, problem: string): Asked {
  const shown = text
    .replace(/[^\x21-\x7e]/g, "?")
    .replace(/[?#].*/, "")
    .replace(/^(\w*:?\/*).*@/, "$1");
  return { target: { host: shown.slice(0, HOST_CHARACTERS_SHOWN), port: 0 }, problem };
}

/** Both directions, each as fast as its reader, until both have ended. */
function join(guest: Socket, upstream: Socket, connection: Connection): void {
  upstream.on("error", (error) => {
    connection.finish("failed", `the connection broke off: ${error.message}`);
    guest.destroy();
  });
  guest.on("data", (chunk: Buffer) => {
    if (!upstream.write(chunk)) guest.pause();
    connection.moved();
  });
  upstream.on("data", (chunk: Buffer) => {
    connection.moved();
    if (!guest.destroyed && !guest.write(chunk)) upstream.pause();
  });
  upstream.on("drain", () => guest.resume());
  guest.on("drain", () => upstream.resume());
  guest.once("end", () => upstream.end());
  upstream.once("end", () => guest.end());
  upstream.once("close", () => {
    connection.finish("closed");
    guest.destroySoon();
  });
}

/** Many clients show nothing of a refused tunnel but the words behind its status. */
function refuseTunnel(guest: Socket, { status, message }: Refusal): void {
  const head = ["Content-Type: text/plain; charset=utf-8", "Connection: close"];
  const body = `${message}\n`;
  const reason = message.replace(/[^\x20-\x7e]/g, "?");
  const lines = [`HTTP/1.1 ${status} ${reason}`, ...head, `Content-Length: ${Buffer.byteLength(body)}`];
  guest.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
  guest.destroySoon();
}
