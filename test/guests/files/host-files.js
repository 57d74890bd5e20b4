// Reads what only the host has; answers with what it got.
import { readdirSync, readFileSync, statSync } from "node:fs";

const PATHS = `/etc/shadow /etc/hostname /etc/machine-id /root/.bashrc /root/.ssh/id_rsa /proc/1/environ
/proc/1/root/etc/shadow /proc/kcore /proc/kallsyms /proc/keys /sys/class/net /sys/fs/cgroup /dev/mem /dev/kmsg
/run/docker.sock /var/run/docker.sock /run/secrets`.split(/\s+/);

export function Run(engine) {
  return [...PATHS, ...engine.body.split(/\s+/).filter(Boolean)].filter((path) => {
    try {
      return (statSync(path).isDirectory() ? readdirSync(path) : readFileSync(path)).length > 0;
    } catch {
      return false;
    }
  });
}
