import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import type { CallOptions, Client } from "@connectrpc/connect";
import type { Code, CodeVersion } from "./gen/codeactions/v1/code_pb.ts";
import type {
  CodeService,
  ListCodesRequestSchema,
  ListCodeVersionsRequestSchema,
  ListSecretsRequestSchema,
} from "./gen/codeactions/v1/code_service_pb.ts";
import type { LogEntry } from "./gen/codeactions/v1/log_pb.ts";
import type { ListLogEntriesRequestSchema, LogService } from "./gen/codeactions/v1/log_service_pb.ts";
import type { Project, Token } from "./gen/codeactions/v1/project_pb.ts";
import type {
  ListProjectsRequestSchema,
  ListTokensRequestSchema,
  ProjectService,
} from "./gen/codeactions/v1/project_service_pb.ts";
import type { Run } from "./gen/codeactions/v1/run_pb.ts";
import type {
  ListRunsRequestSchema,
  ListSchedulesRequestSchema,
  RunnerService,
} from "./gen/codeactions/v1/runner_service_pb.ts";
import type { Schedule } from "./gen/codeactions/v1/schedule_pb.ts";
import type { Secret } from "./gen/codeactions/v1/secret_pb.ts";
import { itemsOf } from "./pages.ts";

/** Every method of the contract, by its service. */
export interface Services {
  /** Stores codes and their versions, publishes and rolls back, checks sources, keeps secrets. */
  readonly codes: Client<typeof CodeService>;
  /** Runs codes and follows runs. */
  readonly runs: Client<typeof RunnerService>;
  /** Reads what runs wrote. */
  readonly logs: Client<typeof LogService>;
  /** Keeps projects and their tokens. */
  readonly projects: Client<typeof ProjectService>;
}

/** Everything that a list has, page after page, each page read when the one before it is used up. */
export interface Lists {
  /** All codes of a project, newest first. */
  listAllCodes(request: Init<typeof ListCodesRequestSchema>, options?: CallOptions): AsyncIterable<Code>;
  /** All versions of a code, newest first. */
  listAllCodeVersions(
    request: Init<typeof ListCodeVersionsRequestSchema>,
    options?: CallOptions,
  ): AsyncIterable<CodeVersion>;
  /** All secrets of a project, without their values, in the order of their names. */
  listAllSecrets(
    request: Init<typeof ListSecretsRequestSchema>,
    options?: CallOptions,
  ): AsyncIterable<Secret>;
  /** All runs of a project or a code, newest first. */
  listAllRuns(request: Init<typeof ListRunsRequestSchema>, options?: CallOptions): AsyncIterable<Run>;
  /** All schedules of a project or a code, without their inputs, newest first. */
  listAllSchedules(
    request: Init<typeof ListSchedulesRequestSchema>,
    options?: CallOptions,
  ): AsyncIterable<Schedule>;
  /** All log entries of a run, a code or a project that are kept by now, oldest first unless asked otherwise. */
  listAllLogEntries(
    request: Init<typeof ListLogEntriesRequestSchema>,
    options?: CallOptions,
  ): AsyncIterable<LogEntry>;
  /** All projects the token has a role in, newest first. */
  listAllProjects(
    request?: Init<typeof ListProjectsRequestSchema>,
    options?: CallOptions,
  ): AsyncIterable<Project>;
  /** All tokens of a project, without their secrets, newest first. */
  listAllTokens(request: Init<typeof ListTokensRequestSchema>, options?: CallOptions): AsyncIterable<Token>;
}

type Init<Schema extends DescMessage> = MessageInitShape<Schema>;

/** Reads lists with the methods that answer in pages. */
export function listsOver({ codes, runs, logs, projects }: Services): Lists {
  return {
    listAllCodes: (request, options) =>
      itemsOf(
        request,
        (page) => codes.listCodes(page, options),
        (answer) => answer.codes,
      ),
    listAllCodeVersions: (request, options) =>
      itemsOf(
        request,
        (page) => codes.listCodeVersions(page, options),
        (answer) => answer.versions,
      ),
    listAllSecrets: (request, options) =>
      itemsOf(
        request,
        (page) => codes.listSecrets(page, options),
        (answer) => answer.secrets,
      ),
    listAllRuns: (request, options) =>
      itemsOf(
        request,
        (page) => runs.listRuns(page, options),
        (answer) => answer.runs,
      ),
    listAllSchedules: (request, options) =>
      itemsOf(
        request,
        (page) => runs.listSchedules(page, options),
        (answer) => answer.schedules,
      ),
    listAllLogEntries: (request, options) =>
      itemsOf(
        request,
        (page) => logs.listLogEntries(page, options),
        (answer) => answer.entries,
      ),
    listAllProjects: (request = {}, options) =>
      itemsOf(
        request,
        (page) => projects.listProjects(page, options),
        (answer) => answer.projects,
      ),
    listAllTokens: (request, options) =>
      itemsOf(
        request,
        (page) => projects.listTokens(page, options),
        (answer) => answer.tokens,
      ),
  };
}
