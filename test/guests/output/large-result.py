"""Answers with more than an answer may be."""


def Run(engine):
    return "x" * (16 << 20)
