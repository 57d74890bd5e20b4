"""Lets a child compute for ever and waits for it."""
import os


def Run(engine):
    if os.fork() == 0:
        while True:
            pass
    os.wait()
