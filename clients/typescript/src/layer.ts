import type { DescMethod } from "@bufbuild/protobuf";
import { Code, type Transport } from "@connectrpc/connect";
import { asCodeActionsError, CodeActionsError } from "./errors.ts";
import { RunnerService } from "./gen/codeactions/v1/runner_service_pb.ts";
import { withRequestId } from "./request-ids.ts";
import { retrying } from "./retries.ts";
import type { ReadySettings } from "./settings.ts";

/** A transport that can be closed: from then on its calls fail. */
export type ClosableTransport = Transport & { close(): void };

/**
 * What this package adds to every call, whatever transport is below: the token, a deadline, request ids and retries
 * where they are safe, and errors with a reason. Streams are not retried here: only who knows their cursors can.
 */
export function layered(transport: Transport, settings: ReadySettings): ClosableTransport {
  let isClosed = false;
  const headersFor = (given: ConstructorParameters<typeof Headers>[0]) => {
    if (isClosed)
      throw new CodeActionsError("the client was closed", Code.Canceled, { reason: "CALL_CANCELLED" });
    const headers = new Headers(given);
    const { token, userAgent } = settings;
    if (token !== undefined && !headers.has("authorization")) headers.set("authorization", `Bearer ${token}`);
    if (userAgent !== undefined && !headers.has("user-agent")) headers.set("user-agent", userAgent);
    return headers;
  };
  return {
    unary(method, signal, timeoutMs, header, input, contextValues) {
      const message = withRequestId(method, input);
      const call = {
        method,
        input: message,
        timeoutMs: timeoutMs ?? defaultTimeoutMs(method, settings),
        signal,
      };
      return retrying(call, (leftMs) =>
        transport.unary(method, signal, leftMs ?? 0, headersFor(header), message, contextValues),
      );
    },
    async stream(method, signal, timeoutMs, header, input, contextValues) {
      try {
        const headers = headersFor(header);
        const response = await transport.stream(method, signal, timeoutMs, headers, input, contextValues);
        return { ...response, message: translated(response.message, signal) };
      } catch (error) {
        throw asCodeActionsError(error, signal);
      }
    },
    close() {
      isClosed = true;
    },
  };
}

function defaultTimeoutMs(method: DescMethod, settings: ReadySettings): number {
  return method === RunnerService.method.runCode ? settings.runTimeoutMs : settings.timeoutMs;
}

async function* translated<Message>(
  messages: AsyncIterable<Message>,
  signal: AbortSignal | undefined,
): AsyncIterable<Message> {
  try {
    yield* messages;
  } catch (error) {
    throw asCodeActionsError(error, signal);
  }
}
