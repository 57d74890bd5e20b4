"""Computes for ever."""


def Run(engine):
    while True:
        pass
