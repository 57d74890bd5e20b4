import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy in front of a service; its address begins with `http://`. */
export interface Proxy extends AsyncDisposable {
  readonly url: string;
}

/**
 * Cuts five connections, each after it has carried so many bytes of answers; lets the sixth pass whole, and so on in
 * turns of six. By turns rather than once, so that every case that is played over it meets cut connections.
 */
export function startCuttingProxy(serviceUrl: string, answerBytes = 3_000): Promise<Proxy> {
  return startProxy((incoming, turn) => {
    const outgoing = connectWith(incoming, serviceUrl);
    if (turn % 6 === 0) return void outgoing.pipe(incoming);
    let left = answerBytes;
    outgoing.on("data", (bytes: Buffer) => {
      if (left > 0) incoming.write(bytes.subarray(0, left));
      left -= bytes.length;
      // What was let through arrives; then the connection is gone without a word.
      if (left <= 0) outgoing.destroy();
    });
  });
}

/** Resets two connections as soon as they are made and lets the third pass, and so on in turns of three. */
export function startFlakyProxy(serviceUrl: string): Promise<Proxy> {
  return startProxy((incoming, turn) => {
    if (turn % 3 === 0) connectWith(incoming, serviceUrl).pipe(incoming);
    else incoming.resetAndDestroy();
  });
}

/** `accept` is told which connection it is given, counted from 1. */
async function startProxy(accept: (incoming: Socket, turn: number) => void): Promise<Proxy> {
  const open = new Set<Socket>();
  let turns = 0;
  const server = createServer((incoming) => {
    open.add(incoming);
    incoming.on("error", () => incoming.destroy());
    incoming.once("close", () => open.delete(incoming));
    turns += 1;
    accept(incoming, turns);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** A connection to the service that is sent what the caller sends; when one side goes, so does the other. */
function connectWith(incoming: Socket, serviceUrl: string): Socket {
  const { hostname, port } = new URL(serviceUrl);
  const outgoing = connect(Number(port), hostname);
  outgoing.on("error", () => incoming.destroy());
  outgoing.once("close", () => incoming.destroySoon());
  incoming.once("close", () => outgoing.destroy());
  incoming.pipe(outgoing);
  return outgoing;
}
