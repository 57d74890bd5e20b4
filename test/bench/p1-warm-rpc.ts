import { create, toBinary } from "@bufbuild/protobuf";
import { RunCodeRequestSchema, RunCodeResponseSchema } from "../../gen/codeactions/v1/runner_service_pb.ts";
import { startBaseline } from "./baselines/start.ts";
import { type Bench, type Figure, notMeasured, type Row, type Target } from "./figure.ts";
import { type Generator, type Load, load } from "./load.ts";
import { loadRow } from "./load-row.ts";
import { inTurn, type Side } from "./rounds.ts";
import { BODY, ECHO, LANGUAGES } from "./service.ts";

const CONCURRENCIES = [1, 16, 64] as const;
const PATH = "/codeactions.v1.RunnerService/RunCode";

export const warmRpc: Figure = {
  id: "P1",
  what: "warm RunCode, recorded in PostgreSQL before the answer",
  async measure(bench) {
    return [...(await measureProtocol(bench, GRPC)), ...(await measureProtocol(bench, CONNECT))];
  },
};

interface Protocol {
  readonly name: string;
  readonly generator: Generator;
  readonly headers: Readonly<Record<string, string>>;
  baselines(bench: Bench, answer: Uint8Array): Promise<Baseline[]>;
}

interface Baseline {
  readonly name: string;
  readonly url: string;
  target(concurrency: number): Target | undefined;
}

const GRPC: Protocol = {
  name: "gRPC",
  generator: "load-grpc.ts",
  headers: {},
  baselines: async (bench, answer) => [
    {
      name: "(a) connect-node, empty echo",
      url: await startBaseline(bench, "connect-node.ts", answer),
      target: (concurrency) => (concurrency > 1 ? { least: 1.5 } : undefined),
    },
    {
      name: "(b) grpc-js, empty echo",
      url: await startBaseline(bench, "grpc-js.ts", answer),
      target: (concurrency) => (concurrency > 1 ? { least: 0.4 } : undefined),
    },
    {
      name: "(c) node:http2, empty echo",
      url: await startBaseline(bench, "http2.ts", answer),
      target: () => undefined,
    },
  ],
};

const CONNECT: Protocol = {
  name: "Connect, HTTP/1.1",
  generator: "load-http.ts",
  headers: { "content-type": "application/proto", "connect-protocol-version": "1" },
  baselines: async (bench, answer) => [
    {
      name: "(a) connect-node, empty echo",
      url: await startBaseline(bench, "connect-node.ts", answer, "http1"),
      target: (concurrency) => (concurrency > 1 ? { least: 1 } : undefined),
    },
    {
      name: "(c) node:http, empty echo",
      url: await startBaseline(bench, "http.ts", answer, "application/proto"),
      target: () => undefined,
    },
  ],
};

async function measureProtocol(bench: Bench, protocol: Protocol): Promise<Row[]> {
  const { service } = bench;
  const languages = LANGUAGES.filter((language) => service.whyNot(language) === undefined);
  const codes = new Map<string, string>();
  for (const language of languages) codes.set(language, await service.code(language, ECHO[language]));
  const baselines = await protocol.baselines(bench, await answerOf(bench, codes.values().next().value!));
  const rows: Row[] = [];
  for (const concurrency of CONCURRENCIES) {
    const side = (name: string, url: string, codeId: string): Side<Load> => ({
      name,
      measure: () =>
        load(bench.folder, protocol.generator, {
          url: `${url}${PATH}`,
          headers: { ...protocol.headers, authorization: `Bearer ${service.token}` },
          body: requestFor(codeId).toString("base64"),
          expect: BODY.toString(),
          concurrency,
          seconds: bench.seconds,
        }),
    });
    bench.say(`P1 ${protocol.name}, c = ${concurrency}`);
    const [anyCode] = codes.values();
    const measured = await inTurn(
      [
        ...[...codes].map(([language, codeId]) => side(language, service.url, codeId)),
        ...baselines.map(({ name, url }) => side(name, url, anyCode!)),
      ],
      bench.rounds,
    );
    for (const language of LANGUAGES) {
      const what = `${protocol.name}, ${language}, c = ${concurrency}`;
      for (const { name, target } of baselines) {
        const why = service.whyNot(language);
        rows.push(
          why === undefined
            ? loadRow("P1", what, name, measured.get(language)!, measured.get(name)!, target(concurrency))
            : notMeasured("P1", what, name, why),
        );
      }
    }
  }
  return rows;
}

function requestFor(codeId: string): Buffer {
  const request = create(RunCodeRequestSchema, { codeId, input: { body: BODY } });
  return Buffer.from(toBinary(RunCodeRequestSchema, request));
}

/** One real answer of the service, for the servers it is compared with to give. */
async function answerOf({ service }: Bench, codeId: string): Promise<Uint8Array> {
  const response = await service.clients.runs.runCode({ codeId, input: { body: BODY } });
  return toBinary(RunCodeResponseSchema, response);
}
