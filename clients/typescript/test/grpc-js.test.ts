import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "@connectrpc/connect";
import { Metadata, Server, ServerCredentials, type ServiceError, status } from "@grpc/grpc-js";
import { CodeService } from "../src/gen/codeactions/v1/code_service_pb.ts";
import { createCodeActions } from "../src/grpc-js.ts";
import { toConnectError } from "../src/grpc-js-transport.ts";
import { serve, WAYS } from "./service.ts";

const [, , GRPC_JS] = WAYS;

test("addresses that cannot be meant are refused at once", () => {
  for (const address of [
    "http://127.0.0.1:8050/prefix",
    "http://127.0.0.1/?a=b",
    "127.0.0.1:8050",
    "localhost:8050",
  ])
    assert.throws(() => createCodeActions({ address }), {
      message: new RegExp(`"${address.replace("?", "\\?")}"`),
    });
  for (const address of ["http://127.0.0.1:8050/", "https://[::1]"]) createCodeActions({ address }).close();
});

test("headers arrive", async () => {
  await using service = await serve(
    ({ rpc }) =>
      rpc(CodeService.method.getCode, (_, { responseHeader }) => {
        responseHeader.set("x-request-id", "some");
        return {};
      }),
    GRPC_JS,
  );
  using client = createCodeActions({ address: service.address });
  let id: string | null = null;
  await client.codes.getCode(
    {},
    {
      onHeader(headers) {
        id = headers.get("x-request-id");
      },
    },
  );
  assert.equal(id, "some");
});

test("details that cannot be read count as not there", async (t) => {
  const server = new Server();
  t.after(() => server.forceShutdown());
  const path = "/codeactions.v1.CodeService/GetCode";
  const asIs = (bytes: Buffer) => bytes;
  const shape = {
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from("no message of protobuf"));
  server.addService(
    { getCode: { path, requestStream: false, responseStream: false, ...shape } },
    {
      getCode: (_: unknown, answer: (error: Partial<ServiceError>) => void) =>
        answer({ code: status.NOT_FOUND, details: "not here", metadata }),
    },
  );
  const port = await new Promise<number>((resolve) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_, bound) => resolve(bound));
  });
  using client = createCodeActions({ address: `http://127.0.0.1:${port}` });
  const expected = { code: Code.NotFound, reason: undefined, message: "not here" };
  await assert.rejects(client.codes.getCode({}), expected);
});

test("an error that is not of gRPC has no code of gRPC", () => {
  const cut = Object.assign(new Error("premature close"), { code: "ERR_STREAM_PREMATURE_CLOSE" as never });
  assert.equal(toConnectError(cut).code, Code.Unknown);
});
