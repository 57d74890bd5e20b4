import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConfig } from "../../src/core/config.ts";
import { NO_LIBRARIES } from "../../src/sandbox/libraries.ts";
import { Stage, texts } from "./stage.ts";

const PYTHON = {
  "plain/__init__.py": "from .inner import value\n",
  "plain/inner.py": "value = 'plain'\n",
  "plain-1.2.dist-info/METADATA": "Metadata-Version: 2.1\nName: plain\nVersion: 1.2\n",
  "plain/data.txt": "data",
  "space/one.py": "value = 'in a namespace package'\n",
  "broken.py": "print 'for another version of Python'\n",
  "hook.pth": "import os; os.environ['HOOKED'] = 'yes'\n",
  "noisy.py": "import sys\nprint('imported ahead', file=sys.stderr)\n",
};

const NODE = {
  "modern/package.json": JSON.stringify({
    name: "modern",
    type: "module",
    exports: { ".": "./index.js", "./deep": "./deep.js", "./data.json": "./data.json" },
    imports: { "#inner": "./inner.js" },
  }),
  "modern/index.js": 'import { inner } from "#inner"; export const value = "modern " + inner;',
  "modern/inner.js": 'export const inner = "inside";',
  "modern/deep.js": 'export default "deep";',
  "modern/data.json": '{"answer": 42}',
  "modern/hidden.js": 'export default "hidden";',
  "@scope/old/package.json": JSON.stringify({ name: "@scope/old", main: "main.js" }),
  "@scope/old/main.js": 'const { twice } = require("needed"); exports.four = twice(2); exports.name = "old";',
  "needed/package.json": JSON.stringify({ name: "needed", main: "index.js" }),
  "needed/index.js": "exports.twice = (n) => 2 * n;",
};

let folder: string;
let stage: Stage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "codeactions-libraries-"));
  await write("site-packages", PYTHON);
  await write("second", { "plain/__init__.py": "value = 'shadowed'\n", "other.py": "value = 'second'\n" });
  await write("node_modules", NODE);
  await symlink("/etc/shadow", join(folder, "site-packages/plain/shadow"));
  await symlink("/etc/shadow", join(folder, "node_modules/needed/shadow"));
  stage = await Stage.open({
    libraries: {
      ...NO_LIBRARIES,
      python: [join(folder, "site-packages"), join(folder, "second")],
      pythonPreload: ["plain", "nowhere"],
      node: [join(folder, "node_modules")],
    },
  });
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function write(name: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, name, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    // As old as an installed package is: bytecode is as young as its source.
    await utimes(file, 1_700_000_000, 1_700_000_000);
  }
}

test("a Python code imports packages, their modules and what they say of themselves, the first folder first", async () => {
  const { text, outcome } = await stage.python(`
import importlib.metadata, importlib.resources
import plain, plain.inner, space.one, other
def Run(engine):
    data = importlib.resources.files(plain).joinpath("data.txt").read_text()
    return [plain.value, space.one.value, other.value, importlib.metadata.version("plain"), data]`);
  expect(outcome.error).toBeUndefined();
  expect(JSON.parse(text)).toEqual(["plain", "in a namespace package", "second", "1.2", "data"]);
});

test("packages are compiled, whole or not at all, and nobody can write to them", async () => {
  const { text } = await stage.python(`
import os, plain.inner, space.one
def Run(engine):
    return [os.path.exists(plain.inner.__cached__), os.path.exists(space.one.__cached__), os.access("/libraries/0", os.W_OK), os.access(plain.__file__, os.W_OK)]`);
  expect(JSON.parse(text)).toEqual([true, true, false, false]);
});

test("what a library hooks into the interpreter's start is not run, and a link out of it leads nowhere", async () => {
  const { text } = await stage.python(`
import os, sys
def Run(engine):
    return [os.environ.get("HOOKED"), os.path.lexists("/libraries/0/plain/shadow"), os.path.exists("/libraries/0/plain/shadow"), sys.argv]`);
  expect(JSON.parse(text)).toEqual([null, true, false, ["/guest/guest.pyc"]]);
});

test("modules that are imported ahead are there before the code is; one that cannot be is no harm", async () => {
  const { text } = await stage.python(
    "import sys\nbefore = 'plain' in sys.modules\ndef Run(engine):\n  return before",
  );
  expect(text).toBe("true");
});

test.each(["javascript", "typescript"] as const)(
  "a %s code imports packages of both kinds",
  async (language) => {
    const source = `import { four, name } from "@scope/old";
import { value } from "modern";
import deep from "modern/deep";
import data from "modern/data.json" with { type: "json" };
export const Run = () => [value, deep, data.answer, four, name];`;
    const { text, outcome } = await stage[language](source);
    expect(outcome.error).toBeUndefined();
    expect(JSON.parse(text)).toEqual(["modern inside", "deep", 42, 4, "old"]);
  },
);

test("a package can be imported late, and what is no package cannot be imported at all", async () => {
  const { text } = await stage.javascript(`export async function Run() {
  const tried = [];
  for (const name of ["needed", "modern/hidden.js", "absent", "/libraries/0/node_modules/needed/index.js", "file:///libraries/0/node_modules/needed/index.js", "../../libraries/0/x.js"]) {
    tried.push(await import(name).then(() => "there", (error) => error.name + " " + (error.code ?? "")));
  }
  return tried;
}`);
  const refused = "NoSuchModule ";
  expect(JSON.parse(text)).toEqual([
    "there",
    "Error ERR_PACKAGE_PATH_NOT_EXPORTED",
    refused,
    refused,
    refused,
    refused,
  ]);
});

test("a check knows the packages that are there, and says what can be imported", async () => {
  const signal = AbortSignal.timeout(20_000);
  const check = (source: string) => stage.sandbox.check("javascript", source, signal);
  expect(await check('import { four } from "@scope/old";\nexport const Run = () => four;')).toEqual([]);
  expect(await check('import { four } from "absent";\nexport const Run = () => four;')).toMatchObject([
    {
      kind: "import",
      line: 1,
      message: expect.stringContaining("packages that this service's operator has installed"),
    },
  ]);
  expect(await check('import { five } from "modern";\nexport const Run = () => five;')).toMatchObject([
    { kind: "import", message: expect.stringContaining("five") },
  ]);
});

test("without libraries a code has its language's own", async () => {
  await using bare = await Stage.open();
  const { outcome, lines } = await bare.python("import plain\ndef Run(engine): pass");
  expect(outcome.error?.kind).toBe("ModuleNotFoundError");
  expect(texts(lines).join()).toContain("No module named 'plain'");
});

test("more libraries than allowed, and a folder that is none, end the start with the setting's name", async () => {
  const libraries = { ...NO_LIBRARIES, python: [join(folder, "site-packages")], bytesMax: 100 };
  await expect(Stage.open({ libraries })).rejects.toThrow("CODEACTIONS_LIBRARIES_BYTES_MAX");
  const variables = { CODEACTIONS_PYTHON_LIBRARIES: `${folder},${folder}/nowhere` };
  expect(() => readConfig(variables)).toThrow(/CODEACTIONS_PYTHON_LIBRARIES.*nowhere.*folders that exist/);
});
