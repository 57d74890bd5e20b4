import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { access, readdir, readFile } from "node:fs/promises";
import { join, matchesGlob } from "node:path";
import type { Document, Node } from "yaml";
import { Language, LanguageSchema } from "../../../typescript/src/node.ts";
import { Failure } from "../failure.ts";
import { wordOf } from "../words.ts";
import { type Flaw, requireNone } from "./flaws.ts";
import { frontMatterOf } from "./front-matter.ts";
import { readValue, SETTING_NAMES, type Settings, type Value } from "./settings.ts";
import { YamlText } from "./yaml-text.ts";

export const FOLDER_FILE = "codeactions.yaml";

/** The language of a file by how its name ends, and what begins a comment in it. */
export const LANGUAGES: readonly {
  readonly ending: string;
  readonly language: Language;
  readonly sign: "#" | "//";
}[] = [
  { ending: ".py", language: Language.PYTHON, sign: "#" },
  { ending: ".js", language: Language.JAVASCRIPT, sign: "//" },
  { ending: ".ts", language: Language.TYPESCRIPT, sign: "//" },
  { ending: ".go", language: Language.GO, sign: "//" },
];

/** How a code may be named, and so its file. */
export const SLUG = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A code as a folder has it. */
export interface LocalCode {
  readonly slug: string;
  /** Its file, as it is to be named to people. */
  readonly file: string;
  readonly language: Language;
  readonly source: string;
  readonly sha256: string;
  readonly settings: Settings;
}

/** A folder of codes, one file each, and what `codeactions.yaml` says about them. */
export interface Folder {
  readonly path: string;
  /** The project that the folder names. */
  readonly project: string | undefined;
  readonly codes: readonly LocalCode[];
  /** `codeactions.yaml`, to be changed with its comments in place. */
  readonly document: Document;
}

/** Reads a folder. All that is wrong with it is told at once, in a `Failure`. */
export async function readFolder(path: string): Promise<Folder> {
  const flaws: Flaw[] = [];
  const said = await readFolderFile(path, flaws);
  const codes: LocalCode[] = [];
  for (const file of await codeFiles(path, said.ignore)) codes.push(await readCode(path, file, said, flaws));
  for (const [slug, place] of said.places) {
    if (!codes.some((code) => code.slug === slug))
      flaws.push({ ...place, message: `there is no file of a code "${slug}"` });
  }
  for (const [index, { slug, file }] of codes.entries()) {
    const twin = codes.slice(0, index).find((other) => other.slug === slug);
    if (twin !== undefined)
      flaws.push({ file, line: 0, column: 0, message: `${twin.file} has this name too` });
  }
  requireNone(flaws, "the folder cannot be read");
  return { path, project: said.project, codes, document: said.document };
}

/** Whether a folder has a `codeactions.yaml`. */
export async function hasFolderFile(path: string): Promise<boolean> {
  return access(join(path, FOLDER_FILE)).then(
    () => true,
    () => false,
  );
}

/** What `codeactions.yaml` of a folder says, whether or not the files are there that it speaks of. */
export async function readFolderSettings(path: string): Promise<FolderSettings> {
  const flaws: Flaw[] = [];
  const said = await readFolderFile(path, flaws);
  requireNone(flaws, "the folder cannot be read");
  return said;
}

/** The settings of one file: what the folder says of all codes, what the file says, what the folder says of this code. */
export function settingsOfFile(
  file: string,
  source: string,
  said: FolderSettings | undefined,
  flaws: Flaw[],
): Settings {
  const language = languageOf(file);
  const front = language === undefined ? undefined : frontMatterOf(source, language.sign);
  const own =
    front === undefined
      ? new Map<string, Value>()
      : readSettings(new YamlText(file, front.yaml, flaws, front.linesAbove, front.columnsBefore));
  return new Map([...(said?.defaults ?? []), ...own, ...(said?.codes.get(slugOfFile(file)) ?? [])]);
}

export function languageOf(file: string): (typeof LANGUAGES)[number] | undefined {
  return LANGUAGES.find(({ ending }) => file.endsWith(ending));
}

function slugOfFile(file: string): string {
  return file.replace(/^.*\//, "").replace(/\.[^.]*$/, "");
}

function sha256Of(source: string): string {
  return createHash("sha256").update(source, "utf8").digest("hex");
}

/** What a `codeactions.yaml` says. */
export interface FolderSettings {
  readonly project: string | undefined;
  readonly ignore: readonly string[];
  readonly defaults: Settings;
  readonly codes: ReadonlyMap<string, Settings>;
  readonly places: ReadonlyMap<string, Omit<Flaw, "message">>;
  readonly document: Document;
}

async function readCode(path: string, name: string, said: FolderSettings, flaws: Flaw[]): Promise<LocalCode> {
  const file = join(path, name);
  const slug = slugOfFile(name);
  if (!SLUG.test(slug))
    flaws.push({
      file,
      line: 0,
      column: 0,
      message: `a code's file is named with a-z, 0-9 and inner "-"; rename it, or name it under "ignore" in ${FOLDER_FILE}`,
    });
  const bytes = await readFile(file);
  if (!isUtf8(bytes)) flaws.push({ file, line: 0, column: 0, message: "the file is not text in UTF-8" });
  const source = bytes.toString("utf8");
  return {
    slug,
    file,
    language: languageOf(name)!.language,
    source,
    sha256: sha256Of(source),
    settings: settingsOfFile(file, source, said, flaws),
  };
}

/** Files of codes, in the order of their names. */
async function codeFiles(path: string, ignore: readonly string[]): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && languageOf(entry.name) !== undefined)
    .map(({ name }) => name)
    .filter((name) => !/^[._]/.test(name) && !ignore.some((pattern) => matchesGlob(name, pattern)))
    .toSorted();
}

async function readFolderFile(path: string, flaws: Flaw[]): Promise<FolderSettings> {
  const file = join(path, FOLDER_FILE);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Failure(`there is no ${file}; \`codeactions init ${path}\` makes one`);
  }
  const yaml = new YamlText(file, text, flaws);
  const codes = new Map<string, Settings>();
  const places = new Map<string, Omit<Flaw, "message">>();
  let [project, ignore, defaults]: [string?, string[]?, Settings?] = [];
  for (const pair of yaml.pairs(yaml.document.contents)) {
    const value = pair.value?.toJS(yaml.document) as unknown;
    if (pair.name === "project" && (typeof value === "string" || typeof value === "number"))
      project = String(value);
    else if (pair.name === "ignore" && Array.isArray(value)) ignore = value.map(String);
    else if (pair.name === "defaults") defaults = readSettings(yaml, pair.value);
    else if (pair.name === "codes") {
      for (const code of yaml.pairs(pair.value)) {
        codes.set(code.name, readSettings(yaml, code.value));
        places.set(code.name, yaml.placeOf(code.key));
      }
    } else yaml.complain(pair.key, "expected are project: <slug>, ignore: [<pattern>], defaults: and codes:");
  }
  return {
    project,
    ignore: ignore ?? [],
    defaults: defaults ?? new Map(),
    codes,
    places,
    document: yaml.document,
  };
}

/** The settings in a mapping of a YAML text; of the whole text if no node is given. */
function readSettings(yaml: YamlText, node: Node | null = yaml.document.contents): Settings {
  const settings = new Map<string, Value>();
  for (const { name, key, value } of yaml.pairs(node)) {
    if (name === "limits") {
      for (const inner of yaml.pairs(value)) readSetting(yaml, `limits.${inner.name}`, inner, settings);
    } else readSetting(yaml, name, { key, value }, settings);
  }
  return settings;
}

function readSetting(
  yaml: YamlText,
  name: string,
  { key, value }: { key: Node; value: Node | null },
  settings: Map<string, Value>,
): void {
  if (!SETTING_NAMES.includes(name))
    return yaml.complain(key, `there is no setting "${name}"; ${nearest(name)}`);
  try {
    settings.set(name, readValue(name, value?.toJS(yaml.document)));
  } catch (error) {
    yaml.complain(value ?? key, (error as Error).message);
  }
}

function nearest(name: string): string {
  const wanted = name.toLowerCase().replace(/[^a-z]/g, "");
  const near = SETTING_NAMES.filter((known) => {
    const plain = known.replace(/[^a-z]/g, "");
    return wanted.length > 2 && (plain.includes(wanted) || wanted.includes(plain));
  });
  return near.length > 0 ? `is it ${near.join(" or ")}?` : `there are ${SETTING_NAMES.join(", ")}`;
}

/** A language as people know it. */
export function languageName(language: Language): string {
  return wordOf(LanguageSchema, language);
}
