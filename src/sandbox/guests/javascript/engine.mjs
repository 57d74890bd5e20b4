/** What a code is handed: the engine of its Run(engine). */
export class Engine {
  params;
  header;
  rawBody;
  log;
  result = new Result();
  context;
  #head;
  #body;
  #request;
  #secrets;

  constructor(head, body, entry) {
    this.#head = head;
    this.rawBody = body;
    this.params = new Params(head.query);
    this.header = new Header(head.headers);
    this.log = new Log(entry);
    this.context = new Context(head.context);
  }

  /** The request's body as text, without whitespace at both ends; `rawBody` is what was sent. */
  get body() {
    this.#body ??= this.rawBody.toString("utf8").trim();
    return this.#body;
  }

  get raw_body() {
    return this.rawBody;
  }

  get request() {
    this.#request ??= new Request(this, this.#head);
    return this.#request;
  }

  get secrets() {
    this.#secrets ??= openSecrets(this.#head.secrets);
    return this.#secrets;
  }
}

class Request {
  method;
  path;
  #engine;

  constructor(engine, { method, path }) {
    this.#engine = engine;
    this.method = method;
    this.path = path;
  }

  get params() {
    return this.#engine.params;
  }

  get header() {
    return this.#engine.header;
  }

  get body() {
    return this.#engine.body;
  }

  get rawBody() {
    return this.#engine.rawBody;
  }

  /** Every query parameter with all its values. */
  get query() {
    const values = Object.create(null);
    for (const [name, value] of this.#engine.params) {
      values[name] ??= [];
      values[name].push(value);
    }
    return values;
  }
}

/** Query parameters, in the order in which they were sent. */
class Params {
  #pairs;

  constructor(pairs) {
    this.#pairs = pairs;
  }

  /** The first value, or null. */
  get(key) {
    return this.#pairs.find(([name]) => name === key)?.[1] ?? null;
  }

  getAll(key) {
    return this.#pairs.filter(([name]) => name === key).map(([, value]) => value);
  }

  has(key) {
    return this.#pairs.some(([name]) => name === key);
  }

  /** All pairs; a parameter that was sent twice is there twice. */
  items() {
    return this.#pairs.map(([name, value]) => [name, value]);
  }

  keys() {
    return [...new Set(this.#pairs.map(([name]) => name))];
  }

  [Symbol.iterator]() {
    return this.items()[Symbol.iterator]();
  }
}

/** Request headers, found in any letter case. */
class Header {
  #pairs;

  constructor(pairs) {
    this.#pairs = pairs;
  }

  /** The first value, or "". */
  get(name) {
    return this.getAll(name)[0] ?? "";
  }

  getAll(name) {
    const wanted = String(name).toLowerCase();
    return this.#pairs.filter(([other]) => other.toLowerCase() === wanted).map(([, value]) => value);
  }

  has(name) {
    return this.getAll(name).length > 0;
  }

  /** Every name with the list of its values. */
  items() {
    const names = new Map(this.#pairs.toReversed().map(([name]) => [name.toLowerCase(), name]));
    return [...names.values()].reverse().map((name) => [name, this.getAll(name)]);
  }

  keys() {
    return this.items().map(([name]) => name);
  }

  [Symbol.iterator]() {
    return this.items()[Symbol.iterator]();
  }
}

/** Each call is one entry, sent at once. */
class Log {
  #entry;

  constructor(entry) {
    this.#entry = entry;
  }

  debug(text = "") {
    this.#entry("debug", text);
  }

  info(text = "") {
    this.#entry("info", text);
  }

  warning(text = "") {
    this.#entry("warning", text);
  }

  error(text = "") {
    this.#entry("error", text);
  }
}

/** The last answer that was set, for the guest to send. */
export let contentOf;

class Result {
  #content;

  static {
    contentOf = (result) => result.#content;
  }

  /**
   * Makes value the answer; the last call wins. Text and bytes are sent as they are, anything else as JSON. The
   * content type is `text`, `json`, `html` or any MIME type; without one the value decides.
   */
  set(value = "", statusCode = 200, contentType = undefined, headers = {}) {
    if (!Number.isInteger(statusCode) || statusCode < 100 || statusCode > 599) {
      throw new RangeError(`statusCode is ${statusCode}; allowed are whole numbers from 100 to 599`);
    }
    if (contentType != null && typeof contentType !== "string") {
      throw new TypeError("contentType must be text");
    }
    const { body, contentType: chosen } = encodeValue(value);
    this.#content = { statusCode, contentType: contentType || chosen, headers: toPairs(headers), body };
  }
}

/** The answer of a Run that returned this value and never called set. */
export function contentFor(value) {
  const { body, contentType } = encodeValue(value ?? "");
  return { statusCode: 200, contentType, headers: [], body };
}

function encodeValue(value) {
  if (typeof value === "string") return { body: Buffer.from(value, "utf8"), contentType: "text" };
  if (value instanceof Uint8Array) return { body: value, contentType: "application/octet-stream" };
  if (value instanceof ArrayBuffer)
    return { body: new Uint8Array(value), contentType: "application/octet-stream" };
  const json = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`a ${typeof value} cannot be written as JSON`);
  return { body: Buffer.from(json, "utf8"), contentType: "json" };
}

/** Headers come as an object, whose values may be lists, or as pairs, as a Map or Headers gives them. */
function toPairs(headers) {
  const entries =
    typeof headers?.[Symbol.iterator] === "function" ? [...headers] : Object.entries(headers ?? {});
  return entries.flatMap(([name, value]) => [value].flat().map((text) => [String(name), String(text)]));
}

/** The project's secrets: `secrets.get(name)`, `secrets.name`, `name in secrets`. */
function openSecrets(values) {
  const secrets = new Secrets(values);
  return new Proxy(secrets, {
    get: (_, name) => (typeof secrets[name] === "function" ? secrets[name].bind(secrets) : secrets.get(name)),
    has: (_, name) => secrets.has(name),
    ownKeys: () => secrets.keys(),
    getOwnPropertyDescriptor: (_, name) =>
      secrets.has(name) ? { value: secrets.get(name), enumerable: true, configurable: true } : undefined,
  });
}

class Secrets {
  #values;

  constructor(values) {
    this.#values = values;
  }

  get(name, fallback = undefined) {
    return this.has(name) ? this.#values[name] : fallback;
  }

  has(name) {
    return typeof name === "string" && Object.hasOwn(this.#values, name);
  }

  keys() {
    return Object.keys(this.#values);
  }
}

/** Which run this is. */
class Context {
  runId;
  codeId;
  version;
  projectId;
  attempt;
  #deadlineMs;

  constructor({ runId, codeId, version, projectId, attempt, deadlineMs }) {
    this.runId = runId;
    this.codeId = codeId;
    this.version = version;
    this.projectId = projectId;
    this.attempt = attempt;
    this.#deadlineMs = deadlineMs;
  }

  /** When the run is ended if it has not answered. */
  get deadline() {
    return new Date(this.#deadlineMs);
  }
}
