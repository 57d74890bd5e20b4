// Prints without end.
export function Run() {
  for (;;) console.log("x".repeat(100));
}
