import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  findForbidden,
  isHostAllowed,
  parseHostPattern,
  parseRanges,
  RuleProblem,
  readHost,
} from "../../src/sandbox/egress/rules.ts";

describe("a pattern", () => {
  test.each([
    ["api.example.org", { host: "api.example.org", ports: [80, 443] }],
    ["API.Example.ORG:8443", { host: "api.example.org", ports: [8443] }],
    ["*.example.org", { host: "*.example.org", ports: [80, 443] }],
    ["*.Bücher.example:443", { host: "*.xn--bcher-kva.example", ports: [443] }],
    ["bücher.example", { host: "xn--bcher-kva.example", ports: [80, 443] }],
    ["api。example．org", { host: "api.example.org", ports: [80, 443] }],
    ["localhost:8080", { host: "localhost", ports: [8080] }],
    ["_dmarc.example.org", { host: "_dmarc.example.org", ports: [80, 443] }],
    ["192.0.2.1", { host: "192.0.2.1", ports: [80, 443] }],
    ["192.0.2.1:5432", { host: "192.0.2.1", ports: [5432] }],
    ["[2001:DB8::0:1]", { host: "2001:db8::1", ports: [80, 443] }],
    ["[2001:db8::1]:8443", { host: "2001:db8::1", ports: [8443] }],
    ["*", { host: "*", ports: [80, 443] }],
    ["*:22", { host: "*", ports: [22] }],
  ])("%s is understood", (text, pattern) => {
    expect(parseHostPattern(text)).toEqual(pattern);
  });

  test.each([
    ["", /is not a host/],
    [" ", /is not a host/],
    ["https://api.example.org", /is a URL/],
    ["api.example.org/v1", /has a path/],
    ["api.example.org?x", /has a path/],
    ["api.example.org\\x", /has a path/],
    ["me@api.example.org", /has a user name/],
    ["api.example.org.", /ends with a dot/],
    ["api.example.org。", /ends with a dot/],
    ["*.example.org.:443", /ends with a dot/],
    ["api.example.org:0", /port outside/],
    ["api.example.org:65536", /port outside/],
    ["api.example.org:", /is not a host/],
    ["api.example.org:80:80", /is not a host/],
    ["api..example.org", /is not a host/],
    [".example.org", /is not a host/],
    ["-api.example.org", /is not a host/],
    ["api.example.org\n", /is not a host/],
    ["a b.example.org", /is not a host/],
    ["api%2eexample.org", /is not a host/],
    ["*api.example.org", /has a \* elsewhere/],
    ["api.*.org", /has a \* elsewhere/],
    ["**", /has a \* elsewhere/],
    ["*.", /ends with a dot/],
    ["*.*.org", /has a \* elsewhere/],
    ["*.192.0.2.1", /in front of an address/],
    ["2001:db8::1", /without brackets/],
    ["[2001:db8::1", /is not a host/],
    ["[fe80::1%25eth0]", /is not a host/],
    ["[192.0.2.1]", /is not a host/],
    ["2130706433", /another spelling of 127\.0\.0\.1/],
    ["0177.0.0.1", /another spelling of 127\.0\.0\.1/],
    ["0x7f.1", /another spelling of 127\.0\.0\.1/],
    ["１２７.0.0.1", /another spelling of 127\.0\.0\.1/],
    ["1.2.3.4.5", /is not a host/],
    ["999.1.1.1", /is not a host/],
    [`${"a".repeat(64)}.example`, /is not a host/],
    [`${"a.".repeat(127)}example`, /is not a host/],
  ])("%j is refused in words", (text, why) => {
    expect(() => parseHostPattern(text)).toThrow(RuleProblem);
    expect(() => parseHostPattern(text)).toThrow(why);
    expect(() => parseHostPattern(text)).toThrow(/accepted are/);
  });

  test("is read or refused, whatever it is, and what was read reads the same again", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "grapheme" }), fc.domain(), fc.ipV4(), fc.webAuthority()),
        (text) => {
          try {
            const { host, ports } = parseHostPattern(text);
            if (host === "*" || host.startsWith("*.")) return;
            expect(readHost(host.includes(":") ? `[${host}]` : host)).toBe(host);
            expect(isHostAllowed([{ host, ports }], host, ports[0]!)).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(RuleProblem);
          }
        },
      ),
    );
  });
});

describe("a host", () => {
  test.each([
    [["api.example.org"], "api.example.org", 443, true],
    [["api.example.org"], "api.example.org", 80, true],
    [["api.example.org"], "api.example.org", 8080, false],
    [["api.example.org:8080"], "api.example.org", 8080, true],
    [["api.example.org:8080"], "api.example.org", 443, false],
    [["api.example.org"], "example.org", 443, false],
    [["api.example.org"], "v1.api.example.org", 443, false],
    [["api.example.org"], "api.example.org.evil.example", 443, false],
    [["*.example.org"], "api.example.org", 443, true],
    [["*.example.org"], "a.b.c.example.org", 443, true],
    [["*.example.org"], "example.org", 443, false],
    [["*.example.org"], "evilexample.org", 443, false],
    [["example.org", "*.example.org"], "example.org", 443, true],
    [["192.0.2.1"], "192.0.2.1", 443, true],
    [["[2001:db8::1]"], "2001:db8::1", 443, true],
    [["*"], "anything.example", 443, true],
    [["*"], "anything.example", 22, false],
    [[], "anything.example", 443, false],
  ])("%j lets %s:%i through: %s", (patterns, host, port, allowed) => {
    expect(isHostAllowed(patterns.map(parseHostPattern), host, port)).toBe(allowed);
  });

  test.each([
    ["localhost.", "localhost"],
    ["LOCALHOST", "localhost"],
    ["api.example.org.", "api.example.org"],
    ["api。example。org", "api.example.org"],
    ["2130706433", "127.0.0.1"],
    ["0177.0.0.1", "127.0.0.1"],
    ["0x7f.1", "127.0.0.1"],
    ["127.1", "127.0.0.1"],
    ["127.0.0.1.", "127.0.0.1"],
    ["[::ffff:127.0.0.1]", "::ffff:7f00:1"],
    ["[::]", "::"],
    ["[0:0:0:0:0:0:0:1]", "::1"],
    ["api.example.org..", undefined],
    [".", undefined],
    ["", undefined],
    ["a@b", undefined],
    ["a/b", undefined],
    ["a:80", undefined],
    ["%31.example", undefined],
    ["[::1]x", undefined],
    ["[fe80::1%eth0]", undefined],
  ])("%j has one spelling: %s", (text, host) => {
    expect(readHost(text)).toBe(host);
  });
});

describe("an address", () => {
  const forbidden = (address: string, ranges: string[] = []) => findForbidden(address, parseRanges(ranges));

  test.each([
    ["0.0.0.0", /unspecified/],
    ["0.1.2.3", /unspecified/],
    ["127.0.0.1", /loopback/],
    ["127.255.255.254", /loopback/],
    ["10.0.0.1", /private/],
    ["172.16.0.1", /private/],
    ["192.168.1.1", /private/],
    ["169.254.1.1", /link-local/],
    ["100.64.0.1", /carrier/],
    ["224.0.0.1", /multicast/],
    ["255.255.255.255", /broadcast/],
    ["198.18.0.1", /reserved/],
    ["192.0.2.1", /reserved/],
    ["240.0.0.1", /reserved/],
    ["169.254.169.254", /metadata/],
    ["100.100.100.200", /metadata/],
    ["168.63.129.16", /metadata/],
    ["192.0.0.192", /metadata/],
    ["fd00:ec2::254", /metadata/],
    ["::ffff:169.254.169.254", /metadata/],
    ["::", /unspecified/],
    ["::1", /loopback/],
    ["0:0:0:0:0:0:0:1", /loopback/],
    ["fe80::1", /link-local/],
    ["fe80::1%eth0", /no address/],
    ["fc00::1", /private/],
    ["fec0::1", /private/],
    ["ff02::1", /multicast/],
    ["::ffff:127.0.0.1", /loopback/],
    ["::ffff:7f00:1", /loopback/],
    ["::ffff:10.0.0.1", /private/],
    ["::127.0.0.1", /reserved/],
    ["::8.8.8.8", /reserved/],
    ["::ffff:0:127.0.0.1", /hides an IPv4/],
    ["64:ff9b::127.0.0.1", /loopback/],
    ["64:ff9b::a9fe:a9fe", /metadata/],
    ["64:ff9b:1::7f00:1", /reserved/],
    ["2002:7f00:1::1", /hides an IPv4/],
    ["2002:808:808::1", /hides an IPv4/],
    ["2001:0:7f00:1::", /hides an IPv4/],
    ["2001:db8::1", /reserved/],
    ["100::1", /reserved/],
    ["4000::1", /reserved/],
    ["localhost", /no address/],
    ["2130706433", /no address/],
    ["0177.0.0.1", /no address/],
    ["", /no address/],
  ])("%s is forbidden and called what it is", (address, kind) => {
    expect(forbidden(address)).toMatch(kind);
  });

  test.each(["8.8.8.8", "1.1.1.1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2606:4700:4700::1111"])(
    "%s can be reached",
    (address) => {
      expect(forbidden(address)).toBeUndefined();
    },
  );

  test.each([
    ["10.1.2.3", ["10.1.0.0/16"], true],
    ["10.2.2.3", ["10.1.0.0/16"], false],
    ["::ffff:10.1.2.3", ["10.1.0.0/16"], true],
    ["fd12::1", ["fd00::/8"], true],
    ["127.0.0.1", ["::/0"], false],
    ["169.254.169.254", ["169.254.0.0/16"], false],
    ["169.254.169.254", ["0.0.0.0/0"], false],
    ["169.254.169.254", ["169.254.169.254/32"], true],
  ])("%s with %j allowed can be reached: %s", (address, ranges, allowed) => {
    expect(forbidden(address, ranges) === undefined).toBe(allowed);
  });

  test.each(["10.0.0.0", "10.0.0.0/33", "10/8", "example.org/8", "0x7f.1/8", "::/129", ""])(
    "%j is no range, and the operator is told what is",
    (text) => {
      expect(() => parseRanges([text])).toThrow(/accepted are/);
    },
  );
});
