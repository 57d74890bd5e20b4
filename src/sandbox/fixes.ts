import type { WallName } from "./jail.ts";

/** What to do about a wall that does not hold, by where the service runs. */
export type Fix = Readonly<Partial<Record<"Debian" | "Docker" | "Kubernetes", string>>>;

/** For a program that is missing or too old. */
export const INSTALL: Fix = {
  Debian: "apt-get install -y bubblewrap util-linux (bubblewrap 0.8 or newer)",
  Docker: "in the image: RUN apt-get update && apt-get install -y bubblewrap util-linux",
  Kubernetes: "in the image: RUN apt-get update && apt-get install -y bubblewrap util-linux",
};

/**
 * Bubblewrap makes a user namespace and mounts things in it: the profiles that containers get by default forbid that,
 * and a new /proc is refused where the old one is covered in parts (containers/bubblewrap issues 284 and 505).
 * On Kubernetes an unmasked /proc needs a pod with a user namespace. None of the Kubernetes lines was tried by us.
 */
const UNCONFINED: Fix = {
  Debian:
    "sysctl -w kernel.unprivileged_userns_clone=1; on Ubuntu sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
  Docker:
    "--privileged --cgroupns=private; or --security-opt seccomp=unconfined --security-opt apparmor=unconfined",
  Kubernetes: "(untried) securityContext: seccompProfile and appArmorProfile of type Unconfined",
};

const UNMASKED: Fix = {
  Debian: "mount nothing over parts of /proc, or waive the wall",
  Docker: "--privileged --cgroupns=private; or --security-opt systempaths=unconfined",
  Kubernetes: "(untried) hostUsers: false on the pod, and securityContext: procMount: Unmasked",
};

export const FIXES: Readonly<Record<WallName, Fix>> = {
  cgroup: {
    Debian: "run as root, or under systemd with Delegate=yes (systemd-run --property=Delegate=yes …)",
    Docker:
      "--privileged --cgroupns=private; or, with cgroup v2, (untried) --security-opt writable-cgroups=true",
    Kubernetes:
      "(untried) cgroup_writable = true for containerd's runtime, or CRI-O's annotation io.kubernetes.cri-o.cgroup2-mount-hierarchy-rw",
  },
  rlimits: {
    Debian: "raise the service's own hard limits: LimitNOFILE= in its unit, ulimit -Hn",
    Docker: "--ulimit nofile=65536",
    Kubernetes: "(untried) raise the limits of the node's container runtime",
  },
  user: {
    Debian: "run the service as root, so that every jail gets a user of its own",
    Docker: "no --user, and keep the capabilities SETUID, SETGID and SETPCAP",
    Kubernetes: "(untried) runAsUser: 0 with hostUsers: false on the pod; keep SETUID, SETGID and SETPCAP",
  },
  namespaces: UNCONFINED,
  nesting: UNMASKED,
  network: UNCONFINED,
  root: UNCONFINED,
  processes: UNMASKED,
  devices: UNCONFINED,
  environment: INSTALL,
  seccomp: {
    Debian: "a kernel with CONFIG_SECCOMP_FILTER, on x86-64 or arm64",
    Docker: "the host's kernel needs CONFIG_SECCOMP_FILTER, on x86-64 or arm64",
    Kubernetes: "(untried) the node's kernel needs CONFIG_SECCOMP_FILTER, on x86-64 or arm64",
  },
};
