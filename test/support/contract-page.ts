import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import {
  createFileRegistry,
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  getOption,
  hasOption,
  type JsonValue,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { FieldRulesSchema, field as rulesOf } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

/**
 * Writes the contract as one page: services, messages and enums with their comments, types and rules.
 *
 *     node test/support/contract-page.ts <file>
 */

const PACKAGE = "codeactions.v1";
/** The numbers of a descriptor's parts, of which the paths to comments are made. */
const [MESSAGES, ENUMS, SERVICES, PARTS, ONEOFS] = [4, 5, 6, 2, 8];

function readContract(): DescFile[] {
  const image = execFileSync("buf", ["build", "proto", "-o", "-"], { maxBuffer: 64 * 1024 * 1024 });
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
  return [...registry.files]
    .filter(({ proto }) => proto.package === PACKAGE)
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

function pageOf(files: readonly DescFile[]): string {
  const services = files.flatMap((file) => file.services);
  const messages = files.flatMap((file) => file.messages);
  const isOfMethod = new Set(
    services.flatMap(({ methods }) => methods.flatMap(({ input, output }) => [input, output])),
  );
  const resources = messages.filter((message) => !isOfMethod.has(message));
  const enums = files.flatMap((file) => file.enums);
  return `${[
    "# The contract",
    `Package \`${PACKAGE}\`, printed from [proto/codeactions/v1](../proto/codeactions/v1) by \`npm run gen\`. In JSON, names are written in camelCase, 64-bit integers as text, bytes in base64.`,
    services.map(({ name }) => `[${name}](#${anchorOf(name)})`).join(" · ") +
      " · [Messages](#messages) · [Enums](#enums)",
    ...services.map(service),
    "## Messages",
    ...resources.toSorted(byName).map((each) => message(each, "###")),
    "## Enums",
    ...enums.toSorted(byName).map(enumeration),
  ].join("\n\n")}\n`;
}

function service(desc: DescService): string {
  const place = [SERVICES, desc.file.services.indexOf(desc)];
  return [
    `## ${desc.name}`,
    commentAt(desc.file, place),
    ...desc.methods.map((each, index) => method(each, [...place, PARTS, index])),
  ].join("\n\n");
}

function method(desc: DescMethod, place: number[]): string {
  const kind = desc.methodKind === "server_streaming" ? "a stream of " : "";
  return [
    `### ${desc.name}`,
    commentAt(desc.parent.file, place),
    `\`${desc.name}(${desc.input.name})\` returns ${kind}\`${desc.output.name}\`. ${IDEMPOTENCY[desc.idempotency]}`,
    message(desc.input, "####"),
    message(desc.output, "####"),
  ].join("\n\n");
}

const IDEMPOTENCY: Record<MethodOptions_IdempotencyLevel, string> = {
  [MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN]: "Not to be repeated blindly.",
  [MethodOptions_IdempotencyLevel.IDEMPOTENT]: "Idempotent: may be repeated.",
  [MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS]: "Reads only: may be repeated.",
};

function message(desc: DescMessage, heading: string): string {
  const place = [MESSAGES, desc.file.messages.indexOf(desc)];
  const rows = desc.fields.map((field, index) => {
    const said = commentAt(desc.file, [...place, PARTS, index]);
    const rules = describeRules(field);
    const cells = [`\`${field.name}\``, typeOf(field), rules === "" ? said : `${said} *Rule: ${rules}.*`];
    return `| ${cells.map(cell).join(" | ")} |`;
  });
  const oneofs = desc.oneofs.map((oneof, index) => {
    const names = oneof.fields.map(({ name }) => `\`${name}\``).join(", ");
    return `At most one of ${names}: ${commentAt(desc.file, [...place, ONEOFS, index])}`;
  });
  return [
    `${heading} ${desc.name}`,
    commentAt(desc.file, place),
    ...(rows.length === 0 ? [] : [["| field | type | meaning |", "| --- | --- | --- |", ...rows].join("\n")]),
    ...oneofs,
  ].join("\n\n");
}

function enumeration(desc: DescEnum): string {
  const place = [ENUMS, desc.file.enums.indexOf(desc)];
  const rows = desc.values.map((value, index) => {
    const cells = [`\`${value.name}\``, String(value.number), commentAt(desc.file, [...place, PARTS, index])];
    return `| ${cells.map(cell).join(" | ")} |`;
  });
  const table = ["| value | number | meaning |", "| --- | --- | --- |", ...rows].join("\n");
  return [`### ${desc.name}`, commentAt(desc.file, place), table].join("\n\n");
}

function typeOf(field: DescField): string {
  if (field.fieldKind === "map") return `map of \`${scalarName(field.mapKey)}\` to ${valueTypeOf(field)}`;
  const label = field.fieldKind === "list" ? "repeated " : field.proto.proto3Optional ? "optional " : "";
  return `${label}${valueTypeOf(field)}`;
}

function valueTypeOf({ message: ofMessage, enum: ofEnum, scalar }: DescField): string {
  const named = ofMessage ?? ofEnum;
  if (named === undefined) return `\`${scalarName(scalar!)}\``;
  const isOurs = named.file.proto.package === PACKAGE;
  return isOurs ? `[${named.name}](#${anchorOf(named.name)})` : `\`${named.typeName}\``;
}

function scalarName(scalar: ScalarType): string {
  return ScalarType[scalar].toLowerCase();
}

/** The validation rules of a field in words. */
function describeRules(field: DescField): string {
  if (!hasOption(field, rulesOf)) return "";
  const rules = toJson(FieldRulesSchema, getOption(field, rulesOf)) as Record<string, JsonValue>;
  return words(rules).join(", ");
}

/** What each rule is in words, in the order in which they are told. */
const WORDS: Record<string, (value: JsonValue) => string> = {
  required: () => "required",
  gte: (value) => `at least ${figure(value)}`,
  lte: (value) => `at most ${figure(value)}`,
  minLen: (value) => `at least ${figure(value, "character")}`,
  maxLen: (value) => `at most ${figure(value, "character")}`,
  minBytes: (value) => `at least ${figure(value, "byte")}`,
  maxBytes: (value) => `at most ${figure(value, "byte")}`,
  maxItems: (value) => `at most ${figure(value, "item")}`,
  maxPairs: (value) => `at most ${figure(value, "pair")}`,
  pattern: (value) => `matches \`${String(value)}\``,
  uuid: () => "a UUID",
  const: (value) => `only ${String(value)}`,
  definedOnly: () => "a named value",
  notIn: (value) => `not ${[value].flat().join(" or ")}`,
  in: (value) => `one of ${[value].flat().join(", ")}`,
  unique: () => "none twice",
  gtNow: () => "in the future",
  ignore: (value) => (value === "IGNORE_ALWAYS" ? "its own rules aside" : "or empty"),
};

function words(rules: Record<string, JsonValue>, owner = ""): string[] {
  const order = Object.keys(WORDS);
  // What is not a rule itself but a kind of them goes first, and "or empty" last.
  const placeOf = (name: string) => order.indexOf(name);
  const entries = Object.entries(rules).toSorted(([a], [b]) => placeOf(a) - placeOf(b));
  return entries.flatMap(([name, value]) => {
    // The length of bytes is one in bytes.
    const word = WORDS[owner === "bytes" && name === "maxLen" ? "maxBytes" : name];
    if (word !== undefined) return [word(value)];
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new Error(`the rule ${name} has no words here`);
    const inner = words(value, name);
    return ["items", "keys", "values"].includes(name) ? [`${name} ${inner.join(" and ")}`] : inner;
  });
}

/** A number with its thousands set apart, and its unit in the right number; a duration as it is. */
function figure(value: JsonValue, unit = ""): string {
  const text = /^\d+$/.test(String(value)) ? Number(value).toLocaleString("en") : String(value);
  return unit === "" ? text : `${text} ${unit}${Number(value) === 1 ? "" : "s"}`;
}

/** The comment in front of a part of a file, as one paragraph per paragraph. */
function commentAt({ proto, name }: DescFile, place: number[]): string {
  const path = place.join(".");
  const found = proto.sourceCodeInfo?.location.find((location) => location.path.join(".") === path);
  if (found === undefined) throw new Error(`${name} has nothing at ${path}`);
  return found.leadingComments
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim().replaceAll(/\s*\n\s*/g, " "))
    .join("\n\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n\n", "<br>");
}

function anchorOf(name: string): string {
  return name.toLowerCase();
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name.localeCompare(b.name);
}

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error("usage: node test/support/contract-page.ts <file>");
writeFileSync(target, pageOf(readContract()));
