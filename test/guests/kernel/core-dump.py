"""Crashes in a way that writes its memory to a file, if it may."""
import os
import resource


def Run(engine):
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print("the limit was lifted")
    except (OSError, ValueError):
        pass
    os.abort()
