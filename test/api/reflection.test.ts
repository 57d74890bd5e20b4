import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ServerReflection,
  type ServerReflectionResponse,
} from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { rpcDoor } from "../../src/api/rpc.ts";
import { openServer, type Server } from "../../src/api/server.ts";
import { Metrics } from "../../src/core/metrics.ts";
import { transportFor } from "../support/service.ts";
import { silent } from "../support/silent-log.ts";

const run = promisify(execFile);

const SERVED = [
  "codeactions.v1.CodeService",
  "codeactions.v1.LogService",
  "codeactions.v1.ProjectService",
  "codeactions.v1.RunnerService",
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
];

let server: Server;
let url: string;

beforeAll(async () => {
  const rpc = rpcDoor({
    log: silent,
    metrics: new Metrics(),
    runs: {} as never,
    projects: {} as never,
    handlers: { codes: {}, runs: {}, logs: {}, projects: {} } as never,
  });
  server = await openServer({
    host: "127.0.0.1",
    port: 0,
    tls: undefined,
    connectionsMax: 100,
    corsOrigins: [],
    log: silent,
    doors: [rpc.door],
  });
  url = `http://127.0.0.1:${server.port}`;
});

afterAll(() => server?.[Symbol.asyncDispose]());

type Question =
  | {
      case: "listServices" | "fileByFilename" | "fileContainingSymbol" | "allExtensionNumbersOfType";
      value: string;
    }
  | { case: "fileContainingExtension"; value: { containingType: string; extensionNumber: number } };

// The versions differ in the names of their packages only.
describe.each([
  ["v1", ServerReflection],
  ["v1alpha", ServerReflectionAlpha as unknown as typeof ServerReflection],
])("grpc.reflection.%s", (_, service) => {
  async function ask(question: Question): Promise<ServerReflectionResponse> {
    const client = createClient(service, transportFor("grpc", url, undefined));
    const answers = client.serverReflectionInfo(
      (async function* () {
        yield { host: "here", messageRequest: question };
      })(),
    );
    for await (const answer of answers) return answer;
    throw new Error("the stream ended without an answer");
  }

  async function filesFor(question: Question): Promise<string[]> {
    const { messageResponse } = await ask(question);
    if (messageResponse.case !== "fileDescriptorResponse") throw new Error(`got ${messageResponse.case}`);
    return messageResponse.value.fileDescriptorProto.map(
      (bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name,
    );
  }

  test("lists what is served, itself included", async () => {
    const { messageResponse } = await ask({ case: "listServices", value: "" });
    if (messageResponse.case !== "listServicesResponse") throw new Error(`got ${messageResponse.case}`);
    expect(messageResponse.value.service.map(({ name }) => name).toSorted()).toEqual(SERVED);
  });

  test("sends a file with everything it imports, each once", async () => {
    const files = await filesFor({ case: "fileByFilename", value: "codeactions/v1/code_service.proto" });
    expect(files[0]).toBe("codeactions/v1/code_service.proto");
    expect(files).toEqual(
      expect.arrayContaining(["buf/validate/validate.proto", "google/protobuf/descriptor.proto"]),
    );
    expect(new Set(files).size).toBe(files.length);
  });

  test.each([
    ["a service", "grpc.health.v1.Health"],
    ["a method", "grpc.health.v1.Health.Check"],
    ["a message", "grpc.health.v1.HealthCheckRequest"],
    ["a field", "grpc.health.v1.HealthCheckRequest.service"],
    ["a nested enum", "grpc.health.v1.HealthCheckResponse.ServingStatus"],
  ])("finds the file of %s by its name", async (_kind, value) => {
    expect(await filesFor({ case: "fileContainingSymbol", value })).toEqual(["grpc/health/v1/health.proto"]);
  });

  test("finds extensions by what they extend", async () => {
    const containingType = "google.protobuf.FieldOptions";
    const { messageResponse } = await ask({ case: "allExtensionNumbersOfType", value: containingType });
    expect(messageResponse).toMatchObject({
      case: "allExtensionNumbersResponse",
      value: { baseTypeName: containingType, extensionNumber: [1159, 1160] },
    });
    const files = await filesFor({
      case: "fileContainingExtension",
      value: { containingType, extensionNumber: 1159 },
    });
    expect(files[0]).toBe("buf/validate/validate.proto");
  });

  test.each<[Question]>([
    [{ case: "fileByFilename", value: "no/such.proto" }],
    [{ case: "fileContainingSymbol", value: "no.such.Thing" }],
    [{ case: "allExtensionNumbersOfType", value: "no.such.Thing" }],
    [{ case: "fileContainingExtension", value: { containingType: "no.such.Thing", extensionNumber: 1 } }],
  ])("says that it does not know, and repeats the question: %j", async (question) => {
    const { messageResponse, originalRequest } = await ask(question);
    expect(messageResponse).toMatchObject({ case: "errorResponse", value: { errorCode: Code.NotFound } });
    expect(originalRequest).toMatchObject({ host: "here", messageRequest: question });
  });
});

test.each(["grpc-v1", "grpc-v1alpha"])("buf curl over %s needs nothing but the address", async (version) => {
  const buf = (...words: string[]) =>
    run("node_modules/.bin/buf", [
      "curl",
      "--http2-prior-knowledge",
      "--reflect-protocol",
      version,
      ...words,
    ]);
  const { stdout: services } = await buf("--list-services", url);
  expect(services.trim().split("\n").toSorted()).toEqual(SERVED);
  const { stdout: answer } = await buf(
    "--protocol",
    "grpc",
    "-d",
    "{}",
    `${url}/grpc.health.v1.Health/Check`,
  );
  expect(JSON.parse(answer)).toEqual({ status: "SERVING" });
});
