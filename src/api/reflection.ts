import {
  type DescExtension,
  type DescFile,
  type DescMessage,
  type DescService,
  toBinary,
} from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectRouter } from "@connectrpc/connect";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import {
  ServerReflection,
  type ServerReflectionRequest,
} from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import {
  ServerReflection as ServerReflectionAlpha,
  type ServerReflectionRequest as ServerReflectionRequestAlpha,
} from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";

/**
 * `grpc.reflection` in both its versions, which say the same: what is served here, described by the descriptors it
 * was generated from. Needs no token, so that `buf curl` and `grpcurl` need no file.
 */
export function reflectionRoutes(
  router: ConnectRouter,
  services: readonly DescService[],
  shutdownSignal: AbortSignal,
): void {
  const catalog = new DescriptorCatalog([...services, Health, ServerReflection, ServerReflectionAlpha]);
  async function* answer(requests: AsyncIterable<ServerReflectionRequest | ServerReflectionRequestAlpha>) {
    for await (const { host, messageRequest } of requests) {
      // The versions differ in the names of their packages only; what is handed over has the same shape in both.
      const asked = messageRequest as ServerReflectionRequest["messageRequest"];
      yield {
        validHost: host,
        originalRequest: { host, messageRequest } as never,
        messageResponse: catalog.answer(asked),
      };
    }
  }
  router.service(ServerReflection, { serverReflectionInfo: answer }, { shutdownSignal });
  router.service(ServerReflectionAlpha, { serverReflectionInfo: answer }, { shutdownSignal });
}

/** The files behind the served services, found by their names and by what they define. */
class DescriptorCatalog {
  readonly #services: readonly DescService[];
  readonly #files = new Map<string, DescFile>();
  readonly #fileOf = new Map<string, DescFile>();
  readonly #extensions = new Map<string, Map<number, DescExtension>>();

  constructor(services: readonly DescService[]) {
    this.#services = services;
    for (const service of services) this.#add(service.file);
  }

  answer(request: ServerReflectionRequest["messageRequest"]) {
    switch (request.case) {
      case "listServices":
        return {
          case: "listServicesResponse" as const,
          value: { service: this.#services.map(({ typeName }) => ({ name: typeName })) },
        };
      case "fileByFilename":
        return withDependencies(this.#files.get(request.value), request.value);
      case "fileContainingSymbol":
        return withDependencies(this.#fileOf.get(request.value), request.value);
      case "fileContainingExtension": {
        const { containingType, extensionNumber } = request.value;
        const extension = this.#extensions.get(containingType)?.get(extensionNumber);
        return withDependencies(extension?.file, `extension ${extensionNumber} of ${containingType}`);
      }
      case "allExtensionNumbersOfType": {
        const numbers = [...(this.#extensions.get(request.value)?.keys() ?? [])];
        if (numbers.length === 0 && !this.#fileOf.has(request.value)) return notFound(request.value);
        return {
          case: "allExtensionNumbersResponse" as const,
          value: { baseTypeName: request.value, extensionNumber: numbers },
        };
      }
      default:
        return refused(Code.InvalidArgument, "the request asks for nothing");
    }
  }

  #add(file: DescFile): void {
    if (this.#files.has(file.proto.name)) return;
    this.#files.set(file.proto.name, file);
    for (const dependency of file.dependencies) this.#add(dependency);
    for (const service of file.services) {
      this.#fileOf.set(service.typeName, file);
      for (const method of service.methods) this.#fileOf.set(`${service.typeName}.${method.name}`, file);
    }
    for (const type of nestedTypes(file)) {
      this.#fileOf.set(type.typeName, file);
      if (type.kind === "extension") this.#addExtension(type);
      if (type.kind === "message") this.#addFields(type, file);
    }
  }

  #addFields(message: DescMessage, file: DescFile): void {
    for (const field of message.fields) this.#fileOf.set(`${message.typeName}.${field.name}`, file);
  }

  #addExtension(extension: DescExtension): void {
    const numbers = this.#extensions.get(extension.extendee.typeName) ?? new Map<number, DescExtension>();
    this.#extensions.set(extension.extendee.typeName, numbers.set(extension.number, extension));
  }
}

/** A file and all that it imports, so that the caller needs to ask once. */
function withDependencies(file: DescFile | undefined, asked: string) {
  if (file === undefined) return notFound(asked);
  const files = new Set<DescFile>();
  const visit = (visited: DescFile) => {
    if (files.has(visited)) return;
    files.add(visited);
    visited.dependencies.forEach(visit);
  };
  visit(file);
  const fileDescriptorProto = [...files].map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
  return { case: "fileDescriptorResponse" as const, value: { fileDescriptorProto } };
}

function notFound(asked: string) {
  return refused(Code.NotFound, `nothing here is called ${asked}`);
}

function refused(errorCode: Code, errorMessage: string) {
  return { case: "errorResponse" as const, value: { errorCode, errorMessage } };
}
