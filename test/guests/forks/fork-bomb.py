"""Doubles itself for ever. The group's limit of processes holds, and the time-out ends all of them."""
import os


def Run(engine):
    while True:
        try:
            os.fork()
        except OSError:
            pass
