import { startBaseline } from "./baselines/start.ts";
import { startWorkerd } from "./baselines/workerd.ts";
import { type Bench, type Figure, notMeasured, type Row, type Target } from "./figure.ts";
import { type Load, load } from "./load.ts";
import { loadRow } from "./load-row.ts";
import { inTurn, type Side } from "./rounds.ts";
import { BODY, ECHO, LANGUAGES } from "./service.ts";

const CONCURRENCIES = [1, 64] as const;

const NODE_HTTP = "(a) node:http, the same bytes";
const WORKERD = "(b) workerd, the same JavaScript";
const UNRECORDED = "the same without recording";

export const warmEndpoint: Figure = {
  id: "P2",
  what: "warm HTTP endpoint, recorded in PostgreSQL before the answer",
  async measure(bench) {
    const { service } = bench;
    const urls = new Map<string, string>();
    const missing = new Map<string, string>([[UNRECORDED, "the service has no way to leave the record out"]]);
    for (const language of LANGUAGES) {
      const why = service.whyNot(language);
      if (why !== undefined) missing.set(language, why);
      else
        urls.set(language, `${service.url}/action/endpoint/${await service.code(language, ECHO[language])}`);
    }
    urls.set(NODE_HTTP, await startBaseline(bench, "http.ts", BODY));
    try {
      urls.set(WORKERD, await startWorkerd(bench));
    } catch (error) {
      missing.set(WORKERD, error instanceof Error ? error.message : String(error));
    }
    const rows: Row[] = [];
    for (const concurrency of CONCURRENCIES) {
      bench.say(`P2 HTTP endpoint, c = ${concurrency}`);
      const measured = await inTurn(sides(bench, urls, concurrency), bench.rounds);
      for (const language of LANGUAGES) {
        const what = `HTTP endpoint, ${language}, c = ${concurrency}`;
        for (const against of concurrency === 1 ? [NODE_HTTP, WORKERD, UNRECORDED] : [NODE_HTTP, WORKERD]) {
          const why = missing.get(language) ?? missing.get(against);
          rows.push(
            why === undefined
              ? loadRow(
                  "P2",
                  what,
                  against,
                  measured.get(language)!,
                  measured.get(against)!,
                  targetOf(against, concurrency),
                )
              : notMeasured("P2", what, against, why),
          );
        }
      }
    }
    return rows;
  },
};

/** A call alone waits for a commit that the others do not make, so only calls at once have a target. */
function targetOf(against: string, concurrency: number): Target | undefined {
  if (concurrency === 1) return undefined;
  return { least: against === NODE_HTTP ? 0.3 : 0.8 };
}

function sides(bench: Bench, urls: ReadonlyMap<string, string>, concurrency: number): Side<Load>[] {
  return [...urls].map(([name, url]) => ({
    name,
    measure: () =>
      load(bench.folder, "load-http.ts", {
        url,
        headers: { "content-type": "application/octet-stream" },
        body: BODY.toString("base64"),
        expect: BODY.toString(),
        concurrency,
        seconds: bench.seconds,
      }),
  }));
}
