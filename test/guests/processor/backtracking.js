// A pattern that takes longer than the universe has.
export function Run() {
  return /^(a+)+$/.test(`${"a".repeat(64)}!`);
}
