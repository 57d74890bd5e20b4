import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A way to the database that breaks as networks do: without a word to the other side. */
export interface Line extends AsyncDisposable {
  /** The database's address over this way. */
  readonly url: string;
  /** On the connections there are nothing passes any more; new ones are well. */
  silence(): void;
  /** New connections come about, and nothing passes on them. */
  muffle(): void;
  /** Ends the connections there are on this side; the database takes them for alive. */
  cut(): void;
}

export async function openLine(databaseUrl: string): Promise<Line> {
  const { username, hostname, port, pathname } = new URL(databaseUrl);
  const path = `${decodeURIComponent(hostname)}/.s.PGSQL.${port}`;
  const connections = new Set<{ readonly near: Socket; readonly far: Socket }>();
  let isWell = true;
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ path, allowHalfOpen: true });
    for (const socket of [near, far]) socket.on("error", () => {});
    if (isWell) near.pipe(far).pipe(near);
    connections.add({ near, far });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = () => {
    const stopped = [...connections];
    for (const { near, far } of stopped) {
      near.unpipe();
      far.unpipe();
    }
    return stopped;
  };
  return {
    url: `postgresql://${username}@127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    silence: () => void stop(),
    muffle() {
      isWell = false;
    },
    cut() {
      for (const { near } of stop()) near.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const { near, far } of connections) {
        near.destroy();
        far.destroy();
      }
      server.close();
      await once(server, "close");
    },
  };
}
