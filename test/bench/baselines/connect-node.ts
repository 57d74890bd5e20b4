import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { create, fromBinary } from "@bufbuild/protobuf";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { LogService, TailLogsResponseSchema } from "../../../gen/codeactions/v1/log_service_pb.ts";
import { RunCodeResponseSchema, RunnerService } from "../../../gen/codeactions/v1/runner_service_pb.ts";
import { TICKS, tickText } from "../ticks.ts";
import { announce, answerFromFile } from "./answer.ts";

/**
 * A stock connect-node server: `RunCode` answers with the same message each time, `TailLogs` streams the time, one
 * entry a message. Over HTTP/2, or over HTTP/1.1 when asked for as `http1`.
 */

const answer = fromBinary(RunCodeResponseSchema, answerFromFile());
const adapter = connectNodeAdapter({
  routes: (router) => {
    router.rpc(RunnerService.method.runCode, () => answer);
    router.rpc(LogService.method.tailLogs, async function* () {
      yield create(TailLogsResponseSchema, { event: { event: { case: "started", value: {} } } });
      for (let index = 0; index < TICKS.count; index += 1) {
        await new Promise((resolve) => setTimeout(resolve, TICKS.everyMs));
        const entries = [{ text: tickText(index) }];
        yield create(TailLogsResponseSchema, { event: { event: { case: "batch", value: { entries } } } });
      }
    });
  },
});
const server = process.argv[3] === "http1" ? createHttpServer(adapter) : createHttp2Server(adapter);
server.listen(0, "127.0.0.1", () => announce((server.address() as AddressInfo).port));
