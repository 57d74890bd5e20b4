import type { EntityManager } from "@mikro-orm/postgresql";

/** Whoever looks for a free slug among the same ones waits for the transaction that did so before. */
export async function lockSlugs(em: EntityManager, among: string): Promise<void> {
  await em.execute("select pg_advisory_xact_lock(hashtext(?))", [`codeactions slugs ${among}`]);
}

/** A name as addresses use it: lower-case letters, digits and inner hyphens, 1 to 63 characters. */
export function slugOf(name: string): string {
  const plain = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 55)
    .replace(/-+$/, "");
  return plain === "" ? "unnamed" : plain;
}

/** The slug, or the first of `slug-2`, `slug-3` … that is not taken. */
export function freeSlug(slug: string, taken: ReadonlySet<string>): string {
  if (!taken.has(slug)) return slug;
  for (let number = 2; ; number++) {
    const candidate = `${slug}-${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}
