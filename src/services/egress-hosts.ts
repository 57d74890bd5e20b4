import { WrongSettings } from "../core/config.ts";
import { fieldInvalid, Refusal } from "../core/errors.ts";
import { coversPattern, type HostPattern, parseHostPattern, RuleProblem } from "../sandbox/egress/rules.ts";

/** The operator's word on hosts. */
export interface HostSettings {
  /** Of codes that name none, in projects that name none. */
  readonly egressHosts: readonly string[];
  /** The only ones that may be named; every public one if empty. */
  readonly egressHostsCeiling: readonly string[];
}

/** The hosts that hold: of the lists given, from the narrowest to the widest, the first that names any. */
export function effectiveHosts(lists: readonly (readonly string[])[]): readonly string[] {
  return lists.find((hosts) => hosts.length > 0) ?? [];
}

/** Refuses what is no pattern, and what the operator does not let codes reach. An empty ceiling is none. */
export function requireHosts(
  hosts: readonly string[] | undefined,
  field: string,
  ceiling: readonly string[],
): void {
  hosts?.forEach((text, index) => {
    requireHost(text, `${field}[${index}]`, ceiling);
  });
}

/** The same for one host. */
export function requireHost(text: string, field: string, ceiling: readonly string[]): void {
  const pattern = readPattern(text, field);
  if (ceiling.length === 0 || ceiling.some((wider) => coversPattern(parseHostPattern(wider), pattern)))
    return;
  const setting = "CODEACTIONS_EGRESS_HOSTS_CEILING";
  const description = `${text} is not among what this service lets codes reach: ${ceiling.join(", ")}`;
  throw new Refusal(
    "ABOVE_CEILING",
    `${field}: ${description}; ask the operator for a wider ${setting}`,
    { field, setting, ceiling: ceiling.join(",") },
    { fields: [{ field, description }] },
  );
}

/** Throws, naming the variable, what is wrong with the operator's own lists. */
export function requireHostSettings({ egressHosts, egressHostsCeiling }: HostSettings): void {
  requireSetting("CODEACTIONS_EGRESS_HOSTS_CEILING", egressHostsCeiling, []);
  requireSetting("CODEACTIONS_EGRESS_HOSTS", egressHosts, egressHostsCeiling);
}

function requireSetting(variable: string, hosts: readonly string[], ceiling: readonly string[]): void {
  try {
    requireHosts(hosts, variable, ceiling);
  } catch (error) {
    throw error instanceof Refusal ? new WrongSettings(error.message) : error;
  }
}

function readPattern(text: string, field: string): HostPattern {
  try {
    return parseHostPattern(text);
  } catch (error) {
    if (error instanceof RuleProblem) throw fieldInvalid(field, error.message);
    throw error;
  }
}
