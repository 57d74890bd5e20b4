import { isIP } from "node:net";
import { fieldInvalid } from "../core/errors.ts";
import { findForbidden, parseRanges, type Ranges, readHost, writeTarget } from "../sandbox/egress/rules.ts";
import { targetOf } from "./callback-post.ts";
import { requireHost } from "./egress-hosts.ts";

const URL_CHARACTERS_MAX = 2_048;

/** The operator's word on where callbacks may go. */
export interface CallbackSettings {
  /** Whether http:// addresses are allowed, too. */
  readonly callbackHttp: boolean;
  readonly egressRanges: readonly string[];
  readonly egressHostsCeiling: readonly string[];
}

/** Where callbacks may go: nowhere that codes could not. What a name means is looked up when it is connected to. */
export class CallbackRules {
  readonly #schemes: readonly string[];
  readonly #ranges: Ranges;
  readonly #hostsCeiling: readonly string[];

  constructor({ callbackHttp, egressRanges, egressHostsCeiling }: CallbackSettings) {
    this.#schemes = callbackHttp ? ["https", "http"] : ["https"];
    this.#ranges = parseRanges(egressRanges);
    this.#hostsCeiling = egressHostsCeiling;
  }

  /** Refuses an address that is wrong or forbidden, as the field `callback.url`. */
  require(text: string): void {
    const problem = this.#problemOf(text);
    if (problem !== undefined) throw fieldInvalid("callback.url", problem);
    requireHost(writeTarget(targetOf(new URL(text))), "callback.url", this.#hostsCeiling);
  }

  #problemOf(text: string): string | undefined {
    const accepted = `accepted are addresses such as ${this.#schemes.map((scheme) => `${scheme}://example.org/hook`).join(" and ")}`;
    if (text.length > URL_CHARACTERS_MAX) return `longer than ${URL_CHARACTERS_MAX} characters`;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined) return `not an address; ${accepted}`;
    if (!this.#schemes.includes(url.protocol.slice(0, -1)))
      return `${url.protocol}// is not allowed here; ${accepted}`;
    if (url.username !== "" || url.password !== "") return `has a user name or a password; ${accepted}`;
    const host = readHost(url.hostname);
    if (host === undefined) return `has no host that could be looked up; ${accepted}`;
    const kind = isIP(host) === 0 ? undefined : findForbidden(host, this.#ranges);
    return kind === undefined ? undefined : `leads to ${kind}, which cannot be reached from here`;
  }
}
