// Calls itself until the stack is gone.
export function Run(engine) {
  return Run(engine) + 1;
}
