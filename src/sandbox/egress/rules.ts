import { isIP, isIPv4 } from "node:net";
import { domainToASCII } from "node:url";
import ipaddr from "ipaddr.js";

/** Where a code may connect to: one entry of its `egress_hosts`. */
export interface HostPattern {
  /** `*`, `*.example.org`, or a host as `readHost` gives it. */
  readonly host: string;
  readonly ports: readonly number[];
}

/** Who a connection is meant for. */
export interface Target {
  /** As `readHost` gives it. */
  readonly host: string;
  readonly port: number;
}

/** A pattern or a range that cannot be understood; its message says what is accepted. */
export class RuleProblem extends Error {
  override name = "RuleProblem";
}

/** What is meant by a pattern without a port. */
const USUAL_PORTS: readonly number[] = [80, 443];
const NAME_CHARACTERS_MAX = 253;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * Reads `api.example.org`, `*.example.org` (every subdomain, however deep, and not the domain itself), an IPv4 address,
 * an IPv6 address in brackets, or `*` for any host; each may be followed by `:port`, and without one 80 and 443 are
 * meant. Names may be international. Throws `RuleProblem`.
 */
export function parseHostPattern(text: string): HostPattern {
  const accepted =
    "accepted are api.example.org, *.example.org, 192.0.2.1, [2001:db8::1] and *, with or without :port";
  const fail = (why: string) => new RuleProblem(`${JSON.stringify(text.slice(0, 300))} ${why}; ${accepted}`);
  if (/:\/\//.test(text)) throw fail("is a URL and not a host");
  if (/[/?#\\]/.test(text)) throw fail("has a path, and hosts are allowed as a whole");
  if (text.includes("@")) throw fail("has a user name");
  if (isIP(text) === 6) throw fail("is an IPv6 address without brackets");
  const [, name = "", digits] = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (name === "") throw fail("is not a host");
  const port = digits === undefined ? undefined : readPort(digits);
  if (digits !== undefined && port === undefined) throw fail("has a port outside of 1 to 65535");
  const ports = port === undefined ? USUAL_PORTS : [port];
  if (name === "*") return { host: "*", ports };
  if (/[.\u3002\uff0e\uff61]$/.test(name)) throw fail("ends with a dot");
  const domain = name.startsWith("*.") ? name.slice(2) : undefined;
  if ((domain ?? name).includes("*")) throw fail("has a * elsewhere than in front of a dot at its beginning");
  const host = readHost(domain ?? name);
  if (host === undefined) throw fail("is not a host");
  if (isIP(host) === 0) return { host: domain === undefined ? host : `*.${host}`, ports };
  if (domain !== undefined) throw fail("has a * in front of an address");
  // Who allows 0177.0.0.1 may not have meant 127.0.0.1.
  if (isIPv4(host) && host !== name) throw fail(`is another spelling of ${host}`);
  return { host, ports };
}

export function isHostAllowed(patterns: readonly HostPattern[], host: string, port: number): boolean {
  return patterns.some((pattern) => pattern.ports.includes(port) && matches(pattern.host, host));
}

/** Whether everything that one pattern allows is allowed by a wider one. */
export function coversPattern(wider: HostPattern, pattern: HostPattern): boolean {
  if (!pattern.ports.every((port) => wider.ports.includes(port))) return false;
  return wider.host === pattern.host || matches(wider.host, pattern.host);
}

function matches(pattern: string, host: string): boolean {
  if (pattern === "*") return true;
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) && isIP(host) === 0 : host === pattern;
}

/**
 * The one spelling of a host, as URLs have it: lower case, punycode, without a last dot, addresses in their usual
 * form and without brackets; undefined when it is none.
 */
export function readHost(text: string): string | undefined {
  // These would end the host, or be decoded into something else.
  if (/[\s/\\?#@%<>^|]/.test(text) || text.length > 1000) return undefined;
  if (text.startsWith("["))
    return isIP(text.slice(1, -1)) === 6 && text.endsWith("]") ? readAddress(text) : undefined;
  if (/[:[\]]/.test(text)) return undefined;
  const host = domainToASCII(text).replace(/\.$/, "");
  if (isIPv4(host)) return host;
  if (host.length > NAME_CHARACTERS_MAX) return undefined;
  return host.split(".").every((label) => LABEL.test(label)) ? host : undefined;
}

function readAddress(bracketed: string): string | undefined {
  return domainToASCII(bracketed).slice(1, -1) || undefined;
}

export function readPort(digits: string): number | undefined {
  const port = Number(digits);
  return Number.isInteger(port) && port >= 1 && port <= 65535 ? port : undefined;
}

/** A host and its port as they are written in a URL. */
export function writeTarget({ host, port }: Target): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Addresses that are reachable although they are not public. */
export type Ranges = readonly (readonly [network: Address, prefixBits: number])[];

/** Reads networks as `10.1.0.0/16` or `fd00::/8`. Throws `RuleProblem`. */
export function parseRanges(texts: readonly string[]): Ranges {
  return texts.map((text) => {
    if (!ipaddr.isValidCIDR(text) || isIP(text.split("/")[0]!) === 0) {
      throw new RuleProblem(`${JSON.stringify(text)} is no network; accepted are 10.1.0.0/16 and fd00::/8`);
    }
    return ipaddr.parseCIDR(text);
  });
}

/** Where clouds tell machines who they are, often with credentials; some of them look like anybody's address. */
const METADATA = [
  "169.254.169.254",
  "169.254.170.2",
  "169.254.170.23",
  "100.100.100.200",
  "168.63.129.16",
].concat(["192.0.0.192", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"]);

const KINDS: Readonly<Record<string, string>> = {
  unspecified: "an unspecified address",
  broadcast: "a broadcast address",
  multicast: "a multicast address",
  linkLocal: "a link-local address",
  loopback: "a loopback address",
  private: "a private address",
  carrierGradeNat: "a carrier's internal address",
  uniqueLocal: "a private address",
  deprecatedSiteLocal: "a private address",
  "6to4": "an address that hides an IPv4 address",
  teredo: "an address that hides an IPv4 address",
  rfc6145: "an address that hides an IPv4 address",
};

const PUBLIC_IPV6 = ipaddr.parseCIDR("2000::/3");
const NAT64 = ipaddr.parseCIDR("64:ff9b::/96");

/**
 * Says what kind of address it is that no code may reach, or nothing where it may: it is a public one, or in one of
 * the ranges. A metadata address is reachable only where a range names it alone. What is not an address is forbidden.
 */
export function findForbidden(text: string, allowed: Ranges): string | undefined {
  if (isIP(text) === 0 || text.includes("%")) return "no address that could be checked";
  // The library takes ::10.0.0.1 for ::ffff:10.0.0.1, which the kernel does not: it gets to see one spelling only.
  const address = unwrap(ipaddr.parse(isIPv4(text) ? text : readAddress(`[${text}]`)!));
  const isMetadata = METADATA.some((other) => ipaddr.parse(other).toString() === address.toString());
  const wholeBits = address.kind() === "ipv4" ? 32 : 128;
  const isAllowed = allowed.some(
    ([network, bits]) =>
      network.kind() === address.kind() &&
      (!isMetadata || bits === wholeBits) &&
      address.match(network, bits),
  );
  if (isAllowed) return undefined;
  if (isMetadata) return "a cloud's metadata address";
  const range = address.range();
  if (range !== "unicast") return KINDS[range] ?? "a reserved address";
  // There are addresses elsewhere that are nobody's, and old ways of writing an IPv4 address.
  if (address.kind() === "ipv6" && !address.match(...PUBLIC_IPV6)) return "a reserved address";
  return undefined;
}

/** An IPv4 address that is written as IPv6 reaches the same machine, as does one behind the well-known translator. */
function unwrap(address: Address): Address {
  if (address instanceof ipaddr.IPv4) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  return address.match(...NAT64) ? new ipaddr.IPv4(address.toByteArray().slice(12)) : address;
}
