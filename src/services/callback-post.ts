import { once } from "node:events";
import { type IncomingMessage, request as startRequest } from "node:http";
import { isIP, type Socket } from "node:net";
import { getCACertificates, connect as startTls } from "node:tls";
import { reach, type Way } from "../sandbox/egress/dial.ts";
import { readHost, type Target } from "../sandbox/egress/rules.ts";

const ANSWER_BYTES_MAX = 1024;

/** What a receiver said: its status, and the beginning of its body. */
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
  request.on("error", reject);
  let isAnswered = false;
  request.on("response", (response) => {
    isAnswered = true;
    void readBeginning(response).then((text) => resolve({ statusCode: response.statusCode ?? 0, text }));
  });
  // It has said that it goes on in another protocol. Where nobody hears that, the request ends without a word.
  request.on("upgrade", ({ statusCode = 0 }) => resolve({ statusCode, text: "" }));
  // The last that a request says, whatever became of it. What a response has left is read without it.
  request.on("close", () => isAnswered || reject(new Error("it closed the connection")));
  request.end(body);
  return promise.finally(() => request.destroy());
}

/** What there is of the body until it ends, breaks off or is enough. The status has been told by then. */
async function readBeginning(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes >= ANSWER_BYTES_MAX) break;
    }
  } catch {
    // The rest of it does not matter.
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_BYTES_MAX).toString("utf8");
}
