"""Logs without end."""


def Run(engine):
    while True:
        engine.log.error("x" * 100)
