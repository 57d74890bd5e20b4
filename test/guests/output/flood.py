"""Prints without end."""


def Run(engine):
    while True:
        print("x" * 100)
