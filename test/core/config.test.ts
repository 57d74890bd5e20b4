import { expect, test } from "vitest";
import { readConfig, WrongSettings } from "../../src/core/config.ts";

test("without any setting there is a default for everything", () => {
  const config = readConfig({});
  expect(config).toMatchObject({
    host: "127.0.0.1",
    port: 8050,
    databaseUrl: "",
    retentionDays: 30,
    sandbox: "jail",
  });
  expect(config.dataDir).toMatch(/\/\.codeactions$/);
  expect(config.workersMax).toBeGreaterThanOrEqual(8);
});

test("an empty variable is one that is not set", () => {
  expect(readConfig({ CODEACTIONS_PORT: "" }).port).toBe(8050);
});

test.each([
  ["CODEACTIONS_PORT", "65536", "0 to 65535"],
  ["CODEACTIONS_PORT", "-1", "0 to 65535"],
  ["CODEACTIONS_PORT", "1e3", "0 to 65535"],
  ["CODEACTIONS_SANDBOX", "some", "jail, none"],
  ["CODEACTIONS_DEMO", "maybe", "true or false"],
  ["CODEACTIONS_PUBLIC_URL", "example.org", "http:// or https://"],
  ["CODEACTIONS_BOOTSTRAP_TOKEN", "short", "16 characters"],
  ["CODEACTIONS_SECRET_KEY", "c2hvcnQ=", "32 bytes"],
  ["DATABASE_URL", "mysql://x", "postgresql://"],
  ["CODEACTIONS_NODES", "10.0.0.3", "dns:name:port"],
  ["CODEACTIONS_NODE_KEY", "short", "16 characters"],
])("%s=%s is refused with what is accepted", (variable, value, accepted) => {
  expect(() => readConfig({ [variable]: value })).toThrow(WrongSettings);
  expect(() => readConfig({ [variable]: value })).toThrow(
    new RegExp(`${variable}.*${accepted.replaceAll("/", "\\/")}`),
  );
});

test("every wrong setting is named at once", () => {
  expect(() => readConfig({ CODEACTIONS_PORT: "x", CODEACTIONS_DRAIN_MS: "y" })).toThrow(/PORT.*DRAIN_MS/s);
});

test("a certificate without its key is refused", () => {
  expect(() => readConfig({ CODEACTIONS_TLS_CERT_FILE: "/cert.pem" })).toThrow(/CODEACTIONS_TLS_KEY_FILE/);
});
