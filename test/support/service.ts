import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import {
  type Client,
  Code,
  ConnectError,
  createClient,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { CodeType, Language } from "../../gen/codeactions/v1/code_pb.ts";
import { CodeService } from "../../gen/codeactions/v1/code_service_pb.ts";
import { LogService } from "../../gen/codeactions/v1/log_service_pb.ts";
import { ProjectService } from "../../gen/codeactions/v1/project_service_pb.ts";
import { RunnerService } from "../../gen/codeactions/v1/runner_service_pb.ts";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import { type App, type Shape, startApp } from "../../src/app.ts";
import { readConfig } from "../../src/core/config.ts";
import { newDatabase } from "./database.ts";
import { goFolder } from "./go-folder.ts";
import { createGrpcJsTransport } from "./grpc-js-transport.ts";
import { silent } from "./silent-log.ts";

export const OPERATOR_TOKEN = "operator-token-of-the-tests";

/** How a client can speak to the service; the same story is played through all of them. */
export const PROTOCOLS = ["connect", "connect over HTTP/2", "grpc", "grpc-web", "grpc-js"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export interface Clients {
  readonly codes: Client<typeof CodeService>;
  readonly runs: Client<typeof RunnerService>;
  readonly logs: Client<typeof LogService>;
  readonly projects: Client<typeof ProjectService>;
}

/** A service of the test's own: real database, real jails, a free port. */
export interface Service extends AsyncDisposable {
  readonly app: App;
  readonly url: string;
  readonly databaseUrl: string;
  /** Clients with the operator's token, or another one, or (null) none. */
  clients(protocol?: Protocol, token?: string | null): Clients;
}

export async function startService(settings: Record<string, string> = {}, shape?: Shape): Promise<Service> {
  const folder = await mkdtemp(join(tmpdir(), "code-actions-test-"));
  const databaseUrl = settings.DATABASE_URL ?? (await newDatabase());
  const config = readConfig({
    CODEACTIONS_PORT: "0",
    CODEACTIONS_DATA_DIR: folder,
    CODEACTIONS_BOOTSTRAP_TOKEN: OPERATOR_TOKEN,
    CODEACTIONS_DATABASE_CONNECTIONS: "6",
    CODEACTIONS_DRAIN_MS: "1000",
    CODEACTIONS_GO_DIR: goFolder,
    DATABASE_URL: databaseUrl,
    ...settings,
  });
  const app = await startApp(config, silent, shape).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const open: Disposable[] = [];
  return {
    app,
    url: app.url,
    databaseUrl,
    clients(protocol = "connect", token = OPERATOR_TOKEN) {
      const transport = transportFor(protocol, app.url, token ?? undefined);
      if (Symbol.dispose in transport) open.push(transport as unknown as Disposable);
      return clientsOver(transport);
    },
    async [Symbol.asyncDispose]() {
      for (const client of open) client[Symbol.dispose]();
      await app[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function clientsOver(transport: Transport): Clients {
  return {
    codes: createClient(CodeService, transport),
    runs: createClient(RunnerService, transport),
    logs: createClient(LogService, transport),
    projects: createClient(ProjectService, transport),
  };
}

export function transportFor(protocol: Protocol, baseUrl: string, token: string | undefined): Transport {
  const authorize: Interceptor = (next) => (request) => {
    if (token !== undefined) request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  const options = { baseUrl, interceptors: [authorize] };
  switch (protocol) {
    case "connect":
      return createConnectTransport({ ...options, httpVersion: "1.1", useHttpGet: true });
    case "connect over HTTP/2":
      return createConnectTransport({ ...options, httpVersion: "2", useBinaryFormat: true });
    case "grpc":
      return createGrpcTransport(options);
    case "grpc-web":
      return createGrpcWebTransport({ ...options, httpVersion: "1.1" });
    case "grpc-js":
      return createGrpcJsTransport({ address: new URL(baseUrl).host, token });
  }
}

/** The same small code in every language: answers with the body it got, a status and a header, and logs. */
export const ECHO: Record<"python" | "javascript" | "typescript" | "go", string> = {
  python: `def Run(engine):
    print("printed")
    engine.log.warning("logged")
    engine.result.set(engine.raw_body, 201, "application/x-echo", headers={"X-Method": engine.request.method, "X-Q": engine.params.get("q") or ""})
`,
  javascript: `export async function Run(engine) {
  console.log("printed");
  engine.log.warning("logged");
  engine.result.set(engine.rawBody, 201, "application/x-echo", { "X-Method": engine.request.method, "X-Q": engine.params.get("q") ?? "" });
}
`,
  typescript: `enum Status { Created = 201 }
export async function Run(engine: any): Promise<void> {
  console.log("printed");
  engine.log.warning("logged");
  engine.result.set(engine.rawBody, Status.Created, "application/x-echo", { "X-Method": engine.request.method, "X-Q": engine.params.get("q") ?? "" });
}
`,
  go: `package action

import (
	"fmt"

	"codeactions/engine"
)

func Run(e *engine.Engine) error {
	fmt.Println("printed")
	e.Log.Warning("logged")
	e.Result.Header().Set("X-Method", e.Request.Method)
	e.Result.Header().Set("X-Q", e.Params.Get("q"))
	e.Result.Set(e.RawBody, 201, "application/x-echo")
	return nil
}
`,
};

export const LANGUAGE_NUMBERS = {
  python: Language.PYTHON,
  javascript: Language.JAVASCRIPT,
  typescript: Language.TYPESCRIPT,
  go: Language.GO,
} as const;

export async function newProject({ projects }: Clients, name = "tests"): Promise<string> {
  const { project } = await projects.createProject({ name });
  return project!.id;
}

/** A code with the given source; more fields as the contract has them. */
export async function newCode(
  { codes }: Clients,
  projectId: string,
  source: string,
  fields: Partial<Parameters<Clients["codes"]["createCode"]>[0]> = {},
): Promise<{ id: string; slug: string }> {
  const base = { projectId, name: "a code", type: CodeType.ENDPOINT, language: Language.PYTHON, source };
  const { code } = await codes.createCode({ ...base, ...fields } as Parameters<
    Clients["codes"]["createCode"]
  >[0]);
  return { id: code!.id, slug: code!.slug };
}

/** What a call was refused with: code, reason, the fields it names and when to come back. */
export async function refusalOf(call: Promise<unknown> | AsyncIterable<unknown>): Promise<{
  code: string;
  reason: string | undefined;
  fields: string[];
  metadata: Record<string, string>;
  retry: boolean;
  message: string;
}> {
  try {
    if (Symbol.asyncIterator in call) for await (const _ of call);
    else await call;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const info = detailOf(error, ErrorInfoSchema);
    return {
      code: Code[error.code],
      reason: info?.reason,
      fields: detailOf(error, BadRequestSchema)?.fieldViolations.map((violation) => violation.field) ?? [],
      metadata: info?.metadata ?? {},
      retry: detailOf(error, RetryInfoSchema) !== undefined,
      message: error.rawMessage,
    };
  }
  throw new Error("the call was not refused");
}

/** A typed detail of an error; grpc-js leaves them in the trailer, undecoded. */
function detailOf<Schema extends typeof ErrorInfoSchema | typeof BadRequestSchema | typeof RetryInfoSchema>(
  error: ConnectError,
  schema: Schema,
) {
  const [found] = error.findDetails(schema as typeof ErrorInfoSchema) as never[];
  if (found !== undefined) return found as ReturnType<typeof fromBinary<Schema>>;
  const trailer = error.metadata.get("grpc-status-details-bin");
  if (trailer === null) return undefined;
  const packed = fromBinary(StatusSchema, Buffer.from(trailer, "base64")).details;
  const value = packed.find((any) => any.typeUrl.endsWith(`/${schema.typeName}`))?.value;
  return value === undefined
    ? undefined
    : (fromBinary(schema, value) as ReturnType<typeof fromBinary<Schema>>);
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}
