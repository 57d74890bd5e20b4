import { Document, isMap, stringify } from "yaml";
import type { Code } from "../../../typescript/src/node.ts";
import { isSame, type Settings, settingsOf, usualValue, writtenValue } from "./settings.ts";

/** The text of a new `codeactions.yaml`. */
export function newFolderFile(project: string | undefined): string {
  return `# What \`codeactions deploy\` stores: each file beside this one is a code, named like its file.
${project === undefined ? "# project: demo    # where it is stored; or say --project" : `project: ${stringify(project).trimEnd()}`}

# For every code, unless its own comment or \`codes\` says otherwise. A flow is called by programs that have a token, an
# endpoint also has a public HTTP address.
defaults:
  type: endpoint

# For one code, by its name:
# codes:
#   hello:
#     timeout: 10s
#     memory_limit_bytes: 128MiB
#     egress_hosts: [api.example.org]
#     environment: { GREETING: Hello }
`;
}

/**
 * Makes the file say of a code what the code is, where it does not already: what is said elsewhere counts (`said`), and
 * so does what every code is unless told otherwise. Comments and order of the file stay. Answers whether it changed.
 */
export function noteSettings(document: Document, code: Code, said: Settings): boolean {
  let hasChanged = false;
  for (const [name, value] of settingsOf(code)) {
    if (isSame(value, said.get(name) ?? usualValue(name, code))) continue;
    setDeep(document, ["codes", code.slug, ...name.split(".")], writtenValue(name, value));
    hasChanged = true;
  }
  return hasChanged;
}

/** A new, empty `codeactions.yaml`, to be filled. */
export function emptyFolderFile(project: string): Document {
  return new Document({ project }) as Document;
}

/** Sets a value however deep it lies; what is empty on the way becomes a mapping. */
function setDeep(document: Document, path: readonly string[], value: unknown): void {
  if (!isMap(document.contents)) document.contents = document.createNode({}) as Document["contents"];
  for (let depth = 1; depth < path.length; depth++) {
    const above = path.slice(0, depth);
    if (!isMap(document.getIn(above, true))) document.setIn(above, document.createNode({}));
  }
  document.setIn(path, document.createNode(value));
}
