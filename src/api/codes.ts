import type { Code as CodeMessage, RateLimit } from "../../gen/codeactions/v1/code_pb.ts";
import {
  type CodeService,
  CodeVersionView,
  type CreateCodeRequest,
  type UpdateCodeRequest,
} from "../../gen/codeactions/v1/code_service_pb.ts";
import type { Code } from "../core/db/entities/codes.ts";
import type { CodeFields, Codes } from "../services/codes.ts";
import { effectiveLimits, type LimitSettings } from "../services/limits.ts";
import type { Secrets } from "../services/secrets.ts";
import type { Handlers } from "./handlers.ts";
import {
  codeMessage,
  codeTypeOf,
  codeVersionMessage,
  endpointAuthOf,
  given,
  isolationOf,
  languageOf,
  limitsOf,
  millisecondsOf,
  problemMessage,
  recordPayloadsOf,
  secretMessage,
} from "./messages.ts";

interface Parts {
  readonly codes: Codes;
  readonly secrets: Secrets;
  /** Where an ENDPOINT code answers plain HTTP; empty for a FLOW. */
  readonly publicUrlOf: (code: Readonly<Code>) => string;
  /** The rate limit of a code that has none of its own. */
  readonly rateLimit: { readonly requests: number; readonly windowMs: number };
  readonly limits: LimitSettings;
}

export function codeHandlers({
  codes,
  secrets,
  publicUrlOf,
  rateLimit,
  limits,
}: Parts): Handlers<typeof CodeService> {
  const shown = (code: Code): CodeMessage =>
    codeMessage(code, {
      publicUrl: publicUrlOf(code),
      rateLimit,
      limits: effectiveLimits(code.limits, code.timeoutMs, limits),
    });
  return {
    async createCode(request, call) {
      const code = await codes.create(call, {
        ...newFields(request),
        projectId: request.projectId,
        name: request.name,
        slug: request.slug,
        type: given(codeTypeOf(request.type)),
        language: given(languageOf(request.language)),
        source: request.source,
        requestId: request.requestId,
      });
      return { code: shown(code) };
    },

    async getCode({ codeId }, call) {
      return { code: shown(await codes.get(call, codeId)) };
    },

    async listCodes(request, call) {
      const { projectId, labels, showDeleted, pageSize, pageToken } = request;
      const filter = {
        projectId,
        labels,
        showDeleted,
        type: codeTypeOf(request.type),
        language: languageOf(request.language),
      };
      const page = await codes.list(call, filter, { size: pageSize, token: pageToken });
      return { codes: page.items.map(shown), nextPageToken: page.nextToken };
    },

    async updateCode(request, call) {
      const { codeId, etag, source, draft } = request;
      const { code, version } = await codes.update(call, {
        codeId,
        etag,
        source,
        draft,
        fields: changedFields(request),
      });
      return { code: shown(code), version: version && codeVersionMessage(version, false) };
    },

    async deleteCode({ codeId, etag }, call) {
      return { code: shown(await codes.delete(call, codeId, etag)) };
    },

    async undeleteCode({ codeId }, call) {
      return { code: shown(await codes.undelete(call, codeId)) };
    },

    async listCodeVersions({ codeId, pageSize, pageToken, view }, call) {
      const full = view === CodeVersionView.FULL;
      const page = await codes.listVersions(call, codeId, { size: pageSize, token: pageToken, full });
      return {
        versions: page.items.map((version) => codeVersionMessage(version, full)),
        nextPageToken: page.nextToken,
      };
    },

    async getCodeVersion({ codeId, number }, call) {
      return { version: codeVersionMessage(await codes.getVersion(call, codeId, number), true) };
    },

    async activateCodeVersion({ codeId, number, etag }, call) {
      return { code: shown(await codes.activateVersion(call, { codeId, number, etag })) };
    },

    async checkCode({ projectId, language, source }, call) {
      const problems = await codes.check(call, projectId, given(languageOf(language)), source);
      return { problems: problems.slice(0, 20).map(problemMessage) };
    },

    async putSecret({ projectId, name, value }, call) {
      return { secret: secretMessage(await secrets.put(call, { projectId, name, value })) };
    },

    async listSecrets({ projectId, pageSize, pageToken }, call) {
      const page = await secrets.list(call, projectId, { size: pageSize, token: pageToken });
      return { secrets: page.items.map(secretMessage), nextPageToken: page.nextToken };
    },

    async deleteSecret({ projectId, name }, call) {
      await secrets.delete(call, projectId, name);
      return {};
    },
  };
}

type Fields = Partial<CodeFields>;

function newFields(request: CreateCodeRequest): Fields {
  return withoutUndefined({
    description: request.description,
    labels: request.labels,
    environment: request.environment,
    egressHosts: request.egressHosts,
    ...settingsOf(request),
  });
}

function changedFields(request: UpdateCodeRequest): Fields {
  return withoutUndefined({
    name: request.name,
    slug: request.slug,
    description: request.description,
    labels: request.labels?.labels,
    type: request.type === undefined ? undefined : codeTypeOf(request.type),
    environment: request.environment?.environment,
    egressHosts: request.egressHosts?.egressHosts,
    ...settingsOf(request),
  });
}

function settingsOf(request: CreateCodeRequest | UpdateCodeRequest) {
  const { memoryLimitBytes, maxConcurrency, isolation, endpointAuth, recordPayloads } = request;
  return {
    timeoutMs: millisecondsOf(request.timeout),
    memoryLimitBytes: memoryLimitBytes === undefined ? undefined : Number(memoryLimitBytes),
    maxConcurrency,
    rateLimit: request.rateLimit && rateLimitOf(request.rateLimit),
    limits: request.limits && limitsOf(request.limits),
    isolation: isolation === undefined ? undefined : isolationOf(isolation),
    endpointAuth: endpointAuth === undefined ? undefined : endpointAuthOf(endpointAuth),
    recordPayloads: recordPayloads === undefined ? undefined : recordPayloadsOf(recordPayloads),
  };
}

function rateLimitOf({ requests, window }: RateLimit): CodeFields["rateLimit"] {
  return { requests, windowMs: given(millisecondsOf(window)) };
}

function withoutUndefined(fields: { [Name in keyof Fields]: Fields[Name] | undefined }): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields;
}
