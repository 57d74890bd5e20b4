// Brackets deeper than any parser's stack.
export function Run() {
  return REPEAT 200000: [
}
