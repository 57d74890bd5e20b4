// Computes for ever, where no signal handler or timer of its own gets a turn.
export function Run() {
  for (;;);
}
