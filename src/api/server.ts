import * as http from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { newCorrelationId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { allowOrigins } from "./cors.ts";
import { problem, type Request, type Response } from "./http.ts";

/** A way in: answers with true when the request is its own, with false when another door should look at it. */
export type Door = (request: Request, response: Response, correlationId: string) => boolean;

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  /** With it the port speaks TLS only, and the protocols are told apart by ALPN. */
  readonly tls: ServerTls | undefined;
  readonly connectionsMax: number;
  readonly corsOrigins: readonly string[];
  readonly log: Logger;
  /** Asked in this order; what none of them takes is not found. */
  readonly doors: readonly Door[];
  /** How often an HTTP/2 session is asked whether it is still there. */
  readonly pingMs?: number;
  /** Calls that one HTTP/2 session may have open at once. */
  readonly streamsPerSessionMax?: number;
}

export interface ServerTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** With it every client is asked for a certificate of this authority; the doors decide what comes of it. */
  readonly ca?: Buffer;
}

/** What an HTTP/2 client sends before anything else. */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
/** How long a connection may take to show which protocol it speaks. */
const UNDECIDED_MS = 10_000;
const HEADERS_MS = 20_000;
const KEEP_ALIVE_MS = 75_000;
const PING_MS = 20_000;
/** How long the body of an answered HTTP/2 request may go on arriving before its stream is closed. */
const UNREAD_MS = 1_000;
const STREAMS_PER_SESSION_MAX = 250;
const WINDOW_BYTES = 1024 * 1024;
const HEADER_BYTES_MAX = 32 * 1024;

/**
 * One port for everything: HTTP/1.1 and HTTP/2 in clear text are told apart by their first bytes, over TLS by ALPN.
 * The HTTP/1.1 server is the one that listens, so that its time-outs hold for connections that say nothing.
 */
export class Server implements AsyncDisposable {
  readonly #settings: ServerSettings;
  readonly #listening: http.Server | http2.Http2SecureServer;
  readonly #http2: http2.Http2Server | http2.Http2SecureServer;
  readonly #sessions = new Set<http2.ServerHttp2Session>();
  readonly #sockets = new Set<Socket>();
  readonly #cors: ReturnType<typeof allowOrigins>;
  #answering = 0;
  #idle: (() => void) | undefined;
  #draining = false;

  constructor(settings: ServerSettings) {
    this.#settings = settings;
    this.#cors = allowOrigins(settings.corsOrigins);
    const listener = (request: Request, response: Response) => this.#answer(request, response);
    const http1Settings = {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
      // Bodies are bounded in size and by their callers' deadlines; a slow one is no fault.
      requestTimeout: 0,
    };
    const http2Settings = {
      settings: {
        maxConcurrentStreams: settings.streamsPerSessionMax ?? STREAMS_PER_SESSION_MAX,
        initialWindowSize: WINDOW_BYTES,
      },
    };
    if (settings.tls === undefined) {
      const http1 = http.createServer(http1Settings, listener);
      this.#http2 = http2.createServer(http2Settings, listener);
      this.#listening = this.#tellApart(http1, this.#http2);
    } else {
      const secure = http2.createSecureServer(
        {
          ...settings.tls,
          requestCert: settings.tls.ca !== undefined,
          rejectUnauthorized: false,
          ...http1Settings,
          ...http2Settings,
          allowHTTP1: true,
        },
        listener,
      );
      this.#http2 = this.#listening = secure;
    }
    this.#listening.maxConnections = settings.connectionsMax;
    this.#listening.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#http2.on("session", (session: http2.ServerHttp2Session) => this.#watch(session));
  }

  /** Resolves once the port takes connections; says which port is in use, and what to do, when it cannot. */
  async listen(): Promise<void> {
    const { host, port } = this.#settings;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#listening.once("error", reject);
    this.#listening.listen(port, host, resolve);
    try {
      await promise;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EADDRINUSE")
        throw new Error(
          `port ${port} on ${host} is in use; stop what uses it, or set CODEACTIONS_PORT to another one`,
        );
      if (code === "EACCES")
        throw new Error(
          `port ${port} on ${host} may not be used by this user; set CODEACTIONS_PORT to one above 1023`,
        );
      if (code === "EADDRNOTAVAIL")
        throw new Error(
          `this host has no address ${host}; set CODEACTIONS_HOST to one it has, or to 0.0.0.0`,
        );
      throw error;
    }
    this.#listening.on("error", (error) =>
      this.#settings.log.error({ error }, "the listening socket failed"),
    );
  }

  get port(): number {
    return (this.#listening.address() as AddressInfo).port;
  }

  /** Takes no new connections, lets what is being answered be answered, and closes the rest when the grace is over. */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    this.#listening.close();
    for (const session of this.#sessions) session.close();
    if ("closeIdleConnections" in this.#listening) this.#listening.closeIdleConnections();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, graceMs);
    this.#idle = resolve;
    if (this.#answering === 0) resolve();
    await promise;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listening.close();
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  #answer(request: Request, response: Response): void {
    this.#answering += 1;
    response.once("close", () => {
      this.#answering -= 1;
      if (this.#answering === 0) this.#idle?.();
    });
    if ("stream" in request) letGoOfRest(request);
    const correlationId = correlationIdOf(request);
    response.setHeader("x-request-id", correlationId);
    if (this.#draining && request.httpVersionMajor === 1) response.setHeader("connection", "close");
    if (this.#cors(request, response)) return;
    try {
      if (this.#take(request, response, correlationId)) return;
    } catch (error) {
      // Nobody above would catch it: what a door did not expect costs its request, and never the process.
      this.#settings.log.error({ error, correlationId }, "a door failed");
      request.resume();
      if (response.headersSent) return void response.destroy();
      return problem(response, 500, { title: `internal error; ask the operator for ${correlationId}` });
    }
    request.resume();
    problem(response, 404, { title: `nothing answers at ${request.url}`, reason: "METHOD_UNKNOWN" });
  }

  /** Asks the doors in their order. They may rely on a target that parses; `//` is one that Node lets through. */
  #take(request: Request, response: Response, correlationId: string): boolean {
    if (isTarget(request.url ?? "/"))
      return this.#settings.doors.some((door) => door(request, response, correlationId));
    request.resume();
    problem(response, 400, { title: "the request's target is no path", reason: "MALFORMED" });
    return true;
  }

  /** Makes the HTTP/1.1 server look at the first bytes of each connection, and hand on those of the other protocol. */
  #tellApart(http1: http.Server, http2Server: http2.Http2Server): http.Server {
    const [own] = http1.listeners("connection") as ((socket: Socket) => void)[];
    http1.removeAllListeners("connection");
    http1.on("connection", (socket: Socket) => {
      firstBytes(socket, (startsLikeHttp2) => {
        if (!startsLikeHttp2) return own!.call(http1, socket);
        // An HTTP/2 session does not outlive the other side's end; half-open it would never notice.
        socket.allowHalfOpen = false;
        http2Server.emit("connection", socket);
      });
    });
    return http1;
  }

  /** Pings a session and gives up on one that does not answer: connections can die without a word. */
  #watch(session: http2.ServerHttp2Session): void {
    this.#sessions.add(session);
    let answered = true;
    const timer = setInterval(() => {
      // One that is over stays until its socket closes, which the other side can put off; it takes no more pings.
      if (session.destroyed) return;
      if (!answered) return session.destroy();
      answered = false;
      session.ping(() => {
        answered = true;
      });
    }, this.#settings.pingMs ?? PING_MS);
    session.setLocalWindowSize(WINDOW_BYTES * 8);
    // Its connection was accepted, but had not shown its protocol, when the drain began.
    if (this.#draining) session.close();
    session.on("error", (error) => this.#settings.log.debug({ error }, "an HTTP/2 session failed"));
    session.once("close", () => {
      clearInterval(timer);
      this.#sessions.delete(session);
    });
  }
}

/** Starts a server; see `Server`. */
export async function openServer(settings: ServerSettings): Promise<Server> {
  const server = new Server(settings);
  await server.listen();
  return server;
}

/** Reads as much as it takes to know the protocol, puts it back, and decides once. */
function firstBytes(socket: Socket, decide: (startsLikeHttp2: boolean) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), UNDECIDED_MS);
  const settle = (startsLikeHttp2: boolean | undefined) => {
    clearTimeout(timer);
    socket.removeListener("readable", look);
    socket.removeListener("error", drop);
    socket.removeListener("end", drop);
    if (startsLikeHttp2 === undefined) return void socket.destroy();
    if (seen.byteLength > 0) socket.unshift(seen);
    decide(startsLikeHttp2);
  };
  const drop = () => settle(undefined);
  const look = () => {
    for (let piece = socket.read() as Buffer | null; piece !== null; piece = socket.read() as Buffer | null) {
      seen = seen.byteLength === 0 ? piece : Buffer.concat([seen, piece]);
      const length = Math.min(seen.byteLength, PREFACE.byteLength);
      if (!seen.subarray(0, length).equals(PREFACE.subarray(0, length))) return settle(false);
      if (seen.byteLength >= PREFACE.byteLength) return settle(true);
    }
  };
  socket.on("readable", look);
  socket.on("error", drop);
  socket.on("end", drop);
}

/**
 * Once a request is answered, reads what is left of its body for nobody. Left unread it would keep the stream, and
 * with it a share of what the whole session may send, for as long as the session lives. The stream is asked, and not
 * the response: over HTTP/2 that one finishes only when its stream has closed.
 */
function letGoOfRest(request: http2.Http2ServerRequest): void {
  const { stream } = request;
  stream.once("finish", () => {
    if (stream.closed) return;
    request.resume();
    const timer = setTimeout(() => stream.close(), UNREAD_MS);
    stream.once("close", () => clearTimeout(timer));
  });
}

/** A target that parses. Of plain paths, which nearly all of them are, that needs no parser. */
function isTarget(target: string): boolean {
  return /^\/[\w.-]/.test(target) || URL.canParse(target, "http://any");
}

/** The caller's own id for the call where it sent a sane one. */
function correlationIdOf(request: Request): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && /^[\w.:-]{1,128}$/.test(given) ? given : newCorrelationId();
}
