import { connect, isIP, type Socket } from "node:net";
import type { Lookup } from "./lookup.ts";
import { findForbidden, type Ranges, type Target, writeTarget } from "./rules.ts";
import { type Connection, Refusal } from "./run.ts";

export interface Way {
  readonly lookup: Lookup;
  readonly allowedRanges: Ranges;
  readonly connectMs: number;
}

/** A network that is slow to answer is not one that does not answer. */
const ATTEMPT_MS = 1000;

/** Connects to a target for a guest. Throws `Refusal`; reports nothing. */
export async function dial(target: Target, way: Way, connection: Connection): Promise<Socket> {
  const upstream = await reach(target, way, connection.over);
  connection.connected(upstream);
  return upstream;
}

/**
 * Asks once for a host's addresses, looks at every one of them, and connects to one of these and nothing else: what
 * the name means a moment later does not matter. Throws `Refusal`.
 */
export async function reach(target: Target, way: Way, over: AbortSignal): Promise<Socket> {
  const name = writeTarget(target);
  const late = AbortSignal.timeout(way.connectMs);
  const signal = AbortSignal.any([over, late]);
  const unreachable = (why: string) => new Refusal(502, `${name} cannot be reached: ${why}`);
  const tooLate = () => unreachable(`there was no answer within ${way.connectMs / 1000} s`);
  const addresses = await findAddresses(target.host, way.lookup, signal).catch((error: unknown) => {
    throw late.aborted ? tooLate() : unreachable(wordsOf(error));
  });
  for (const address of addresses) {
    const kind = findForbidden(address, way.allowedRanges);
    if (kind !== undefined)
      throw new Refusal(403, `${name} is at ${address}, ${kind}, which no code may reach`);
  }
  return open(addresses, target.port, signal).catch((error: unknown) => {
    throw late.aborted ? tooLate() : unreachable(wordsOf(error));
  });
}

async function findAddresses(host: string, lookup: Lookup, signal: AbortSignal): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  const addresses = await unlessAborted(lookup(host, signal), signal);
  if (addresses.length === 0) throw new Error("it has no address");
  return addresses;
}

function open(addresses: readonly string[], port: number, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  if (signal.aborted) return Promise.reject(new Error("it was given up"));
  const known = addresses.map((address) => ({ address, family: isIP(address) }));
  const socket = connect({
    // Never asked for: what it would be resolved to is given below.
    host: "checked.invalid",
    port,
    lookup: (_name, _options, callback) => callback(null, known),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
    allowHalfOpen: true,
    noDelay: true,
  });
  const abort = () => socket.destroy(new Error("it was given up"));
  signal.addEventListener("abort", abort);
  // It stays: a later error is for whoever uses the socket then, and never ends the service.
  socket.on("error", reject);
  socket.once("connect", () => resolve(socket));
  return promise.finally(() => signal.removeEventListener("abort", abort));
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", abort));
}

/** An error of several attempts says nothing itself. */
function wordsOf(error: unknown): string {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : String(first);
}
