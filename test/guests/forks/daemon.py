"""Leaves a daemon behind and answers. The answer counts, and the worker ends with its daemon."""
import os
import time


def Run(engine):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                time.sleep(1)
        os._exit(0)
    os.wait()
    return "answered"
