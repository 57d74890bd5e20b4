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
  NO_ACTIVE_VERSION: "make one active: codeactions rollback <code> <version>",
};

/** Whatever went wrong, in one line that says what to do, and with the exit code that goes with it. */
export function explain(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof CodeActionsError)) return explainFault(error);
  if (error.reason === undefined && error.code === ErrorCode.Unavailable) return explainDistance(error);
  const fields = error.fields.map(({ field, description }) => `\n  ${field}: ${description}`).join("");
  const advice = error.reason === undefined ? undefined : ADVICE[error.reason];
  // Behind a semicolon the service says what to do, in the words of the contract.
  const message = advice === undefined ? error.message : `${error.message.replace(/;.*/s, "")}; ${advice}`;
  return new Failure(`${message}${fields}`);
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
