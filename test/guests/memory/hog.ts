// Takes memory until there is none, on the heap of V8.
export function Run(): never {
  const kept: string[][] = [];
  for (;;) kept.push(Array.from({ length: 10_000 }, (_, n) => `${n} ${Math.random()}`));
}
