import { startBaseline } from "./baselines/start.ts";
import { startWorkerd } from "./baselines/workerd.ts";
import type { Bench, Figure } from "./figure.ts";
import { BODY } from "./service.ts";
import { type Rival, sweep } from "./sweep.ts";

export const warmEndpoint: Figure = {
  id: "P2",
  what: "warm HTTP endpoint, recorded in PostgreSQL before the answer",
  async measure(bench) {
    const { service } = bench;
    return await sweep(bench, {
      figure: "P2",
      what: "HTTP endpoint",
      generator: "load-http.ts",
      concurrencies: [1, 64],
      ours: (language) => callTo(`${service.url}/action/endpoint/${service.echo(language)}`),
      theirs: [
        {
          name: "(a) node:http, the same bytes",
          call: callTo(await startBaseline(bench, "http.ts", BODY)),
          target: (concurrency) => (concurrency > 1 ? { least: 0.3 } : undefined),
        },
        await workerd(bench),
        {
          name: "the same without recording",
          call: { missing: "the service has no way to leave the record out" },
          target: () => undefined,
        },
      ],
    });
  },
};

async function workerd(bench: Bench): Promise<Rival> {
  const call = await startWorkerd(bench).then(callTo, (error: Error) => ({ missing: error.message }));
  return {
    name: "(b) workerd, the same JavaScript",
    call,
    target: (concurrency) => (concurrency > 1 ? { least: 0.8 } : undefined),
  };
}

function callTo(url: string) {
  const headers = { "content-type": "application/octet-stream" };
  return { url, headers, body: BODY.toString("base64"), expect: BODY.toString() };
}
