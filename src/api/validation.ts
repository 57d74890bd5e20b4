import type { DescMessage, Message } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import type { Interceptor } from "@connectrpc/connect";
import { Refusal } from "../core/errors.ts";

/** Throws the refusal of a message that breaks a rule of the contract. */
export type Check = (schema: DescMessage, message: Message) => void;

export function contractRules(): Check {
  const validator = createValidator();
  return (schema, message) => {
    const result = validator.validate(schema, message);
    if (result.kind === "valid") return;
    // A rule that cannot be evaluated is a fault of the contract, so of ours.
    if (result.kind === "error") throw result.error;
    throw refusalFor(result.violations);
  };
}

/** Enforces the rules that stand in the contract, before any handler sees the message. */
export function validationInterceptor(check: Check): Interceptor {
  return (next) => (request) => {
    if (!request.stream) {
      check(request.method.input, request.message);
      return next(request);
    }
    const { input } = request.method;
    return next({ ...request, message: checked(request.message, (message) => check(input, message)) });
  };
}

async function* checked<Checked>(
  messages: AsyncIterable<Checked>,
  check: (message: Checked) => void,
): AsyncIterable<Checked> {
  for await (const message of messages) {
    check(message);
    yield message;
  }
}

function refusalFor(violations: readonly Violation[]): Refusal {
  const fields = violations.map(({ field, message }) => ({
    field: field.length === 0 ? "request" : pathToString(field),
    description: message,
  }));
  const first = fields[0]!;
  return new Refusal(
    "FIELD_INVALID",
    `${first.field}: ${first.description}`,
    { field: first.field },
    { fields },
  );
}
