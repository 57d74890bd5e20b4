import { once } from "node:events";
import { request as startRequest } from "node:http";
import { isIP, type Socket } from "node:net";
import { getCACertificates, connect as startTls } from "node:tls";
import { reach, type Way } from "../sandbox/egress/dial.ts";
import { readHost, type Target } from "../sandbox/egress/rules.ts";

const ANSWER_BYTES_MAX = 1024;

/** What a receiver said: its status, and of its body the beginning, as far as it came. */
export interface Answer {
  readonly statusCode: number;
  readonly text: string;
}

/**
 * Sends a POST and answers with what came back, whatever its status; redirects are not followed. Throws where there is no
 * answer, with a sentence that says why.
 */
export type Post = (
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
) => Promise<Answer>;

/** Posts over connections like those of codes: every address is looked at, and one of them is connected to. */
export function openPost(parts: {
  way: Way;
  /** Certificates (PEM) that are trusted beside the usual ones. */
  authorities: string;
}): Post {
  const ca = parts.authorities === "" ? undefined : [...getCACertificates(), parts.authorities];
  return async (url, headers, body, signal) => {
    const target = targetOf(url);
    const plain = await reach(target, parts.way, signal);
    try {
      const socket = url.protocol === "http:" ? plain : await secure(plain, target.host, ca, signal);
      return await exchange(socket, url, headers, body, signal);
    } finally {
      plain.destroy();
    }
  };
}

/** Where an address leads. */
export function targetOf(url: URL): Target {
  const host = readHost(url.hostname) ?? url.hostname;
  return { host, port: url.port === "" ? (url.protocol === "http:" ? 80 : 443) : Number(url.port) };
}

async function secure(
  socket: Socket,
  host: string,
  ca: string[] | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  // An address is no name that a server could be asked for.
  const name = isIP(host) === 0 ? { servername: host } : {};
  const secured = startTls({ socket, host, ...name, ...(ca && { ca }) });
  await once(secured, "secureConnect", { signal });
  return secured;
}

function exchange(
  socket: Socket,
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = startRequest({
    method: "POST",
    host: url.hostname,
    path: `${url.pathname}${url.search}`,
    headers: { ...headers, Host: url.host, "Content-Length": Buffer.byteLength(body), Connection: "close" },
    createConnection: () => socket,
    signal,
  });
  const beginning: Buffer[] = [];
  let statusCode: number | undefined;
  // Once a status has come it counts, whatever becomes of the rest.
  const over = (error?: Error) => {
    if (statusCode === undefined) return reject(error);
    resolve({ statusCode, text: textOf(beginning) });
  };
  request.on("error", over);
  request.on("response", (response) => {
    statusCode = response.statusCode;
    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      beginning.push(chunk);
      bytes += chunk.byteLength;
      if (bytes >= ANSWER_BYTES_MAX) over();
    });
    response.on("end", over);
    response.on("error", over);
  });
  // It has said that it goes on in another protocol. Where nobody hears that, the request ends without a word.
  request.on("upgrade", (response) => {
    statusCode = response.statusCode;
    over();
  });
  // The last that a request says, whatever became of it.
  request.on("close", () => over(new Error("it closed the connection")));
  request.end(body);
  return promise.finally(() => request.destroy());
}

function textOf(beginning: readonly Buffer[]): string {
  return Buffer.concat(beginning).subarray(0, ANSWER_BYTES_MAX).toString("utf8");
}
