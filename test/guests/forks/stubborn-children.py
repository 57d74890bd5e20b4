"""Leaves children that ignore every polite signal, in sessions of their own, and never answers. All of them end."""
import os
import signal
import time


def Run(engine):
    for number in range(1, signal.NSIG):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    for _ in range(8):
        if os.fork() == 0:
            os.setsid()
            if os.fork() != 0:
                os._exit(0)
            while True:
                time.sleep(1)
    while True:
        time.sleep(1)
