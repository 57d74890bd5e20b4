import { isBuiltin, registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

/** A module that checks import first: it ends them before anything of the code would run. */
export const STOP = Symbol("the code is not run when it is checked");
const STOP_NAME = "sandbox:stop";
globalThis[Symbol.for(STOP_NAME)] = STOP;

/** Sources by the URL under which they are modules; nothing of a code is ever a file. */
const sources = new Map([
  ["code:stop", `throw globalThis[Symbol.for(${JSON.stringify(STOP_NAME)})]`],
  ["code:warm-up", "export async function Run() {}"],
]);

/** A package by its name, and what is in it; no path, no URL. */
const PACKAGE = /^(@[a-z0-9][^/@:]*\/)?[a-z0-9][^/@:]*(\/.*)?$/i;

/** What is shown of a module's URL is its name. */
export const URL_PREFIX = "code:///";

/** Makes a source importable, under the URL that is returned. */
export function define(name, source) {
  const url = URL_PREFIX + name;
  sources.set(url, source);
  return url;
}

/**
 * Modules named `code:` come from memory; of all others a code may import those that Node has built in and the packages
 * in the operator's folders, of which the first that has one counts.
 */
export function installHooks(libraries) {
  const parents = libraries.map((folder) => pathToFileURL(`${folder}/`).href);
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (sources.has(specifier)) return { url: specifier, format: "module", shortCircuit: true };
      if (!context.parentURL?.startsWith("code:") || isBuiltin(specifier) || specifier.startsWith("data:")) {
        return nextResolve(specifier, context);
      }
      if (PACKAGE.test(specifier)) {
        for (const parentURL of parents) {
          try {
            return nextResolve(specifier, { ...context, parentURL });
          } catch (error) {
            if (error?.code !== "ERR_MODULE_NOT_FOUND") throw error;
          }
        }
      }
      throw new NoSuchModule(specifier, parents.length > 0);
    },
    load(url, context, nextLoad) {
      const source = sources.get(url);
      return source === undefined ? nextLoad(url, context) : { format: "module", source, shortCircuit: true };
    },
  });
}

export class NoSuchModule extends Error {
  name = "NoSuchModule";

  constructor(specifier, hasLibraries) {
    const more = hasLibraries ? ", and the packages that this service's operator has installed" : "";
    super(
      `cannot import ${JSON.stringify(specifier)}: a code can import Node's own modules, such as "node:crypto"${more}`,
    );
    this.specifier = specifier;
  }
}
