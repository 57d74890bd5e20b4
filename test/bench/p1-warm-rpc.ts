import { create, toBinary } from "@bufbuild/protobuf";
import { RunCodeRequestSchema, RunCodeResponseSchema } from "../../gen/codeactions/v1/runner_service_pb.ts";
import { startBaseline } from "./baselines/start.ts";
import type { Bench, Figure, Target } from "./figure.ts";
import type { Generator } from "./load.ts";
import { BODY } from "./service.ts";
import { type Rival, sweep } from "./sweep.ts";

const CONCURRENCIES = [1, 16, 64];
const PATH = "/codeactions.v1.RunnerService/RunCode";

export const warmRpc: Figure = {
  id: "P1",
  what: "warm RunCode, recorded in PostgreSQL before the answer",
  async measure(bench) {
    const answer = await answerOf(bench);
    const grpc = await sweepOf(bench, "gRPC", "load-grpc.ts", {}, [
      ["(a) connect-node, empty echo", await startBaseline(bench, "connect-node.ts", answer), { least: 1.5 }],
      ["(b) grpc-js, empty echo", await startBaseline(bench, "grpc-js.ts", answer), { least: 0.4 }],
      ["(c) node:http2, empty echo", await startBaseline(bench, "http2.ts", answer), undefined],
    ]);
    const unary = { "content-type": "application/proto", "connect-protocol-version": "1" };
    const connect = await sweepOf(bench, "Connect, HTTP/1.1", "load-http.ts", unary, [
      [
        "(a) connect-node, empty echo",
        await startBaseline(bench, "connect-node.ts", answer, "http1"),
        { least: 1 },
      ],
      [
        "(c) node:http, empty echo",
        await startBaseline(bench, "http.ts", answer, "application/proto"),
        undefined,
      ],
    ]);
    return [...grpc, ...connect];
  },
};

/** Name, address and target from c = 16 on; a call alone waits for a commit that the others do not make. */
type Baseline = [name: string, url: string, target: Target | undefined];

function sweepOf(
  bench: Bench,
  protocol: string,
  generator: Generator,
  headers: Readonly<Record<string, string>>,
  baselines: readonly Baseline[],
) {
  const { service } = bench;
  const callTo = (url: string, codeId: string) => ({
    url: `${url}${PATH}`,
    headers: { ...headers, authorization: `Bearer ${service.token}` },
    body: requestFor(codeId).toString("base64"),
    expect: BODY.toString(),
  });
  const theirs = baselines.map(
    ([name, url, target]): Rival => ({
      name,
      call: callTo(url, service.anyEcho),
      target: (concurrency) => (concurrency > 1 ? target : undefined),
    }),
  );
  return sweep(bench, {
    figure: "P1",
    what: protocol,
    generator,
    concurrencies: CONCURRENCIES,
    ours: (language) => callTo(service.url, service.echo(language)),
    theirs,
  });
}

function requestFor(codeId: string): Buffer {
  const request = create(RunCodeRequestSchema, { codeId, input: { body: BODY } });
  return Buffer.from(toBinary(RunCodeRequestSchema, request));
}

/** One real answer of the service, for the servers it is compared with to give. */
async function answerOf({ service }: Bench): Promise<Uint8Array> {
  const response = await service.clients.runs.runCode({ codeId: service.anyEcho, input: { body: BODY } });
  return toBinary(RunCodeResponseSchema, response);
}
