import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLookup } from "../../src/sandbox/egress/lookup.ts";

const NEVER = new AbortController().signal;
const [A, AAAA] = [1, 28];

let folder: string;
let hostsFile: string;

const RECORDS: Record<string, string> = {
  [`both.example ${A}`]: "c6336407",
  [`both.example ${AAAA}`]: "20010db8000000000000000000000007",
  [`old.example ${A}`]: "c6336408",
};

/** A name server that knows two names, has never heard of most others and does not answer for one. */
const server = createSocket("udp4", (query, from) => {
  const labels: string[] = [];
  let at = 12;
  for (; query[at] !== 0; at += query[at]! + 1)
    labels.push(query.toString("latin1", at + 1, at + 1 + query[at]!));
  const name = labels.join(".");
  const type = query.readUInt16BE(at + 1);
  if (name === "silent.example") return;
  const isKnown = Object.keys(RECORDS).some((key) => key.startsWith(`${name} `));
  const address = Buffer.from(RECORDS[`${name} ${type}`] ?? "", "hex");
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(isKnown ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(address.byteLength > 0 ? 1 : 0, 6);
  header.writeUInt32BE(0, 8);
  // The name of the question, this type, class IN, no time to live.
  const record = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, address.byteLength]);
  const answer = address.byteLength > 0 ? [record, address] : [];
  server.send(Buffer.concat([header, query.subarray(12, at + 5), ...answer]), from.port);
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "codeactions-lookup-"));
  hostsFile = join(folder, "hosts");
  await writeFile(
    hostsFile,
    "# both.example\n192.0.2.1\tone.example  Alias.example # two.example\n::1 one.example\n",
  );
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

function lookup(host: string, signal = NEVER): Promise<readonly string[]> {
  return openLookup({ hostsFile, servers: [`127.0.0.1:${server.address().port}`] })(host, signal);
}

test("the hosts file comes first", async () => {
  expect(await lookup("one.example")).toEqual(["192.0.2.1", "::1"]);
  expect(await lookup("alias.example")).toEqual(["192.0.2.1"]);
  await expect(lookup("two.example")).rejects.toThrow("its name has no address");
});

test("a name's addresses are those of both kinds, or of the one that it has", async () => {
  expect(await lookup("both.example")).toEqual(["198.51.100.7", "2001:db8::7"]);
  expect(await lookup("old.example")).toEqual(["198.51.100.8"]);
});

test("a name that nobody knows is told as such, and one that nobody answers for can be given up", async () => {
  await expect(lookup("nowhere.example")).rejects.toThrow("its name has no address");
  const given = new AbortController();
  const asked = once(server, "message");
  const looking = lookup("silent.example", given.signal);
  await asked;
  given.abort();
  await expect(looking).rejects.toThrow(/could not be looked up \(ECANCELLED\)/);
});
