import type { DescMethod } from "@bufbuild/protobuf";
import type { CallOptions, Transport } from "@connectrpc/connect";
import { asCodeActionsError, givenUp } from "./errors.ts";
import { RunnerService } from "./gen/codeactions/v1/runner_service_pb.ts";
import { withRequestId } from "./request-ids.ts";
import { retrying } from "./retries.ts";
import type { ReadySettings } from "./settings.ts";
import { linkedTo } from "./signals.ts";

/**
 * What this package adds to every call, whatever transport is below: the token, a deadline, request ids and retries
 * where they are safe, and errors with a reason. All ends when `closed` is aborted. Streams are not retried here: only
 * who knows their cursors can.
 */
export function layered(transport: Transport, settings: ReadySettings, closed: AbortSignal): Transport {
  const headersFor = (given: CallOptions["headers"]) => {
    const headers = new Headers(given);
    const { token, userAgent } = settings;
    if (token !== undefined && !headers.has("authorization")) headers.set("authorization", `Bearer ${token}`);
    if (userAgent !== undefined && !headers.has("user-agent")) headers.set("user-agent", userAgent);
    return headers;
  };
  return {
    async unary(method, signal, timeoutMs, header, input, contextValues) {
      const message = withRequestId(method, input);
      const ending = linkedTo(signal, closed);
      const call = {
        method,
        input: message,
        timeoutMs: timeoutMs ?? defaultTimeoutMs(method, settings),
        signal: ending.signal,
      };
      try {
        return await retrying(call, (leftMs) =>
          transport.unary(method, ending.signal, leftMs ?? 0, headersFor(header), message, contextValues),
        );
      } finally {
        ending.abort();
      }
    },
    stream(method, signal, timeoutMs, header, input, contextValues) {
      const ending = linkedTo(signal, closed);
      const open = async () => {
        if (ending.signal.aborted) throw givenUp(ending.signal);
        const headers = headersFor(header);
        const response = await transport.stream(
          method,
          ending.signal,
          timeoutMs,
          headers,
          input,
          contextValues,
        );
        return { ...response, message: translated(response.message, ending) };
      };
      const opened = open().catch((thrown) => {
        const error = asCodeActionsError(thrown, ending.signal);
        ending.abort();
        throw error;
      });
      // Whoever does not read a stream never hears that it failed, and a failure that nobody hears ends the process.
      opened.catch(() => {});
      return opened;
    },
  };
}

function defaultTimeoutMs(method: DescMethod, settings: ReadySettings): number {
  return method === RunnerService.method.runCode ? settings.runTimeoutMs : settings.timeoutMs;
}

async function* translated<Message>(
  messages: AsyncIterable<Message>,
  ending: AbortController,
): AsyncIterable<Message> {
  try {
    yield* messages;
  } catch (error) {
    throw asCodeActionsError(error, ending.signal);
  } finally {
    ending.abort();
  }
}
