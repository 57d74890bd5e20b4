// Takes memory until there is none, past the heap of V8.
export function Run() {
  const kept = [];
  for (;;) kept.push(Buffer.alloc(1 << 20, 1));
}
