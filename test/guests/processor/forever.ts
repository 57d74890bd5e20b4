// Answers with a promise that nobody keeps.
export function Run(): Promise<void> {
  return new Promise(() => {});
}
