/** How many calls are under way at once where many are to be made. */
const CALLS_MAX = 4;

/** Does work for each of many things, a few at once, and answers in their order. The first failure ends it. */
export async function atOnce<Thing, Result>(
  things: readonly Thing[],
  work: (thing: Thing) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = things.entries();
  const workers = Array.from({ length: Math.min(CALLS_MAX, things.length) }, async () => {
    for (const [index, thing] of waiting) results[index] = await work(thing);
  });
  await Promise.all(workers);
  return results;
}
