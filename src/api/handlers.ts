import type {
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { createContextKey, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { Refusal } from "../core/errors.ts";
import type { Call, Caller } from "../services/access.ts";

/**
 * What answers the methods of a service: plain functions of a checked message and the call. They know nothing of
 * protocols, so that every way in calls the same ones.
 */
export type Handlers<Service extends DescService> = {
  [Name in keyof Service["method"]]: Service["method"][Name] extends DescMethodUnary<
    infer Input,
    infer Output
  >
    ? (request: MessageShape<Input>, call: Call) => Promise<MessageInitShape<Output>>
    : Service["method"][Name] extends DescMethodServerStreaming<infer Input, infer Output>
      ? (request: MessageShape<Input>, call: Call) => AsyncIterable<MessageInitShape<Output>>
      : never;
};

/** Who is calling, put there before the body is read; absent on the services that need no token. */
export const callerKey = createContextKey<Caller | undefined>(undefined, { description: "caller" });
/** What ties a call, its log lines and its answer together. */
export const correlationKey = createContextKey<string>("", { description: "correlation id" });

/** Handlers as Connect wants them. A stream also ends when the service stops; a call is given time to be answered. */
export function asServiceImpl<Service extends DescService>(
  service: Service,
  handlers: Handlers<Service>,
  stopping: AbortSignal,
): ServiceImpl<Service> {
  const adapted = Object.entries(handlers).map(([name, handler]) => {
    const plain = handler as (request: unknown, call: Call) => unknown;
    const streams = service.method[name]?.methodKind === "server_streaming";
    const signalOf = (context: HandlerContext) =>
      streams ? AbortSignal.any([context.signal, stopping]) : context.signal;
    return [
      name,
      (request: unknown, context: HandlerContext) => plain(request, callOf(context, signalOf(context))),
    ];
  });
  return Object.fromEntries(adapted) as ServiceImpl<Service>;
}

function callOf(context: HandlerContext, signal: AbortSignal): Call {
  const caller = context.values.get(callerKey);
  if (caller === undefined) throw new Refusal("TOKEN_MISSING", MISSING_TOKEN);
  const leftMs = context.timeoutMs();
  return {
    caller,
    signal,
    deadlineMs: leftMs === undefined ? undefined : Date.now() + leftMs,
    correlationId: context.values.get(correlationKey),
  };
}

export const MISSING_TOKEN =
  "send a token as `Authorization: Bearer …`; an admin of the project makes one with CreateToken";
