/** The hosts that hold: of the lists given, from the narrowest to the widest, the first that names any. */
export function effectiveHosts(lists: readonly (readonly string[])[]): readonly string[] {
  return lists.find((hosts) => hosts.length > 0) ?? [];
}
