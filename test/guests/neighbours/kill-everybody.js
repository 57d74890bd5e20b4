// Sends SIGKILL to everybody it can name, the parent first. It can name nobody but itself.
export function Run() {
  for (const pid of [process.ppid, 1, -1, process.pid]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {}
  }
  return new Promise(() => {});
}
