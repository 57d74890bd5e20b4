import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Bench } from "../figure.ts";
import { Child } from "../processes.ts";

/** The echo code as workerd has it. */
const ECHO = `export default {
  async fetch(request) {
    const body = await request.arrayBuffer();
    return new Response(body, { status: 200, headers: { "content-type": "application/octet-stream" } });
  },
};
`;

/** Starts Cloudflare's workerd with the echo code and answers with its address. Throws where it does not run. */
export async function startWorkerd({ open, folder }: Bench): Promise<string> {
  const port = await freePort();
  const config = join(folder, "workerd.capnp");
  await writeFile(join(folder, "echo.js"), ECHO);
  await writeFile(config, configFor(port));
  const command = fileURLToPath(new URL("../../../node_modules/.bin/workerd", import.meta.url));
  const child = open.use(new Child("workerd", command, ["serve", config]));
  const url = `http://127.0.0.1:${port}`;
  await untilAnswers(url, child);
  return url;
}

function configFor(port: number): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ ( name = "echo", worker = .echo ) ],
  sockets = [ ( name = "http", address = "127.0.0.1:${port}", http = (), service = "echo" ) ]
);
const echo :Workerd.Worker = (
  modules = [ ( name = "echo.js", esModule = embed "echo.js" ) ],
  compatibilityDate = "2026-01-01",
);
`;
}

async function untilAnswers(url: string, child: Child): Promise<void> {
  const TRIES_MAX = 100;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    try {
      if ((await (await fetch(url, { method: "POST", body: "ping" })).text()) === "ping") return;
    } catch {
      if (child.process.exitCode !== null) await child.finished();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error("workerd does not answer");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
