"""Parentheses deeper than any parser's stack."""
def Run(engine):
    return REPEAT 100000: (
