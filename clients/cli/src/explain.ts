import { CodeActionsError, ErrorCode } from "../../typescript/src/node.ts";
import { EXIT, Failure } from "./failure.ts";

/** What to do about a refusal, where its own message does not say it in the words of the command line. */
const ADVICE: Readonly<Record<string, string>> = {
  TOKEN_MISSING: "log in: codeactions login",
  TOKEN_INVALID: "log in with another token: codeactions login",
  PROJECT_NOT_FOUND: "see codeactions projects",
  CODE_NOT_FOUND: "see codeactions codes",
  VERSION_NOT_FOUND: "see codeactions versions <code>",
  RUN_NOT_FOUND: "see codeactions runs",
  SECRET_NOT_FOUND: "see codeactions secrets",
  TOKEN_NOT_FOUND: "see codeactions tokens",
  ETAG_MISMATCH: "somebody else changed it meanwhile: look at it, and do it again",
  SCHEDULE_NOT_FOUND: "see codeactions schedules",
  INPUT_NOT_KEPT: "give it anew: codeactions start <code>",
  CODE_QUARANTINED: "codeactions pool lift <code> <version> has it tried at once",
  NOT_QUARANTINED: "see codeactions pool",
  NO_ACTIVE_VERSION: "make one active: codeactions rollback <code> <version>",
};

/** Fields of the contract whose option has another name than their last word. */
const FLAGS: Readonly<Record<string, string>> = {
  "callback.url": "--callback",
  "callback.secret": "--callback-secret",
  catch_up_window: "--catch-up",
  expire_time: "--expires",
  "input.headers": "--header",
  "input.query": "--param",
  statuses: "--status",
  triggers: "--trigger",
};

/**
 * Whatever went wrong, in one line that says what to do, and with the exit code that goes with it. `flags` are the
 * options that the command has: a field that one of them stands for is named by it.
 */
export function explain(error: unknown, flags: readonly string[] = []): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof CodeActionsError)) return explainFault(error);
  if (error.reason === undefined && error.code === ErrorCode.Unavailable) return explainDistance(error);
  const fields = error.fields.map(({ field, description }) => `${named(field, flags)}: ${description}`);
  const [only] = error.fields;
  // What is said of a single field is often all that is said.
  if (fields.length === 1 && error.message === `${only!.field}: ${only!.description}`)
    return new Failure(fields[0]!);
  const advice = error.reason === undefined ? undefined : ADVICE[error.reason];
  // Behind a semicolon the service says what to do, in the words of the contract.
  const message = advice === undefined ? error.message : `${error.message.replace(/;.*/s, "")}; ${advice}`;
  return new Failure([message, ...fields].join("\n  "));
}

/** `--param (input.query[0].name)`, where the command has that option. */
function named(field: string, flags: readonly string[]): string {
  const path = field.replaceAll(/\[[^\]]*\]/g, "");
  const [, other] = Object.entries(FLAGS).find(([start]) => `${path}.`.startsWith(`${start}.`)) ?? [];
  const flag = other ?? `--${path.split(".").at(-1)!.replaceAll("_", "-")}`;
  return flags.includes(flag) ? `${flag} (${field})` : field;
}

/** The way to the service is broken, or leads elsewhere. */
function explainDistance(error: CodeActionsError): Failure {
  const said = causesOf(error).join(": ");
  const [, place] = /(?:connect ECONNREFUSED|getaddrinfo \w+) ([^\s:]+(?::\d+)?)/.exec(said) ?? [];
  const start =
    "start one with `codeactions serve`, or log in to another: codeactions login --address <address>";
  if (/ECONNREFUSED/.test(said))
    return new Failure(`no service answers at ${place ?? "this address"}; ${start}`, EXIT.unreachable);
  if (/ENOTFOUND|EAI_AGAIN/.test(said))
    return new Failure(
      `the host ${place ?? ""} cannot be found; look at the address: codeactions contexts`,
      EXIT.unreachable,
    );
  if (/certificate|self-signed|CERT_/i.test(said))
    return new Failure(
      `the service's certificate is not trusted (${said}); name its authority's file in NODE_EXTRA_CA_CERTS`,
      EXIT.unreachable,
    );
  return new Failure(
    `${error.message}; is the address right (codeactions contexts), http:// or https://?`,
    EXIT.unreachable,
  );
}

function causesOf(error: unknown): string[] {
  const said: string[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) said.push(cause.message);
  return said;
}

/** An error of the operating system has all it takes in its message; anything else is a fault of ours. */
function explainFault(error: unknown): Failure {
  if (!(error instanceof Error)) return new Failure(String(error));
  return new Failure("syscall" in error ? error.message : (error.stack ?? error.message));
}
