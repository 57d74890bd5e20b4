import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { pipeline, Transform } from "node:stream";

/** A cable between a service and a node, which can be made longer. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** How long every byte is under way from now on, in each direction. */
  delayMs: number;
}

/** Takes connections on a free port and hands on what comes, late when it is told to be. */
export async function openRelay(toPort: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  const late = () =>
    new Transform({
      // Order is kept, because a timer of the same length does not overtake another one.
      transform: (piece, _, done) => {
        if (relay.delayMs === 0) return done(null, piece);
        setTimeout(() => done(null, piece), relay.delayMs);
      },
    });
  const server = createServer((near) => {
    const far = connect(toPort, "127.0.0.1");
    for (const socket of [near, far]) {
      socket.setNoDelay();
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    }
    pipeline(near, late(), far, () => far.destroy());
    pipeline(far, late(), near, () => near.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const relay: Relay = {
    port: (server.address() as AddressInfo).port,
    delayMs: 0,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  return relay;
}
