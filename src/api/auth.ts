import { Refusal } from "../core/errors.ts";
import type { Caller } from "../services/access.ts";
import type { Projects } from "../services/projects.ts";
import { MISSING_TOKEN } from "./handlers.ts";

/** Longer than any token of ours; what exceeds it is refused without being hashed. */
const HEADER_CHARACTERS_MAX = 4096;

/** Who sends this `Authorization` header. Refuses what is missing, malformed or not (any more) a token. */
export async function authenticate(
  projects: Projects,
  authorization: string | null | undefined,
): Promise<Caller> {
  if (!authorization) throw new Refusal("TOKEN_MISSING", MISSING_TOKEN);
  const secret = /^(?:Bearer|Token) +(\S+)$/i.exec(authorization.slice(0, HEADER_CHARACTERS_MAX))?.[1];
  if (secret === undefined)
    throw new Refusal("TOKEN_INVALID", "the Authorization header is not of the form `Bearer …`");
  return projects.authenticate(secret);
}
