"""Lifts the limits it was given. Answers with those that went."""
import resource


def Run(engine):
    got = []
    for name in ("RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CORE"):
        limit = getattr(resource, name)
        _, most = resource.getrlimit(limit)
        try:
            resource.setrlimit(limit, (most + 1, most + 1))
            got.append(name)
        except (OSError, ValueError):
            pass
    return got
