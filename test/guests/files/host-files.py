"""Reads what only the host has; answers with what it got."""
import os

PATHS = """/etc/shadow /etc/hostname /etc/machine-id /root/.bashrc /root/.ssh/id_rsa /home/../root /var/log /var/lib
/proc/1/environ /proc/1/root/etc/shadow /proc/self/root/root /proc/kcore /proc/kallsyms /proc/keys /proc/modules
/proc/sched_debug /proc/timer_list /proc/diskstats /proc/partitions /proc/cmdline /proc/sysrq-trigger /proc/config.gz
/sys/class/net /sys/fs/cgroup /sys/kernel /dev/mem /dev/kmsg /dev/sda /dev/vda /dev/nvme0n1 /dev/fuse /dev/kvm
/run/docker.sock /var/run/docker.sock /run/secrets /run/systemd""".split()


def Run(engine):
    found = []
    for path in PATHS + engine.body.split():
        try:
            if os.path.isdir(path):
                found += [path] if os.listdir(path) else []
            else:
                with open(path, "rb") as file:
                    found += [path] if file.read(1).strip(b"\0") else []
        except OSError:
            pass
    return found
