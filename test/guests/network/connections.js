// Tries to reach the host's own doors, the network and the metadata service; answers with what it reached.
import { connect } from "node:net";

export async function Run(engine) {
  const targets = [["1.1.1.1", 80], ["169.254.169.254", 80], ["::1", 80], ...JSON.parse(engine.body)];
  const reached = targets.map(
    ([host, port]) =>
      new Promise((resolve) => {
        const socket = connect({ host, port, timeout: 200 });
        for (const event of ["error", "timeout"]) socket.once(event, () => resolve(socket.destroy() && []));
        socket.once("connect", () => resolve(socket.destroy() && [[host, port]]));
      }),
  );
  const fetched = await fetch("http://169.254.169.254/latest/meta-data/").then(
    () => ["fetch"],
    () => [],
  );
  return [...(await Promise.all(reached)).flat(), ...fetched];
}
